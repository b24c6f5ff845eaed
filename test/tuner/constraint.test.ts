import { describe, expect, test } from 'vitest';
import { UsageError } from '../../engine/base/errors.ts';
import { parseBytes } from '../../engine/base/units.ts';
import {
  checkConstraint,
  constraintWords,
  describeConstraint,
  meetsAll,
  parseSlo,
  totalExcess,
} from '../../tuner/constraint.ts';
import type { Constraint } from '../../tuner/run-record.ts';

const figures = {
  latencyMs: { p50: 10, p90: 20, p95: 25, p99: 60 },
  memoryBytes: 400 * 2 ** 20,
  accuracy: 0.96,
};
const p99: Constraint = { kind: 'latency', percentile: 'p99', limitMs: 50 };
const memory: Constraint = { kind: 'memory', limitBytes: 512 * 2 ** 20 };
const accuracy: Constraint = { kind: 'accuracy', floor: 0.95 };

describe('a latency bound', () => {
  test.each([
    ['p99<50ms', { kind: 'latency', percentile: 'p99', limitMs: 50 }],
    [' P90 <= 1.5s ', { kind: 'latency', percentile: 'p90', limitMs: 1500 }],
    ['p50<800us', { kind: 'latency', percentile: 'p50', limitMs: 0.8 }],
  ])('%s is read', (text, expected) => {
    expect(parseSlo(text)).toEqual(expected);
  });

  test.each(['p99', 'p98<5ms', 'p99>5ms', 'p99<', 'p99<5', 'p99<0ms', 'p99<-1ms', 'fast', ''])(
    "'%s' is refused as a usage error that names it",
    (text) => {
      expect(() => parseSlo(text)).toThrow(UsageError);
      expect(() => parseSlo(text)).toThrow(/--slo/);
    },
  );
});

describe('the words that ask for a constraint', () => {
  test.each([
    [p99, ['--slo', 'p99<50ms']],
    [{ ...p99, percentile: 'p90', limitMs: 1500 }, ['--slo', 'p90<1500ms']],
    [{ ...p99, limitMs: 2000 }, ['--slo', 'p99<2s']],
    [{ ...p99, limitMs: 120_000 }, ['--slo', 'p99<2m']],
    [memory, ['--max-memory', '512MiB']],
    [{ kind: 'memory', limitBytes: 1_000_000 }, ['--max-memory', '1000000']],
    [accuracy, ['--min-accuracy', '0.95']],
    [{ kind: 'power', limitWatts: 12.5 }, ['--max-power', '12.5W']],
  ] as const)('%o', (constraint, words) => {
    expect(constraintWords(constraint)).toEqual(words);
  });

  test.each([0.8, 1, 999.5, 1000, 61_000, 180_000])('%d ms come back as they were', (limitMs) => {
    const [, slo] = constraintWords({ ...p99, limitMs });
    expect(parseSlo(slo)).toEqual({ ...p99, limitMs });
  });

  test.each([1, 1_000_000, 2 ** 20, 3 * 2 ** 30])('%d bytes come back as they were', (size) => {
    const [option, text] = constraintWords({ kind: 'memory', limitBytes: size });
    expect(parseBytes(text, option)).toBe(size);
  });
});

describe('checking', () => {
  test('tells what is met, what is broken, and by how much', () => {
    expect(checkConstraint(figures, p99)).toMatchObject({ met: false, excess: 1.2 });
    expect(checkConstraint(figures, memory)).toMatchObject({ met: true });
    expect(checkConstraint(figures, accuracy)).toMatchObject({ met: true });
    expect(checkConstraint(figures, { kind: 'accuracy', floor: 0.98 }).met).toBe(false);
  });

  test('a figure at the bound does not meet it: the bound says "below"', () => {
    expect(checkConstraint(figures, { ...p99, limitMs: 60 }).met).toBe(false);
  });

  test('an accuracy that was not measured meets no floor', () => {
    expect(checkConstraint({ ...figures, accuracy: undefined }, accuracy).met).toBe(false);
  });

  test('excess multiplies over what is broken and is 1 when nothing is', () => {
    const tight: Constraint = { kind: 'memory', limitBytes: 200 * 2 ** 20 };
    expect(totalExcess(figures, [p99, tight, accuracy])).toBeCloseTo(1.2 * 2, 10);
    expect(totalExcess(figures, [memory, accuracy])).toBe(1);
    expect(meetsAll(figures, [memory, accuracy])).toBe(true);
    expect(meetsAll(figures, [memory, p99])).toBe(false);
  });

  test('is told in words with units', () => {
    expect([p99, memory, accuracy].map(describeConstraint)).toEqual([
      'p99 < 50 ms',
      'memory < 512 MiB',
      'accuracy >= 95 %',
    ]);
    expect(checkConstraint(figures, p99).text).toBe('p99 60 ms, bound 50 ms');
  });
});
