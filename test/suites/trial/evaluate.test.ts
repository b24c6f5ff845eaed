import { expect, test } from 'vitest';
import { argMaxRows } from '../../../suites/trial/evaluate.ts';

test('the class of a row is the index of its largest value, the first of equals', () => {
  const scores = Float32Array.of(1, 3, 2, 5, 5, 4, -3, -1, -2);
  const tensor = { type: 'float32', dims: [3, 3], data: scores } as const;
  expect([...argMaxRows(tensor, 3, 'y')]).toEqual([1, 0, 1]);
});

test('an output that is not one row of scores a sample is named', () => {
  const tensor = { type: 'float32', dims: [3, 3, 1], data: new Float32Array(9) } as const;
  expect(() => argMaxRows(tensor, 3, 'heat')).toThrow(/'heat' is not \[samples, classes\]/);
  expect(() => argMaxRows(undefined, 3, 'heat')).toThrow(/'heat'/);
});
