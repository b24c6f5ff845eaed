import { compareOutputs } from '../../engine/artifacts/compare-models.ts';
import { formatNumber } from '../../engine/base/units.ts';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { NumericArray, Tensor, Tensors } from '../../engine/runtime/tensor.ts';
import type { Dataset } from '../data/dataset.ts';

/**
 * Largest |difference| over the largest |value| of an output that still counts as
 * the same. fp32 kernels differ by the order of their sums: 1e-5 was the worst of
 * ten models, and a wrong kernel is off by far more than 1e-3. What a precision
 * costs beyond that is judged by its quality, not here.
 */
const TOLERANCES: Readonly<Record<EngineConfig['precision'], number>> = Object.freeze({
  fp32: 1e-3,
  fp16: 2e-2,
  'int8-static': Infinity,
  'int8-dynamic': Infinity,
  'int4-weights': Infinity,
});

/** Null when the outputs are right, else what is wrong with them, for people. */
export async function checkGolden(
  infer: (feeds: Tensors) => Promise<Tensors>,
  data: { readonly samples: Dataset; readonly golden: Dataset },
  options: { readonly rows: number; readonly precision: EngineConfig['precision'] },
): Promise<string | null> {
  const { rows, precision } = options;
  for (let start = 0; start < data.golden.count; start += rows) {
    const compared = Math.min(rows, data.golden.count - start);
    const outputs = await infer(await data.samples.read(start, rows));
    const expected = await data.golden.read(start, compared);
    const whole = rows === data.golden.count;
    const actual = firstRows(outputs, expected, { compared, rows, whole });
    const { mismatch, output, relative } = compareOutputs(actual.expected, actual.outputs);
    if (mismatch !== null) return mismatch;
    if (relative > TOLERANCES[precision]) {
      return `the output '${output ?? ''}' is off by ${formatNumber(relative)} of its largest value; ${TOLERANCES[precision]} is allowed`;
    }
  }
  return null;
}

/** The outputs that have a reference, cut to the samples that have one. */
function firstRows(
  outputs: Tensors,
  expected: Tensors,
  { compared, rows, whole }: { compared: number; rows: number; whole: boolean },
): { readonly outputs: Tensors; readonly expected: Tensors } {
  const cut: Record<string, Tensor> = {};
  const wanted: Record<string, Tensor> = {};
  for (const [name, reference] of Object.entries(expected)) {
    const output = outputs[name];
    const perSample = reference.dims[0] === compared && output?.dims[0] === rows;
    // An output that is not per sample depends on how many samples there were.
    if (!perSample && !whole && output?.dims.join() !== reference.dims.join()) continue;
    wanted[name] = reference;
    if (output !== undefined) cut[name] = perSample ? sliced(output, compared) : output;
  }
  return { outputs: cut, expected: wanted };
}

function sliced(tensor: Tensor, rows: number): Tensor {
  const [leading = 1, ...rest] = tensor.dims;
  const data = tensor.data as NumericArray;
  return {
    ...tensor,
    dims: [rows, ...rest],
    data: data.subarray(0, (data.length / leading) * rows),
  };
}
