import { median } from '../engine/base/statistics.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import { meetsAll } from './constraint.ts';
import { dimensionsOf, paretoFront, type SoughtFigures } from './objective.ts';
import { soughtFigures, trialFigures } from './observation.ts';
import type { Constraint } from './run-record.ts';

/** An arm of the front with its figures in the search, the median of each. */
export interface FrontArm extends SoughtFigures {
  readonly armKey: string;
}

/**
 * What the search measured that meets the constraints in every trial, and that no
 * other arm beats in throughput, memory and, where a sensor tells it, energy: the
 * fastest first.
 */
export function frontOf(
  trials: readonly TrialRecord[],
  constraints: readonly Constraint[],
): FrontArm[] {
  const completed = trials.filter(
    (trial): trial is CompletedTrial =>
      trial.state === 'completed' && trial.purpose.kind === 'search',
  );
  const arms = [...Map.groupBy(completed, ({ armKey }) => armKey)].flatMap(([armKey, own]) =>
    own.every((trial) => meetsAll(trialFigures(trial), constraints))
      ? [{ armKey, ...typicalFigures(own) }]
      : [],
  );
  return paretoFront(arms, dimensionsOf).sort((a, b) => b.qps - a.qps);
}

/** The figures of several trials of one arm, the median of each; energy of those that tell it. */
export function typicalFigures(trials: readonly CompletedTrial[]): SoughtFigures {
  const figures = trials.map(({ metrics }) => soughtFigures(metrics));
  const typical = (of: (one: SoughtFigures) => number): number => median(figures.map(of));
  const energies = figures.flatMap(({ energy }) =>
    energy.state === 'unavailable' ? [] : [energy],
  );
  const [first] = energies;
  return {
    qps: typical(({ qps }) => qps),
    p99Ms: typical(({ p99Ms }) => p99Ms),
    memoryBytes: typical(({ memoryBytes }) => memoryBytes),
    energy:
      first === undefined
        ? (figures[0]?.energy ?? { state: 'unavailable', reason: 'nothing was measured' })
        : { ...first, value: median(energies.map(({ value }) => value)) },
  };
}
