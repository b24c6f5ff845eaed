import type { Tensors } from '../../engine/runtime/tensor.ts';

export type Infer = (feeds: Tensors) => Promise<Tensors>;

/**
 * Answers as the linear model of `tiny-models.ts` does: row (a, b) gives (a, b, a + b). From
 * its `from`th call on, counted from 1, the first value is off `by` so much.
 */
export function withLinearRows({ from = Infinity, by = 1 } = {}): Infer {
  let calls = 0;
  return async ({ x }) => {
    calls += 1;
    const data = x?.data as Float32Array;
    const rows = data.length / 2;
    const sums = Array.from({ length: rows }, (_, row) => {
      const [a, b] = [data[2 * row] as number, data[2 * row + 1] as number];
      return [a, b, a + b];
    });
    const values = Float32Array.from(sums.flat());
    if (calls >= from) values[0] = (values[0] as number) + by;
    return { y: { type: 'float32', dims: [rows, 3], data: values } };
  };
}
