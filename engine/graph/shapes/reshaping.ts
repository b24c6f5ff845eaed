import type { Dim } from '../describe.ts';
import { permuteElements } from './element-selection.ts';
import { broadcastDims } from './elementwise.ts';
import {
  normalizeAxes,
  withDim,
  type Inference,
  type Inferences,
  type Operator,
} from './operator.ts';
import { fixedSize, MAX_ELEMENTS, shaped, unknownDims } from './value-shape.ts';

/** Operators that keep the elements in their order, and Transpose, Expand and Tile. */

const reshape: Inference = (op) => {
  const target = op.elements(1);
  const rank = op.dims(1)?.[0];
  if (target === null) {
    return shaped(op.type(0), unknownDims(rank));
  }
  const copiesZeros = op.int('allowzero', 0) === 0;
  const wanted = target.map((entry, axis) => {
    if (entry === 0 && copiesZeros) return op.dims(0)?.[axis] ?? null;
    return op.algebra.isNonNegative(entry) ? entry : null;
  });
  return shaped(op.type(0), inferOne(op, wanted), op.elements(0));
};

/**
 * The only unknown dim follows from the number of elements, whether it is written as
 * -1 or not known before the run.
 */
function inferOne(op: Operator, wanted: readonly Dim[]): readonly Dim[] {
  const { algebra } = op;
  const unknown = wanted.indexOf(null);
  const data = op.dims(0);
  if (data === null || unknown < 0 || wanted.includes(null, unknown + 1)) return wanted;
  const others = algebra.product(wanted.toSpliced(unknown, 1));
  return withDim(wanted, unknown, algebra.divide(algebra.product(data), others));
}

/** To two dims: before and from `axis` on. */
const flatten: Inference = (op) => {
  const dims = op.dims(0);
  const axis = op.int('axis', 1);
  if (dims === null || axis > dims.length) return shaped(op.type(0), [null, null]);
  const split = axis < 0 ? axis + dims.length : axis;
  const { algebra } = op;
  return shaped(
    op.type(0),
    [algebra.product(dims.slice(0, split)), algebra.product(dims.slice(split))],
    op.elements(0),
  );
};

const AXES_MOVED = Object.freeze({ since: 13, input: 1 });

const squeeze: Inference = (op) => {
  const dims = op.dims(0);
  const axes = op.numbersFrom('axes', AXES_MOVED);
  if (dims === null || axes === null) return shaped(op.type(0), null);
  if (axes === 'absent') {
    // Which axes go depends on every dim.
    const isFixed = dims.every((dim) => typeof dim === 'number');
    const kept = isFixed ? dims.filter((dim) => dim !== 1) : null;
    return shaped(op.type(0), kept, op.elements(0));
  }
  const indices = normalizeAxes(axes, dims.length);
  const kept = indices === null ? null : dims.filter((_, axis) => !indices.includes(axis));
  return shaped(op.type(0), kept, op.elements(0));
};

const unsqueeze: Inference = (op) => {
  const dims = op.dims(0);
  const axes = op.numbersFrom('axes', AXES_MOVED);
  if (dims === null || axes === null || axes === 'absent') return shaped(op.type(0), null);
  const indices = normalizeAxes(axes, dims.length + axes.length);
  if (indices === null || new Set(indices).size < axes.length) return shaped(op.type(0), null);
  const rest = [...dims];
  const made = Array.from({ length: dims.length + axes.length }, (_, axis) =>
    indices.includes(axis) ? 1 : (rest.shift() ?? null),
  );
  return shaped(op.type(0), made, op.elements(0));
};

const transpose: Inference = (op) => {
  const dims = op.dims(0);
  if (dims === null) return shaped(op.type(0), null);
  const order = op.ints('perm') ?? [...dims.keys()].reverse();
  return shaped(
    op.type(0),
    order.map((axis) => dims[axis] ?? null),
    permuteElements(op.input(0), order),
  );
};

const expand: Inference = (op) => {
  const target = op.elements(1);
  const dims = op.dims(0);
  const rank = op.dims(1)?.[0];
  if (target === null) {
    const isKnown = dims !== null && typeof rank === 'number';
    return shaped(op.type(0), unknownDims(isKnown ? Math.max(rank, dims.length) : null));
  }
  const wanted = target.map((entry) => (op.algebra.isNonNegative(entry) ? entry : null));
  const made = broadcastDims(op, [dims, wanted]);
  const [only = null, ...more] = op.elements(0) ?? [];
  return shaped(op.type(0), made, more.length === 0 && only !== null ? repeat(only, made) : null);
};

/** One element in every place of a small shape. */
export function repeat(element: Dim, dims: readonly Dim[] | null): readonly Dim[] | null {
  const size = fixedSize(dims);
  if (size === null || size > MAX_ELEMENTS) return null;
  return Array.from({ length: size }, () => element);
}

const tile: Inference = (op) => {
  const dims = op.dims(0);
  const repeats = op.elements(1);
  if (dims === null) return shaped(op.type(0), null);
  return shaped(
    op.type(0),
    dims.map((dim, axis) => op.algebra.multiply(dim, repeats?.[axis] ?? null)),
  );
};

export const reshaping: Inferences = {
  Expand: expand,
  Flatten: flatten,
  Reshape: reshape,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
