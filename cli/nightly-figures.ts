import { mean, median } from '../engine/base/statistics.ts';
import { comparedFigure } from '../suites/comparison/compare-trials.ts';
import type { ComparedMetric } from '../suites/comparison/margins.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import {
  checkConstraint,
  describeConstraint,
  wattsOf,
  type ConstrainedFigures,
} from '../tuner/constraint.ts';
import type { NightMeasurement } from '../tuner/nightly/night-record.ts';
import type { Constraint } from '../tuner/run-record.ts';

/** The trials of one side of a measurement that count. */
export function completedOf(trials: readonly TrialRecord[], side: 'a' | 'b'): CompletedTrial[] {
  return trials.filter(
    (trial) =>
      trial.state === 'completed' &&
      trial.purpose.kind === 'compare' &&
      trial.purpose.side === side,
  ) as CompletedTrial[];
}

/** Geometric mean of a metric over trials, in its own unit; NaN where none has it. */
export function levelOf(trials: readonly CompletedTrial[], metric: ComparedMetric): number {
  const logs = trials.flatMap((trial) => {
    const value = comparedFigure(trial, metric);
    return value === null ? [] : [Math.log(value)];
  });
  return logs.length === 0 ? Number.NaN : Math.exp(mean(logs));
}

/** The constraints that a side's figures break, each figure being the median of its trials. */
export function brokenBounds(
  trials: readonly CompletedTrial[],
  constraints: readonly Constraint[],
): NightMeasurement['broken'] {
  const figures = medianFigures(trials);
  return constraints
    .map((constraint) => checkConstraint(figures, constraint))
    .filter(({ met }) => !met)
    .map(({ constraint, text }) => ({ bound: describeConstraint(constraint), text }));
}

function medianFigures(trials: readonly CompletedTrial[]): ConstrainedFigures {
  const all = trials.map(({ metrics }) => metrics);
  const known = (values: readonly (number | undefined)[]): number | undefined => {
    const numbers = values.filter((value) => value !== undefined);
    return numbers.length === 0 ? undefined : median(numbers);
  };
  const latency = (percentile: 'p50' | 'p90' | 'p95' | 'p99'): number =>
    median(all.map(({ latencyMs }) => latencyMs[percentile]));
  return {
    latencyMs: {
      p50: latency('p50'),
      p90: latency('p90'),
      p95: latency('p95'),
      p99: latency('p99'),
    },
    memoryBytes: median(all.map(({ memoryBytes }) => memoryBytes)),
    accuracy: known(all.map(({ quality }) => quality.accuracy?.value)),
    watts: known(all.map(({ energyJPerInference }) => wattsOf(energyJPerInference))),
  };
}

/** Facts about the machine from the last trial that has them: what may explain a change. */
export function environmentFacts(trials: readonly TrialRecord[]): Record<string, string> {
  const environment = trials.findLast((trial) => trial.environment !== null)?.environment ?? null;
  if (environment === null) return {};
  const { cpu, controlGroup, hypervisor } = environment;
  const facts = {
    governor: cpu.governor,
    microcode: cpu.microcode,
    boost: cpu.boost,
    SMT: cpu.smt,
    affinity: cpu.affinity,
    'CPU quota': controlGroup.quotaCores,
    hypervisor,
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, fact]) =>
      fact.state === 'known' ? [[name, String(fact.value ?? 'none')]] : [],
    ),
  );
}
