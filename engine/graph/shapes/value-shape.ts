import type { Dim } from '../describe.ts';
import type { IrValue } from '../ir/ir.ts';

/** What is known of a value without running the model. */
export interface ValueShape {
  /** Element type such as `float32`; null where unknown, and for sequences and maps. */
  readonly type: string | null;
  /**
   * A number where fixed, a symbol where it is known by name (`N` of an input, or an
   * expression such as `N*S`), null where unknown; null for an unknown rank.
   */
  readonly dims: readonly Dim[] | null;
  /**
   * The elements of a small tensor, row-major, with the same meaning as dims: shape
   * arithmetic mixes numbers with symbols. Booleans are 0 and 1. An integer that is
   * no safe one is plus or minus infinity. Null where nothing is known.
   */
  readonly elements: readonly Dim[] | null;
}

/** What is known of every value of a model, for the graph as it was then. */
export interface ShapeMap {
  /** `UNKNOWN` where nothing is, and for values added since. */
  of(value: IrValue): ValueShape;
}

export const UNKNOWN: ValueShape = Object.freeze({ type: null, dims: null, elements: null });

/** Shapes, pads and axes are far smaller; more would cost time for nothing. */
export const MAX_ELEMENTS = 128;

/** Elements that do not fill the shape, are too many or all unknown are dropped. */
export function shaped(
  type: string | null,
  dims: readonly Dim[] | null,
  elements: readonly Dim[] | null = null,
): ValueShape {
  const isUseful =
    elements !== null &&
    elements.length <= MAX_ELEMENTS &&
    fixedSize(dims) === elements.length &&
    (elements.length === 0 || elements.some((element) => element !== null));
  return { type, dims, elements: isUseful ? elements : null };
}

/** Number of elements; null unless every dim is fixed. */
export function fixedSize(dims: readonly Dim[] | null): number | null {
  if (dims === null) return null;
  let size = 1;
  for (const dim of dims) {
    if (typeof dim !== 'number') return null;
    size *= dim;
  }
  return size;
}

/** A model's rank is a number somebody wrote: beyond this it is not believed. */
const MAX_RANK = 64;

/** Null where the rank is not fixed. */
export function unknownDims(rank: Dim | undefined): readonly null[] | null {
  if (typeof rank !== 'number' || rank < 0 || rank > MAX_RANK) return null;
  return Array.from({ length: rank }, () => null);
}
