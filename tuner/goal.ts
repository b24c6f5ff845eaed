import { createRandom } from '../engine/base/random.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import { typicalFigures } from './front.ts';
import { chebyshevScore, dimensionsOf, scoreOf, type SoughtFigures } from './objective.ts';
import type { RunRecord } from './run-record.ts';

export type Score = (figures: SoughtFigures) => number | null;

/**
 * How trials are scored for the next question to the searcher. A front is looked at
 * from another side with every trial, drawn by the seed; until the default was measured,
 * against which the sides are weighed, all trials are scored by what is picked.
 */
export function steeringScore(
  run: RunRecord,
  searched: readonly TrialRecord[],
  defaultKey: string,
): Score {
  const base = run.objective === 'pareto' ? baseFigures(searched, defaultKey) : null;
  if (base === null) return (figures) => scoreOf(figures, run);
  const weights = frontWeights(run.seed, searched.length, dimensionsOf(base).length);
  return (figures) => chebyshevScore(figures, base, weights);
}

/** Weights drawn evenly from the simplex (normalized exponentials: Devroye 1986, XI.4). */
function frontWeights(seed: number, step: number, count: number): number[] {
  const random = createRandom(seed, `front ${step}`);
  const draws = Array.from({ length: count }, () => -Math.log(1 - random.next()));
  const sum = draws.reduce((total, draw) => total + draw, 0);
  return draws.map((draw) => draw / sum);
}

/** The default's figures; null before it was measured. */
function baseFigures(trials: readonly TrialRecord[], defaultKey: string): SoughtFigures | null {
  const own = trials.filter(
    (trial): trial is CompletedTrial => trial.state === 'completed' && trial.armKey === defaultKey,
  );
  return own.length === 0 ? null : typicalFigures(own);
}
