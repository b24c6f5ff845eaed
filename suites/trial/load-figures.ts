import {
  coefficientOfVariation,
  countModes,
  halfToHalfRatio,
  lagOneAutocorrelation,
} from '../../engine/base/series.ts';
import { mean, meanInterval, quantileOfSorted } from '../../engine/base/statistics.ts';
import type { TrialMetrics } from '../trial-record.ts';
import { latencyFigures } from './latency-figures.ts';
import type { FinishedLoad } from './drive-load.ts';

/** Windows that a load is divided into where it is long enough for that. */
const WINDOWS = 10;
/** With fewer queries a half or a mode is an accident. */
const LEAST_FOR_SHAPE = 50;
const LEAST_IN_WINDOW = 5;

/** What the samples of a load say. O(n log n). */
export function loadFigures(
  load: FinishedLoad,
  options: { readonly samplesPerQuery: number; readonly frequenciesMhz: readonly number[] },
): Pick<
  TrialMetrics,
  'qps' | 'qpsWithin' | 'latencyMs' | 'stability' | 'generatorLagMs' | 'samples' | 'elapsedMs'
> {
  const windows = divide(load);
  const { samplesPerQuery } = options;
  const latencies = Array.from(load.latenciesMs);
  const isEnough = latencies.length >= LEAST_FOR_SHAPE;
  return {
    qps: load.queriesPerSecond * samplesPerQuery,
    qpsWithin: within(windows, load, samplesPerQuery),
    latencyMs: latencyFigures(load.latenciesMs),
    stability: {
      lagOne: lagOneAutocorrelation(windows.map((window) => window.meanMs)),
      halves: isEnough ? halfToHalfRatio(latencies) : null,
      modes: isEnough ? countModes(load.latenciesMs) : null,
      frequencyCv: coefficientOfVariation(options.frequenciesMhz),
    },
    generatorLagMs: lagFigures(load.lagsMs),
    samples: answered(load) * samplesPerQuery,
    elapsedMs: load.elapsedMs,
  };
}

/** The latencies of what was left unanswered are lower bounds; after giving up there are none. */
function answered({ latenciesMs, unanswered, gaveUp }: FinishedLoad): number {
  return latenciesMs.length - (gaveUp ? 0 : unanswered);
}

interface Window {
  readonly count: number;
  readonly meanMs: number;
}

/** Equal spans of time, in order; none when they would hold too few queries each. */
function divide(load: FinishedLoad): Window[] {
  const spanMs = load.elapsedMs / WINDOWS;
  const members: number[][] = Array.from({ length: WINDOWS }, () => []);
  for (const [index, completed] of load.completedMs.entries()) {
    // A window has its end: the load ends with a completion.
    const window = Math.min(WINDOWS, Math.max(1, Math.ceil(completed / spanMs))) - 1;
    members[window]?.push(load.latenciesMs[index] as number);
  }
  if (members.some((latencies) => latencies.length < LEAST_IN_WINDOW)) return [];
  return members.map((latencies) => ({ count: latencies.length, meanMs: mean(latencies) }));
}

/**
 * Batch means: the spread of the windows' rates as the uncertainty of their mean
 * (Law, "Simulation Modeling and Analysis", section 9.5). Says how steady this
 * process was, not how another one would do.
 */
function within(
  windows: readonly Window[],
  load: FinishedLoad,
  samplesPerQuery: number,
): TrialMetrics['qpsWithin'] {
  if (windows.length === 0 || load.unanswered > 0) return null;
  const spanMs = load.elapsedMs / WINDOWS;
  const rates = windows.map(({ count }) => (count * samplesPerQuery * 1000) / spanMs);
  const { low, high } = meanInterval(rates, 0.95);
  return { low, high };
}

function lagFigures(lagsMs: Float64Array | null): TrialMetrics['generatorLagMs'] {
  if (lagsMs === null || lagsMs.length === 0) return null;
  const sorted = lagsMs.slice().sort();
  return {
    p50: quantileOfSorted(sorted, 0.5),
    p99: quantileOfSorted(sorted, 0.99),
    max: quantileOfSorted(sorted, 1),
  };
}
