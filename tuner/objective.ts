import { z } from 'zod';
import type { TrialMetrics } from '../suites/trial-record.ts';

/** What is sought: throughput, a short p99, joules or money an inference, or a trade of several. */
export const OBJECTIVES = ['qps', 'latency', 'energy', 'cost', 'pareto'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** Which arm of a Pareto front ships. */
export const PICKS = ['knee', 'throughput', 'memory', 'energy'] as const;
export type Pick = (typeof PICKS)[number];

export const pricesSchema = z.strictObject({
  /** Of a kilowatt-hour; null: electricity is not counted. */
  perKwh: z.number().nullable(),
  /** Of the machine; null: it is not counted. */
  capex: z.number().nullable(),
  lifeYears: z.number().positive(),
});
export type Prices = Readonly<z.infer<typeof pricesSchema>>;

export interface Goal {
  readonly objective: Objective;
  /** For `pareto`. */
  readonly pick: Pick;
  /** For `cost`; null elsewhere. */
  readonly prices: Prices | null;
}

/** The figures of one or several trials that a goal may look at. */
export interface SoughtFigures {
  readonly qps: number;
  readonly p99Ms: number;
  readonly memoryBytes: number;
  readonly energy: TrialMetrics['energyJPerInference'];
}

const SECONDS_A_YEAR = 365.25 * 24 * 3600;
const JOULES_A_KWH = 3.6e6;

/**
 * How good figures are: positive, twice as good is twice as high. Null where a
 * figure that the goal needs is missing. Of a front, the knee is the arm with the
 * largest product of what is sought, which is the same whatever the units.
 */
export function scoreOf(figures: SoughtFigures, goal: Goal): number | null {
  switch (goal.objective) {
    case 'qps':
      return figures.qps;
    case 'latency':
      return 1000 / figures.p99Ms;
    case 'energy':
      return perJoule(figures);
    case 'cost': {
      const cost = costPerInference(figures, goal.prices);
      return cost === null ? null : 1 / cost;
    }
    case 'pareto':
      return pickScore(figures, goal.pick);
  }
}

function perJoule({ energy }: SoughtFigures): number | null {
  return energy.state === 'unavailable' ? null : 1 / energy.value;
}

function pickScore(figures: SoughtFigures, pick: Pick): number | null {
  switch (pick) {
    case 'throughput':
      return figures.qps;
    case 'memory':
      return 1 / figures.memoryBytes;
    case 'energy':
      return perJoule(figures);
    case 'knee':
      return dimensionsOf(figures).reduce((product, value) => product * value, 1);
  }
}

/** What a front trades, each the higher the better: energy where a sensor tells it. */
export function dimensionsOf(figures: SoughtFigures): number[] {
  const joules = perJoule(figures);
  return [figures.qps, 1 / figures.memoryBytes, ...(joules === null ? [] : [joules])];
}

/**
 * Money an inference: the machine's price over its life, and the energy. Null
 * where electricity counts and no sensor tells the power.
 */
function costPerInference(figures: SoughtFigures, prices: Prices | null): number | null {
  if (prices === null) throw new Error('the objective cost needs prices');
  const machine =
    prices.capex === null ? 0 : prices.capex / (prices.lifeYears * SECONDS_A_YEAR) / figures.qps;
  if (prices.perKwh === null) return machine;
  if (figures.energy.state === 'unavailable') return null;
  return machine + (figures.energy.value / JOULES_A_KWH) * prices.perKwh;
}

/** Whether trials must tell the power for the goal to be judged. */
export function needsPower({ objective, pick, prices }: Goal): boolean {
  if (objective === 'energy') return true;
  if (objective === 'cost') return prices !== null && prices.perKwh !== null;
  return objective === 'pareto' && pick === 'energy';
}

/**
 * A point of view on a front for one step of the search: weights that sum to one.
 * Steps with other weights find other parts of the front (random scalarizations:
 * Knowles 2006; the weighted maximum reaches also where the front is not convex).
 * `figures` and `base` are the arm's and the default's.
 */
export function chebyshevScore(
  figures: SoughtFigures,
  base: SoughtFigures,
  weights: readonly number[],
): number {
  const reference = dimensionsOf(base);
  const gains = dimensionsOf(figures).map((value, i) => Math.log(value / (reference[i] ?? value)));
  // Weighted shortfall from a point ten times as good in everything.
  const worst = Math.max(...gains.map((gain, i) => (weights[i] ?? 0) * (UTOPIA - gain)));
  const sum = gains.reduce((total, gain, i) => total + (weights[i] ?? 0) * (UTOPIA - gain), 0);
  return Math.exp(-(worst + AUGMENTATION * sum));
}

const UTOPIA = Math.log(10);
/** Knowles' constant: prefers, of two arms alike in their worst, the one better elsewhere. */
const AUGMENTATION = 0.05;

/** In words, of what a ratio of scores is: `2 times the default's throughput`. */
export function soughtName({ objective, pick }: Goal): string {
  switch (objective) {
    case 'qps':
      return 'throughput';
    case 'latency':
      return 'speed at p99';
    case 'energy':
      return 'inferences a joule';
    case 'cost':
      return 'inferences for the money';
    case 'pareto':
      return pick === 'knee' ? 'product of throughput and thrift' : pick;
  }
}

/** Arms that no other beats or equals in every dimension. O(arms^2). */
export function paretoFront<T>(arms: readonly T[], dimensions: (arm: T) => readonly number[]): T[] {
  const points = arms.map((arm) => dimensions(arm));
  return arms.filter((_, index) => {
    const own = points[index] ?? [];
    return !points.some((other, at) => at !== index && dominates(other, own, at < index));
  });
}

/** Of equal arms the first stays. */
function dominates(a: readonly number[], b: readonly number[], isFirst: boolean): boolean {
  const noWorse = a.every((value, i) => value >= (b[i] ?? 0));
  return noWorse && (isFirst || a.some((value, i) => value > (b[i] ?? 0)));
}
