import type { ComparisonRecord, JudgedMetric } from '../suites/bench-record.ts';
import type { Comparison } from '../suites/comparison/compare-trials.ts';
import {
  judgeMetrics,
  type MetricVerdict,
  type PrimaryMetric,
} from '../suites/comparison/decide.ts';
import {
  COMPARED_METRIC_NAMES,
  marginFor,
  type ComparedMetric,
} from '../suites/comparison/margins.ts';
import type { NoiseRecord } from '../suites/comparison/noise-floor.ts';
import type { Scenario } from '../suites/scenarios/scenario.ts';

/** What a scenario is about decides when a comparison may stop. */
export function primaryMetric(scenario: Scenario): ComparedMetric {
  switch (scenario.name) {
    case 'closed-loop':
    case 'offline':
      return 'throughput';
    case 'single-stream':
      return 'p50';
    case 'multi-stream':
    case 'server':
      return 'p99';
  }
}

/** The margin is at least what this host cannot tell apart. */
export function withMargin(metric: ComparedMetric, noise: NoiseRecord): PrimaryMetric {
  return { metric, margin: marginFor(metric, noise.metrics[metric]?.floor ?? null) };
}

/** The verdicts of a comparison: the primary metric's, then the others', each for itself. */
export function judged(
  { blocks, lost }: Comparison,
  rules: { readonly primary: readonly PrimaryMetric[]; readonly noise: NoiseRecord },
): ComparisonRecord {
  const logRatios = blocks.map((block) => block.logRatios);
  const others = COMPARED_METRIC_NAMES.filter(
    (metric) =>
      !rules.primary.some((one) => one.metric === metric) &&
      logRatios.every((ratios) => ratios[metric] !== undefined),
  ).map((metric) => withMargin(metric, rules.noise));
  const judge = (metrics: readonly PrimaryMetric[]): MetricVerdict[] =>
    blocks.length === 0 || metrics.length === 0 ? [] : judgeMetrics(logRatios, metrics);
  return {
    blocks: blocks.map(({ order, logRatios: ratios }) => ({ order, logRatios: { ...ratios } })),
    lost,
    metrics: [
      ...judge(rules.primary).map((verdict) => toJudged(verdict, true, blocks.length)),
      ...others
        .flatMap((metric) => judge([metric]))
        .map((verdict) => toJudged(verdict, false, blocks.length)),
    ],
    noise: rules.noise,
  };
}

/** Fewer blocks than the first look wants decide nothing. */
const FIRST_LOOK = 6;

function toJudged(
  { metric, margin, ratio, confidence, verdict }: MetricVerdict,
  primary: boolean,
  blocks: number,
): JudgedMetric {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    metric,
    primary,
    margin,
    ratio: { value: ratio.value, low: finite(ratio.low), high: finite(ratio.high) },
    confidence,
    verdict: blocks < FIRST_LOOK ? 'inconclusive' : verdict,
  };
}
