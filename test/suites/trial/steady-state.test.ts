import { expect, test } from 'vitest';
import { judgeSteadiness } from '../../../suites/trial/steady-state.ts';

test('five windows within 2 % that do not move one way are steady', () => {
  expect(judgeSteadiness([9, 5, 1.0, 1.01, 1.0, 1.005, 1.01])).toEqual({
    steady: true,
    span: expect.closeTo(0.01 / 1.005, 10) as number,
  });
});

test('a trend is not steady, however small', () => {
  expect(judgeSteadiness([1.0, 1.001, 1.002, 1.003, 1.004]).steady).toBe(false);
  expect(judgeSteadiness([1.004, 1.003, 1.002, 1.001, 1.0]).steady).toBe(false);
});

test('a span of 2 % or more is not steady', () => {
  expect(judgeSteadiness([1.0, 1.02, 1.0, 1.01, 1.0]).steady).toBe(false);
});

test('fewer than five windows say nothing', () => {
  expect(judgeSteadiness([1, 1, 1, 1])).toEqual({ steady: false, span: Infinity });
});
