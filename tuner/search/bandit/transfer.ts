import type { KnobValue, Prior, SearchArm, SearchSpace } from '../searcher.ts';
import { normalQuantile } from './normal.ts';

/** Measured arms below which agreement says nothing. */
const LEAST_ARMS = 4;
/** Agreement must lie this many standard errors above chance: 10 % of strangers do. */
const BEYOND_CHANCE = 1.28;
/** Weight of the belief that a host of no slope is as likely: a ridge, in arms. */
const RIDGE = 2;

/** What another host says of the arms of this one: a normal score each, 0 where it says nothing. */
export type Opinion = Float64Array;

const kept = new WeakMap<readonly Prior[], { space: SearchSpace; opinions: Opinion[] }>();

/**
 * The order of arms on each other host as normal scores, (rank - 0.5) / n through the
 * normal quantile (Salinas, Shen and Perrone 2020): what transfers between hosts is the
 * order, neither the level nor the distances.
 */
export function opinionsOf(space: SearchSpace, priors: readonly Prior[]): readonly Opinion[] {
  const known = kept.get(priors);
  if (known?.space === space) return known.opinions;
  const opinions = priors.map((prior) => opinionOf(space, prior));
  kept.set(priors, { space, opinions });
  return opinions;
}

function opinionOf(space: SearchSpace, prior: Prior): Opinion {
  const names = space.knobs.map((knob) => knob.name);
  const scores = new Map<string, number>();
  // Several arms that differ in knobs unknown here: the best stands for them.
  for (const { arm, score } of prior.scores) {
    const identity = identify(arm, names);
    scores.set(identity, Math.max(score, scores.get(identity) ?? 0));
  }
  const found = space.arms.map((arm) => scores.get(identify(arm, names)));
  const ranked = [...found.keys()]
    .filter((arm) => found[arm] !== undefined)
    .sort((a, b) => (found[a] as number) - (found[b] as number));
  const opinion = new Float64Array(space.arms.length);
  for (const [rank, arm] of ranked.entries()) {
    opinion[arm] = normalQuantile((rank + 0.5) / ranked.length);
  }
  return opinion;
}

/** Arms of the same values are the same, whatever their keys are. */
function identify({ values }: SearchArm, names: readonly string[]): string {
  return JSON.stringify(names.map((name): KnobValue | null => values[name] ?? null));
}

/** A measured arm, and what the known effects leave of its log score. */
export interface Residual {
  readonly arm: number;
  readonly score: number;
  readonly residual: number;
}

/**
 * What the other hosts add to the expected log score of each arm: their opinions,
 * weighted by how far their order agrees with this host's beyond chance, and scaled by
 * one slope fitted to what is measured. Null when none agrees.
 */
export function transferredMean(
  opinions: readonly Opinion[],
  measured: readonly Residual[],
): Float64Array | null {
  if (measured.length < LEAST_ARMS) return null;
  const scores = measured.map((one) => one.score);
  const weights = opinions.map((opinion) =>
    weightOf(
      kendallTau(
        scores,
        measured.map((one) => opinion[one.arm] as number),
      ),
      scores.length,
    ),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return null;
  const shared = (opinions[0] as Opinion).map((_, arm) =>
    opinions.reduce(
      (sum, opinion, at) => sum + ((weights[at] as number) / total) * (opinion[arm] as number),
      0,
    ),
  );
  const slope = slopeOf(measured, shared) * Math.max(...weights);
  return shared.map((value) => slope * value);
}

/** The share of what agreement lies beyond chance: 0 for strangers, 1 for the same order. */
function weightOf(tau: number, count: number): number {
  const chance = BEYOND_CHANCE * Math.sqrt((2 * (2 * count + 5)) / (9 * count * (count - 1)));
  return Math.max(0, (tau - chance) / (1 - chance));
}

/** Kendall's rank correlation (tau-a): concordant less discordant pairs, as a share of all. */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      sum += Math.sign(
        ((a[i] as number) - (a[j] as number)) * ((b[i] as number) - (b[j] as number)),
      );
    }
  }
  return sum / ((a.length * (a.length - 1)) / 2);
}

/** Ridge regression of the residuals on the opinion, both about their means; never against it. */
function slopeOf(measured: readonly Residual[], opinion: Float64Array): number {
  const count = measured.length;
  const x = measured.map((one) => opinion[one.arm] as number);
  const y = measured.map((one) => one.residual);
  const meanX = x.reduce((sum, value) => sum + value, 0) / count;
  const meanY = y.reduce((sum, value) => sum + value, 0) / count;
  let [covariance, variance] = [0, RIDGE];
  for (const [i, value] of x.entries()) {
    covariance += (value - meanX) * ((y[i] as number) - meanY);
    variance += (value - meanX) ** 2;
  }
  return Math.max(0, covariance / variance);
}

/** The best arm by all opinions together, then by each alone: where a host begins that knows nothing. */
export function advisedArms(space: SearchSpace, priors: readonly Prior[]): SearchArm[] {
  const opinions = opinionsOf(space, priors);
  if (opinions.length === 0) return [];
  const together = Float64Array.from(space.arms.keys(), (arm) =>
    opinions.reduce((sum, opinion) => sum + (opinion[arm] as number), 0),
  );
  const best = (opinion: Opinion): SearchArm =>
    space.arms[opinion.indexOf(Math.max(...opinion))] as SearchArm;
  return [...new Set([together, ...opinions].map(best))];
}
