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
export const OUTPUT_TOLERANCES: Readonly<Record<EngineConfig['precision'], number>> = Object.freeze(
  {
    fp32: 1e-3,
    fp16: 2e-2,
    'int8-static': Infinity,
    'int8-dynamic': Infinity,
    'int4-weights': Infinity,
  },
);

/** Null when the outputs are right, else what is wrong with them, for people. */
export async function checkGolden(
  infer: (feeds: Tensors) => Promise<Tensors>,
  data: { readonly samples: Dataset; readonly golden: Dataset },
  options: { readonly rows: number; readonly precision: EngineConfig['precision'] },
): Promise<string | null> {
  const { rows, precision } = options;
  const perSample = await namesPerSample(data.golden);
  const whole = rows === data.golden.count;
  for (let start = 0; start < data.golden.count; start += rows) {
    const compared = Math.min(rows, data.golden.count - start);
    const outputs = await infer(await data.samples.read(start, rows));
    const expected = await data.golden.read(start, compared);
    const pairs = comparable(outputs, expected, { compared, rows, whole, perSample });
    const { mismatch, output, relative } = compareOutputs(pairs.expected, pairs.outputs);
    if (mismatch !== null) return mismatch;
    if (relative > OUTPUT_TOLERANCES[precision]) {
      return `the output '${output ?? ''}' is off by ${formatNumber(relative)} of its largest value; ${OUTPUT_TOLERANCES[precision]} is allowed`;
    }
  }
  return null;
}

/** Those of which a reference has as many rows as are asked for. */
async function namesPerSample(golden: Dataset): Promise<ReadonlySet<string>> {
  const [one, two] = [await golden.read(0, 1), await golden.read(0, 2)];
  return new Set(Object.keys(one).filter((name) => one[name]?.dims[0] !== two[name]?.dims[0]));
}

/** The outputs that have a reference at this batch size, cut to the samples that have one. */
function comparable(
  outputs: Tensors,
  expected: Tensors,
  batch: {
    readonly compared: number;
    readonly rows: number;
    readonly whole: boolean;
    readonly perSample: ReadonlySet<string>;
  },
): { readonly outputs: Tensors; readonly expected: Tensors } {
  const cut: Record<string, Tensor> = {};
  const wanted: Record<string, Tensor> = {};
  for (const [name, reference] of Object.entries(expected)) {
    const output = outputs[name];
    const isPerSample = batch.perSample.has(name);
    // An output that is not per sample depends on how many samples there were.
    if (!isPerSample && !batch.whole) continue;
    wanted[name] = reference;
    if (output === undefined) continue;
    const hasRows = isPerSample && output.dims[0] === batch.rows;
    cut[name] = hasRows ? leadingRows(output, batch.compared) : output;
  }
  return { outputs: cut, expected: wanted };
}

/** A view of the first rows of a tensor that has at least so many. */
export function leadingRows(tensor: Tensor, rows: number): Tensor {
  const [leading = 1, ...rest] = tensor.dims;
  const data = tensor.data as NumericArray;
  return {
    ...tensor,
    dims: [rows, ...rest],
    data: data.subarray(0, (data.length / leading) * rows),
  };
}
