import type { ModelDescription } from '../../engine/graph/describe.ts';
import type { InputHint } from '../../engine/graph/input-hints.ts';
import type { NumericArray, Tensors } from '../../engine/runtime/tensor.ts';
import type { DatasetInput } from './dataset.ts';
import { openDimensions, resolveInputs, type ResolvedInputs } from './model-inputs.ts';
import { matchNpz, shapesOf } from './npz-data.ts';
import type { NpyArray } from './npz.ts';
import { createRandomData } from './random-data.ts';

/** Batch sizes that a rewritten model is compared at, where the batch is free. */
const BATCHES = [1, 2] as const;
/** Sizes for a dimension that nobody named: a short text, then the side of a picture. */
const GUESSES = [
  [8, 12],
  [64, 96],
  [224, 256],
] as const;

export interface ComparisonOptions {
  readonly dims: Readonly<Record<string, number>>;
  readonly data: { readonly arrays: ReadonlyMap<string, NpyArray>; readonly path: string } | null;
  readonly hints: readonly InputHint[];
  readonly seed: number;
}

/**
 * Inputs to hold a rewritten model against the original with: two batch sizes,
 * and two sizes of every dimension that is open and not given. A guessed size may
 * be one that the original refuses: the comparison leaves such samples out.
 */
export function comparisonSamples(
  model: ModelDescription,
  options: ComparisonOptions,
): readonly Tensors[] {
  if (options.data !== null) return fromData(model, { ...options, data: options.data });
  const open = openDimensions(model).filter((name) => options.dims[name] === undefined);
  const sizes = open.length === 0 ? [{}] : GUESSES.flat().map((size) => sized(open, size));
  return sizes.flatMap((dims) => {
    const resolved = resolveInputs(model, { dims: { ...options.dims, ...dims }, data: null });
    const { inputs } = createRandomData(resolved.inputs, options.hints, options.seed);
    return batchesOf(resolved).map((rows) => firstRows(inputs, rows));
  });
}

function fromData(
  model: ModelDescription,
  options: ComparisonOptions & { readonly data: NonNullable<ComparisonOptions['data']> },
): readonly Tensors[] {
  const { arrays, path } = options.data;
  const resolved = resolveInputs(model, { dims: options.dims, data: shapesOf(arrays) });
  const { inputs, count } = matchNpz(arrays, resolved.inputs, path);
  const batches = batchesOf(resolved).filter((rows) => rows <= count);
  return [...new Set([...batches, Math.min(count, MAX_ROWS)])].map((rows) =>
    firstRows(inputs, rows),
  );
}

/** Rows of the user's data that are compared at once. */
const MAX_ROWS = 8;

function sized(names: readonly string[], size: number): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, size]));
}

function batchesOf({ batch }: ResolvedInputs): readonly number[] {
  return batch === 'free' ? BATCHES : [batch];
}

/** Views of the first rows; data shorter than that is repeated. */
function firstRows(inputs: readonly DatasetInput[], rows: number): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, type, dims, batched, data }) => {
      if (!batched) return [name, { type, dims, data }];
      const length = dims.reduce((product, dim) => product * dim, rows);
      return [name, { type, dims: [rows, ...dims], data: repeated(data, length) }];
    }),
  );
}

function repeated(data: NumericArray, length: number): NumericArray {
  if (data.length >= length) return data.subarray(0, length);
  const whole = new (data.constructor as new (length: number) => NumericArray)(length);
  for (let index = 0; index < length; index += 1) whole[index] = data[index % data.length] as never;
  return whole;
}
