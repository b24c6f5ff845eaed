import { describe, expect, test } from 'vitest';
import {
  ageText,
  metricNoise,
  noiseRecord,
  noiseRecordSchema,
} from '../../../suites/comparison/noise-floor.ts';

describe('metricNoise', () => {
  test('is the farther end of the interval of the mean, by hand', () => {
    // Mean 0.01, sd 0.02 sqrt(6 / 5); t(0.975, 5) = 2.570582 (tables), so that the
    // half-width is 2.570582 x 0.02 / sqrt(5).
    const logRatios = [0.03, -0.01, 0.03, -0.01, 0.03, -0.01];
    const noise = metricNoise(logRatios);
    expect(noise.meanLogRatio).toBeCloseTo(0.01, 12);
    expect(noise.blockSd).toBeCloseTo(0.02 * Math.sqrt(6 / 5), 12);
    expect(noise.floor).toBeCloseTo(Math.exp(0.01 + (2.570582 * 0.02) / Math.sqrt(5)) - 1, 7);
  });

  test('is the same whichever side is favoured', () => {
    const logRatios = [0.02, 0.01, 0.03, 0.015, 0.02, 0.01];
    const mirrored = logRatios.map((value) => -value);
    expect(metricNoise(mirrored).floor).toBeCloseTo(metricNoise(logRatios).floor, 12);
  });

  test('is nothing where identical things measure the same', () => {
    expect(metricNoise([0, 0, 0, 0, 0, 0])).toEqual({ floor: 0, blockSd: 0, meanLogRatio: 0 });
  });

  test('needs six blocks', () => {
    expect(() => metricNoise([0, 0, 0, 0, 0])).toThrow('at least 6 blocks, not 5');
  });
});

describe('noiseRecord', () => {
  const of = { hostKey: 'abc', measuredAt: '2026-03-01T04:05:06.000Z' };

  test('has every metric that all blocks have, and parses as what it is', () => {
    const blocks = [1, 2, 3, 4, 5, 6].map((block) => ({
      throughput: block / 1000,
      p99: -block / 500,
      ...(block === 3 ? {} : { energy: 0.1 }),
    }));
    const record = noiseRecord(blocks, of);
    expect(Object.keys(record.metrics)).toEqual(['throughput', 'p99']);
    expect(record).toMatchObject({ schema: 'openclaw.noise/1', hostKey: 'abc', blocks: 6 });
    expect(noiseRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  test('is not what does not say when, or of what', () => {
    const record = noiseRecord(
      Array.from({ length: 6 }, () => ({ p50: 0 })),
      of,
    );
    expect(noiseRecordSchema.safeParse({ ...record, measuredAt: 'yesterday' }).success).toBe(false);
    expect(noiseRecordSchema.safeParse({ ...record, metrics: { speed: {} } }).success).toBe(false);
    expect(noiseRecordSchema.safeParse({ ...record, blocks: 5 }).success).toBe(false);
  });
});

describe('ageText', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');

  test.each([
    ['2026-03-10T11:59:30Z', 'just now'],
    ['2026-03-10T11:59:00Z', '1 minute ago'],
    ['2026-03-10T11:01:00Z', '59 minutes ago'],
    ['2026-03-10T11:00:00Z', '1 hour ago'],
    ['2026-03-08T12:00:01Z', '47 hours ago'],
    ['2026-03-08T12:00:00Z', '2 days ago'],
    ['2025-03-10T12:00:00Z', '365 days ago'],
    ['2026-03-10T12:00:01Z', 'dated in the future'],
  ])('%s is %s', (measuredAt, text) => {
    expect(ageText(measuredAt, now)).toBe(text);
  });
});
