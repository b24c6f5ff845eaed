/**
 * What a comparison may judge: the relative change of each metric that matters, and its
 * direction. Energy is per inference; p50 and p99 are latencies.
 */
export const COMPARED_METRICS = Object.freeze({
  throughput: { margin: 0.02, higherIsBetter: true },
  p50: { margin: 0.02, higherIsBetter: false },
  p99: { margin: 0.05, higherIsBetter: false },
  energy: { margin: 0.03, higherIsBetter: false },
  memory: { margin: 0.02, higherIsBetter: false },
});

export type ComparedMetric = keyof typeof COMPARED_METRICS;

/** In the order in which people read them. */
export const COMPARED_METRIC_NAMES = [
  'throughput',
  'p50',
  'p99',
  'energy',
  'memory',
] as const satisfies readonly ComparedMetric[];

/**
 * The margin of a metric on one host, a relative change: the default, or the host's own
 * noise floor (`noise-floor.ts`) where that is wider; null where none was measured.
 */
export function marginFor(metric: ComparedMetric, noiseFloor: number | null): number {
  return Math.max(COMPARED_METRICS[metric].margin, noiseFloor ?? 0);
}
