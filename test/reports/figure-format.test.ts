import { expect, test } from 'vitest';
import {
  bytes,
  change,
  counted,
  isInterval,
  milliseconds,
  moment,
  percent,
  rate,
  ratio,
  timesTheDefault,
} from '../../reports/figure-format.ts';

test('figures carry their unit', () => {
  expect([rate(5210.4), rate(999.7), rate(99.61)]).toEqual(['5,210', '1,000', '99.6']);
  expect(milliseconds(3.1449)).toBe('3.14 ms');
  expect(bytes(151 * 2 ** 20)).toBe('151 MiB');
  expect(percent(0.9712)).toBe('97.1 %');
});

test('what is not finite reads as a dash', () => {
  for (const format of [rate, milliseconds, bytes, percent, ratio]) {
    expect([format(Number.NaN), format(Infinity), format(-Infinity)]).toEqual(['–', '–', '–']);
  }
  expect(change(0, 5)).toBe('–');
});

test('a ratio has two decimals, and more when its interval is narrow', () => {
  expect(ratio(1.6249)).toBe('1.62');
  expect(timesTheDefault(1.62, { low: 1.58, high: 1.66 })).toBe(
    '1.62 times the default [1.58,\u00a01.66]',
  );
  expect(timesTheDefault(1.0042, { low: 1.0021, high: 1.0063 })).toBe(
    '1.004 times the default [1.002,\u00a01.006]',
  );
});

test('no end of an interval is rounded onto the 1 that it excludes', () => {
  expect(timesTheDefault(1.016, { low: 1.003, high: 1.03 })).toBe(
    '1.016 times the default [1.003,\u00a01.030]',
  );
});

test('one trial or one pair gives no interval', () => {
  expect(isInterval({ low: 0, high: null })).toBe(false);
  expect(isInterval({ low: 0, high: 1e9 })).toBe(false);
  expect(isInterval({ low: 5, high: 5 })).toBe(false);
  expect(timesTheDefault(1.5, { low: 0, high: null })).toBe('1.50 times the default');
});

test('changes are signed percentages, factors from double on', () => {
  expect(change(100, 127)).toBe('+27 %');
  expect(change(100, 103.14)).toBe('+3.1 %');
  expect(change(100, 88)).toBe('−12 %');
  expect(change(100, 100.01)).toBe('±0 %');
  expect(change(100, 982)).toBe('9.82 ×');
  expect(change(100, 200)).toBe('2.00 ×');
});

test('times are shown in UTC and strange ones are left alone', () => {
  expect(moment('2026-03-01T10:00:07.123Z')).toBe('2026-03-01 10:00 UTC');
  expect(moment('yesterday')).toBe('yesterday');
});

test('nouns agree with their number', () => {
  expect([counted(1, 'trial'), counted(0, 'trial'), counted(1200, 'trial')]).toEqual([
    '1 trial',
    '0 trials',
    '1,200 trials',
  ]);
});
