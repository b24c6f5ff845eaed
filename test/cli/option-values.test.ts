import { describe, expect, test } from 'vitest';
import {
  parseBudgetMs,
  parseConstraints,
  parseCount,
  parseDimLists,
  parseDims,
  parseFloors,
} from '../../cli/option-values.ts';
import { UsageError } from '../../engine/base/errors.ts';

function refusalOf(parse: () => unknown): string {
  try {
    parse();
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message;
    throw thrown;
  }
  return 'it was not refused';
}

test('floors, in the order of the options; none without any', () => {
  const options = { minSqnr: '-3', minCosine: '0.99', minAgreement: '1', minAccuracy: '0.5' };
  expect(parseFloors(options)).toEqual([
    { kind: 'accuracy', value: 0.5 },
    { kind: 'agreement', value: 1 },
    { kind: 'cosine', value: 0.99 },
    { kind: 'sqnr', value: -3 },
  ]);
  expect(parseFloors({})).toEqual([]);
});

describe('nothing at all is no number', () => {
  test.each(['', ' '])("where '%s' is given", (text) => {
    const share = `'${text}' must be a share between 0 and 1, such as 0.95`;
    expect(refusalOf(() => parseFloors({ minAccuracy: text }))).toBe(`--min-accuracy ${share}`);
    expect(refusalOf(() => parseFloors({ minAgreement: text }))).toBe(`--min-agreement ${share}`);
    expect(refusalOf(() => parseFloors({ minCosine: text }))).toBe(`--min-cosine ${share}`);
    expect(refusalOf(() => parseFloors({ minSqnr: text }))).toBe(
      `--min-sqnr '${text}' must be decibels, such as 20`,
    );
    expect(refusalOf(() => parseConstraints({ slo: [], minAccuracy: text }, null))).toBe(
      `--min-accuracy ${share}`,
    );
    expect(refusalOf(() => parseConstraints({ slo: [], maxPower: text }, null))).toBe(
      `--max-power '${text}' must be watts, such as 15W`,
    );
    expect(refusalOf(() => parseConstraints({ slo: [], maxMemory: text }, null))).toBe(
      `--max-memory: '${text}' cannot be read`,
    );
    expect(refusalOf(() => parseConstraints({ slo: [text] }, null))).toBe(
      `--slo '${text}' cannot be read`,
    );
    expect(refusalOf(() => parseCount(text, '--seed', 0))).toBe(
      `--seed '${text}' must be a whole number of at least 0`,
    );
    expect(refusalOf(() => parseBudgetMs(text))).toBe(`--budget: '${text}' cannot be read`);
    expect(refusalOf(() => parseDims([`seq=${text}`]))).toBe(`--dim 'seq=${text}' cannot be read`);
    expect(refusalOf(() => parseDimLists([`seq=8,${text}`]))).toBe(
      `--dim 'seq=${text}' cannot be read`,
    );
  });
});

test('constraints, with the bound of the suite where no other is given', () => {
  const options = { slo: [], minAccuracy: '0.9', maxPower: '15 W' };
  expect(parseConstraints(options, 'p99<50ms')).toEqual([
    { kind: 'latency', percentile: 'p99', limitMs: 50 },
    { kind: 'accuracy', floor: 0.9 },
    { kind: 'power', limitWatts: 15 },
  ]);
});
