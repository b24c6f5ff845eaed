import { createRandom, type Random } from '../../engine/base/random.ts';
import { blockLogRatio, planBlocks } from '../../suites/comparison/blocks.ts';
import type { BlockLogRatios } from '../../suites/comparison/decide.ts';

/** How a simulated machine disturbs what is measured on it. */
export interface MachineNoise {
  /** Standard deviation of one trial's logarithm. */
  readonly trialSd: number;
  /** Correlation of neighbouring trials (a first-order autoregression). */
  readonly correlation: number;
  /** By how much the logarithm drifts, linearly, from the first to the last trial. */
  readonly drift: number;
  /** By how much the logarithm steps, up or down, at a trial drawn at random. */
  readonly step: number;
}

/**
 * Trials that scatter by 2 % and resemble their neighbours, on a machine that drifts by
 * 3 % while the series runs and steps by 5 % once.
 */
export const TROUBLED_MACHINE: MachineNoise = Object.freeze({
  trialSd: 0.02,
  correlation: 0.3,
  drift: 0.03,
  step: 0.05,
});

export interface SimulatedSeries {
  readonly blocks: number;
  /** log(B / A) in truth; 0 for A against itself. */
  readonly logRatio: number;
  readonly noise: MachineNoise;
  readonly seed: number;
}

/** Throughput log-ratios of interleaved blocks, as the harness measures them. */
export function interleavedSeries(series: SimulatedSeries): BlockLogRatios[] {
  const orders = planBlocks(series.blocks, series.seed);
  const noise = disturbances(4 * series.blocks, series);
  return orders.map((order, block) => {
    const values = order
      .split('')
      .map((side, place) =>
        Math.exp((noise[4 * block + place] ?? 0) + (side === 'B' ? series.logRatio : 0)),
      );
    return { throughput: blockLogRatio(order, values as [number, number, number, number]) };
  });
}

/**
 * The same trials with all of A before all of B: what the harness must not do. Each
 * "block" takes the next two trials of either side.
 */
export function sequentialSeries(series: SimulatedSeries): BlockLogRatios[] {
  const noise = disturbances(4 * series.blocks, series);
  const pairMean = (index: number): number =>
    ((noise[2 * index] ?? 0) + (noise[2 * index + 1] ?? 0)) / 2;
  return Array.from({ length: series.blocks }, (_, block) => ({
    throughput: pairMean(series.blocks + block) - pairMean(block) + series.logRatio,
  }));
}

/** What the machine adds to the logarithm of each trial. */
function disturbances(trials: number, { noise, seed }: SimulatedSeries): number[] {
  const random = createRandom(seed, 'machine noise');
  const step = (random.next() < 0.5 ? -1 : 1) * noise.step;
  const stepAt = random.integer(trials);
  const drift = (random.next() < 0.5 ? -1 : 1) * noise.drift;
  return correlated(trials, noise, random).map(
    (value, trial) => value + (drift * trial) / (trials - 1) + (trial >= stepAt ? step : 0),
  );
}

function correlated(trials: number, noise: MachineNoise, random: Random): number[] {
  // Begun from its stationary distribution, so that every trial has the same variance.
  let last = random.normal();
  const fresh = Math.sqrt(1 - noise.correlation ** 2);
  return Array.from({ length: trials }, () => {
    const value = noise.trialSd * last;
    last = noise.correlation * last + fresh * random.normal();
    return value;
  });
}
