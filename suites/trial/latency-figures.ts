import {
  CERTIFICATE_CONFIDENCE,
  certifiedPercentile,
  quantileInterval,
} from '../../engine/base/percentile-certificate.ts';
import { summarize } from '../../engine/base/statistics.ts';
import { PERCENTILES } from '../scenarios/scenario.ts';
import type { TrialMetrics } from '../trial-record.ts';

const PERCENTILE_FRACTIONS = Object.freeze({ ...PERCENTILES, p999: 0.999 });
type Percentile = keyof typeof PERCENTILE_FRACTIONS;

const INTERVAL_CONFIDENCE = 0.95;

/** Every figure of the latencies, each percentile raw, certified and with its interval. O(n log n). */
export function latencyFigures(latenciesMs: Float64Array): TrialMetrics['latencyMs'] {
  const sorted = latenciesMs.slice().sort();
  return {
    ...summarize(sorted),
    certified: eachPercentile((fraction) =>
      certifiedPercentile(sorted, fraction, CERTIFICATE_CONFIDENCE),
    ),
    intervals: eachPercentile((fraction) =>
      quantileInterval(sorted, fraction, INTERVAL_CONFIDENCE),
    ),
  };
}

function eachPercentile<T>(figure: (fraction: number) => T): Record<Percentile, T> {
  const { p50, p90, p95, p99, p999 } = PERCENTILE_FRACTIONS;
  return {
    p50: figure(p50),
    p90: figure(p90),
    p95: figure(p95),
    p99: figure(p99),
    p999: figure(p999),
  };
}
