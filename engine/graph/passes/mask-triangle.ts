import type { Dim } from '../describe.ts';
import { elementTypeName } from '../element-type.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';
import type { ShapesOf } from './mask-axes.ts';

/** Matrices `[..., query, key]` with one number where `key <= query` and another elsewhere. */
export interface Triangle {
  readonly inside: number;
  readonly outside: number;
}

/** Exporters keep the triangle of the longest input and cut from it, axis by axis. */
const MAX_SLICES = 4;

/**
 * A constant triangle of `length` queries and keys, or what slices leave of a larger
 * one when they cut it to that length.
 */
export function readTriangle(
  value: IrValue,
  length: Dim | undefined,
  shapesOf: ShapesOf,
): Triangle | null {
  let whole = value;
  const cut = new Set<number>();
  for (let step = 0; step < MAX_SLICES && whole.constant === null; step += 1) {
    const slice = whole.producer;
    const [data = null] = slice?.inputs ?? [];
    const rank = shapesOf(whole).dims?.length ?? 0;
    const axes = slice?.is('Slice') === true ? cutAxes(slice, { length, rank, shapesOf }) : null;
    if (data === null || axes === null) return null;
    for (const axis of axes) cut.add(axis);
    whole = data;
  }
  const dims = whole.constant?.dims ?? [];
  const isWhole = [dims.length - 2, dims.length - 1].every(
    (axis) => cut.has(axis) || dims[axis] === length,
  );
  return whole.constant === null || !isWhole ? null : triangleOf(whole.constant);
}

/** The axes of which a Slice keeps the first `length`; null where it may do something else. */
function cutAxes(
  { inputs: [, starts = null, ends = null, axes = null, steps = null] }: IrNode,
  { length, rank, shapesOf }: { length: Dim | undefined; rank: number; shapesOf: ShapesOf },
): readonly number[] | null {
  const areAll = (list: IrValue | null, wanted: Dim | undefined): boolean =>
    list !== null && (shapesOf(list).elements?.every((one) => one === wanted) ?? false);
  const listed = axes === null ? null : shapesOf(axes).elements;
  const isPlain = areAll(starts, 0) && (steps === null || areAll(steps, 1));
  if (!isPlain || !areAll(ends, length) || listed === null) return null;
  return listed.map((axis) => (typeof axis === 'number' && axis < 0 ? axis + rank : Number(axis)));
}

function triangleOf(tensor: OnnxTensor): Triangle | null {
  const [rows = 0, columns = 0] = tensor.dims.slice(-2);
  const values = numbersOf(tensor);
  // Of one element it would be repeated for all.
  if (rows !== columns || rows < 2 || values === null) return null;
  const [inside, outside] = values;
  if (inside === undefined || outside === undefined || inside === outside) return null;
  for (const [index, value] of values.entries()) {
    const isInside = index % columns <= Math.floor(index / columns) % rows;
    if (value !== (isInside ? inside : outside)) return null;
  }
  return { inside, outside };
}

/** Of a float32 or bool tensor. */
function numbersOf(tensor: OnnxTensor): Float32Array | Uint8Array | Int32Array | null {
  if (elementTypeName(tensor.dataType) !== 'bool') return readFloats(tensor);
  const values = tensor.rawData ?? tensor.int32Data;
  return values.length === tensorSize(tensor) ? values : null;
}
