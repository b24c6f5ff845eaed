import { z } from 'zod';
import { meanInterval, sampleStandardDeviation } from '../../engine/base/statistics.ts';
import { formatCount } from '../../engine/base/units.ts';
import type { BlockLogRatios } from './decide.ts';
import { COMPARED_METRIC_NAMES } from './margins.ts';

const CONFIDENCE = 0.95;
/** Blocks that a noise floor needs: those of the first look of a comparison. */
const LEAST_NOISE_BLOCKS = 6;

const metricNoiseSchema = z.strictObject({
  /** Relative change below which this host cannot tell a thing from itself. */
  floor: z.number().nonnegative(),
  /** Standard deviation of the blocks' log-ratios. */
  blockSd: z.number().nonnegative(),
  /** Mean of the blocks' log-ratios: near 0 where nothing favours either side. */
  meanLogRatio: z.number(),
});
export type MetricNoise = Readonly<z.infer<typeof metricNoiseSchema>>;

/** What a comparison of a thing with itself showed on one host. */
export const noiseRecordSchema = z.strictObject({
  schema: z.literal('openclaw.noise/1'),
  hostKey: z.string(),
  /** ISO 8601, UTC. */
  measuredAt: z.iso.datetime(),
  blocks: z.int().min(LEAST_NOISE_BLOCKS),
  metrics: z.partialRecord(z.enum(COMPARED_METRIC_NAMES), metricNoiseSchema),
});
export type NoiseRecord = Readonly<z.infer<typeof noiseRecordSchema>>;

/**
 * The record of an A/A run: the same thing as A and as B, in the blocks of a comparison.
 * A metric that a block lacks has no floor.
 */
export function noiseRecord(
  blocks: readonly BlockLogRatios[],
  of: { readonly hostKey: string; readonly measuredAt: string },
): NoiseRecord {
  const metrics: NoiseRecord['metrics'] = {};
  for (const metric of COMPARED_METRIC_NAMES) {
    const logRatios = blocks.flatMap((block) => block[metric] ?? []);
    if (logRatios.length === blocks.length) metrics[metric] = metricNoise(logRatios);
  }
  return { schema: 'openclaw.noise/1', ...of, blocks: blocks.length, metrics };
}

/**
 * The noise of one metric from the log-ratios of A/A blocks. The floor is the end of the
 * 95 % t-interval of their mean that is farther from no change, as a relative change:
 * exp(max(|low|, |high|)) - 1, the largest difference that identical things may still
 * show. It widens with the blocks' spread and with a bias of either side, and narrows
 * with their number: measure as many as a comparison has. Throws a RangeError below
 * `LEAST_NOISE_BLOCKS`.
 */
export function metricNoise(logRatios: readonly number[]): MetricNoise {
  if (logRatios.length < LEAST_NOISE_BLOCKS) {
    throw new RangeError(
      `a noise floor needs at least ${LEAST_NOISE_BLOCKS} blocks, not ${logRatios.length}`,
    );
  }
  const { value, low, high } = meanInterval(logRatios, CONFIDENCE);
  return {
    floor: Math.expm1(Math.max(Math.abs(low), Math.abs(high))),
    blockSd: sampleStandardDeviation([...logRatios]),
    meanLogRatio: value,
  };
}

/** How long ago a record was made, for people: "5 minutes ago", "3 days ago". */
export function ageText(measuredAt: string, nowMs: number): string {
  const minutes = Math.floor((nowMs - Date.parse(measuredAt)) / 60_000);
  if (minutes < 0) return 'dated in the future';
  if (minutes < 1) return 'just now';
  const [count, unit] =
    minutes < 60
      ? [minutes, 'minute']
      : minutes < 48 * 60
        ? [Math.floor(minutes / 60), 'hour']
        : [Math.floor(minutes / (24 * 60)), 'day'];
  return `${formatCount(count, unit)} ago`;
}
