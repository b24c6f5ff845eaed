import { expect, test } from 'vitest';
import { benchProtocol, trialProtocol } from '../../../suites/trial/trial-spec.ts';

test('a trial of the search has short windows, and a warm-up in proportion', () => {
  expect(trialProtocol(2000)).toEqual({
    windowMs: 200,
    warmupMinRequests: 50,
    warmupMaxMs: 3200,
    measureMs: 2000,
    measureMinRequests: 20,
    measureMaxMs: 60_000,
  });
  // A fifth of a short duration, and ten times a long one.
  expect(trialProtocol(500).windowMs).toBe(100);
  expect(trialProtocol(10_000).measureMaxMs).toBe(100_000);
});

test('a trial for itself has windows of a second, and as many queries as its percentile needs', () => {
  expect(benchProtocol(10_000, { name: 'multi-stream' })).toEqual({
    windowMs: 1000,
    warmupMinRequests: 50,
    warmupMaxMs: 10_000,
    measureMs: 10_000,
    measureMinRequests: 662,
    measureMaxMs: 100_000,
  });
  expect(benchProtocol(1000, { name: 'single-stream' })).toMatchObject({
    windowMs: 200,
    warmupMaxMs: 2000,
    measureMinRequests: 64,
    measureMaxMs: 60_000,
  });
});
