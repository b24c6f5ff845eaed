import type { Belief, Candidate } from './belief.ts';
import { normalCdf } from './normal.ts';

/** Arms between which the choice is made. */
const CONTENDERS = 12;

/**
 * What measuring a candidate once more is worth: the expected growth of the best
 * posterior mean (the knowledge gradient for correlated beliefs; Frazier, Powell and
 * Dayanik 2009), over a grid of what the measurement may say.
 */
export function knowledgeGradient(
  belief: Belief,
  candidate: Candidate,
  contenders: readonly Candidate[],
): number {
  const { noiseSd } = belief.score.model.noise;
  const scale = Math.sqrt(candidate.variance + noiseSd ** 2);
  const choices = contenders.some((one) => one.arm === candidate.arm)
    ? contenders
    : [...contenders, candidate];
  const slopes = choices.map((one) => belief.covariance(one, candidate) / scale);
  const best = Math.max(...contenders.map((one) => one.mean));
  let sum = 0;
  for (const z of NORMAL_GRID) {
    let most = -Infinity;
    for (const [at, one] of choices.entries()) {
      most = Math.max(most, one.mean + z * (slopes[at] as number));
    }
    sum += most;
  }
  return sum / NORMAL_GRID.length - best;
}

/** Quantiles of the standard normal at (i + 0.5) / 31, by bisection of the expected order. */
const NORMAL_GRID = Array.from({ length: 31 }, (_, i) => normalQuantile((i + 0.5) / 31));

function normalQuantile(p: number): number {
  let [low, high] = [-10, 10];
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export function contendersOf(candidates: readonly Candidate[]): Candidate[] {
  return candidates.toSorted((a, b) => b.mean - a.mean).slice(0, CONTENDERS);
}
