import type { Dim } from '../describe.ts';
import { allNumbers } from './operator.ts';

/** Elements of a small tensor, row-major, of which a part or another order is wanted. */
export interface Elements {
  readonly dims: readonly Dim[] | null;
  readonly elements: readonly Dim[] | null;
}

/** Those at the given positions along each axis, in that order. */
export function takeElements(
  from: Elements,
  positions: readonly (readonly number[])[],
): readonly Dim[] | null {
  const dims = allNumbers(from.dims);
  if (dims === null || from.elements === null) return null;
  let offsets = [0];
  for (const [axis, size] of dims.entries()) {
    const along = positions[axis] ?? [];
    offsets = offsets.flatMap((offset) => along.map((position) => offset * size + position));
  }
  return offsets.map((offset) => from.elements?.[offset] ?? null);
}

/** With the axes in another order: `order[to]` is where an axis comes from. */
export function permuteElements(from: Elements, order: readonly number[]): readonly Dim[] | null {
  const dims = allNumbers(from.dims);
  if (dims === null || from.elements === null) return null;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  let offsets = [0];
  for (const axis of order) {
    const along = Array.from({ length: dims[axis] ?? 0 }, (_, i) => i * (strides[axis] ?? 0));
    offsets = offsets.flatMap((offset) => along.map((step) => offset + step));
  }
  return offsets.map((offset) => from.elements?.[offset] ?? null);
}
