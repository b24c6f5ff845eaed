import type { Dim } from '../describe.ts';
import { takeElements } from './element-selection.ts';
import {
  allNumbers,
  normalizeAxes,
  normalizeAxis,
  withDim,
  type Inference,
  type Inferences,
  type Operator,
} from './operator.ts';
import { MAX_ELEMENTS, shaped, unknownDims } from './value-shape.ts';

/** Operators that take parts of a tensor, or put parts together. */

/** Along one axis; a bound may be a symbol. */
interface Range {
  readonly start: Dim;
  readonly end: Dim;
  readonly step: Dim;
}

/** Bounds became inputs with opset 10. */
const slice: Inference = (op) => {
  const dims = op.dims(0);
  if (dims === null) return shaped(op.type(0), null);
  const starts = op.opset < 10 ? op.ints('starts') : op.elements(1);
  const ends = op.opset < 10 ? op.ints('ends') : op.elements(2);
  const axes = sliceAxes(op, dims.length);
  if (axes === null) return shaped(op.type(0), unknownDims(dims.length));
  const made = [...dims];
  const positions: (readonly number[] | null)[] = dims.map((dim) => positionsIn(dim, WHOLE));
  for (const [index, axis] of axes.entries()) {
    const step = op.opset >= 10 && op.has(4) ? (op.elements(4)?.[index] ?? null) : 1;
    const range = { start: starts?.[index] ?? null, end: ends?.[index] ?? null, step };
    made[axis] = slicedDim(op, dims[axis] ?? null, range);
    positions[axis] = positionsIn(dims[axis] ?? null, range);
  }
  const isKnown = positions.every((list) => list !== null);
  return shaped(op.type(0), made, isKnown ? takeElements(op.input(0), positions) : null);
};

const WHOLE: Range = Object.freeze({ start: 0, end: Infinity, step: 1 });

/** Null where they are not known. */
function sliceAxes(op: Operator, rank: number): readonly number[] | null {
  const axes = op.opset < 10 ? (op.ints('axes') ?? 'absent') : op.has(3) ? op.numbers(3) : 'absent';
  if (axes === null) return null;
  if (axes !== 'absent') return normalizeAxes(axes, rank);
  const count = op.opset < 10 ? op.ints('starts')?.length : op.dims(1)?.[0];
  return typeof count === 'number' && count <= rank
    ? Array.from({ length: count }, (_, i) => i)
    : null;
}

function slicedDim({ algebra }: Operator, dim: Dim, { start, end, step }: Range): Dim {
  if (typeof step !== 'number' || step === 0) return null;
  if (typeof dim === 'number' && typeof start === 'number' && typeof end === 'number') {
    const [first, last] = clampRange(dim, { start, end, step });
    return Math.max(0, Math.ceil((last - first) / step));
  }
  if (dim === null) return null;
  if (step === -1 && start === -1 && end === -Infinity) return dim;
  if (step !== 1 || start !== 0) return null;
  // A negative end counts from the back; a symbol that is a difference may be negative.
  return algebra.isNonNegative(end) ? algebra.minimum(dim, end) : null;
}

/** The positions to begin at and to end before, as the specification of Slice clamps them. */
function clampRange(
  size: number,
  { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
): readonly [number, number] {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (bound: number, least: number): number =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, least), high);
  return [clamp(start, step > 0 ? low : 0), clamp(end, low)];
}

/** Null where a bound is not known, or for too many to be worth it. */
function positionsIn(dim: Dim, { start, end, step }: Range): readonly number[] | null {
  const bounds = allNumbers([dim, start, end, step]);
  const [size = 0, from = 0, to = 0, by = 0] = bounds ?? [];
  if (bounds === null || by === 0 || size > MAX_ELEMENTS) return null;
  const [first, last] = clampRange(size, { start: from, end: to, step: by });
  const taken: number[] = [];
  for (let at = first; by > 0 ? at < last : at > last; at += by) taken.push(at);
  return taken;
}

const split: Inference = (op) => {
  const dims = op.dims(0);
  const type = op.type(0);
  const count = op.node.outputs.length;
  const axis = dims === null ? null : normalizeAxis(op.int('axis', 0), dims.length);
  if (dims === null || axis === null)
    return Array.from({ length: count }, () => shaped(type, null));
  const parts = splitSizes(op, dims[axis] ?? null);
  let start = 0;
  return Array.from({ length: count }, (_, index) => {
    const part = parts?.[index] ?? null;
    const end = start + (typeof part === 'number' ? part : NaN);
    const elements = dims.length === 1 && end >= start ? op.elements(0)?.slice(start, end) : null;
    start = end;
    return shaped(type, withDim(dims, axis, part), elements ?? null);
  });
};

/** Given since opset 13 by an input, or equal parts, of which the last may be smaller. */
function splitSizes(op: Operator, dim: Dim): readonly Dim[] | null {
  const given = op.opset < 13 ? op.ints('split') : op.has(1) ? op.elements(1) : null;
  if (given !== null) return given;
  if (op.opset >= 13 && op.has(1)) return null;
  const count = op.node.outputs.length;
  if (typeof dim !== 'number') {
    const part = op.algebra.divide(dim, count);
    return Array.from({ length: count }, () => part);
  }
  const part = Math.ceil(dim / count);
  return Array.from({ length: count }, (_, index) =>
    Math.max(0, Math.min(part, dim - index * part)),
  );
}

const concat: Inference = (op) => {
  const { algebra } = op;
  const known = op.inputs.map(({ dims }) => dims).filter((dims) => dims !== null);
  const [first] = known;
  const axis = first === undefined ? null : normalizeAxis(op.int('axis', 1), first.length);
  if (first === undefined || axis === null) return shaped(op.type(0), null);
  const isComplete = known.length === op.inputs.length;
  const made = first.map((_, at) => {
    const column = known.map((dims) => dims[at] ?? null);
    if (at === axis)
      return isComplete ? column.reduce((sum, dim) => algebra.add(sum, dim), 0) : null;
    // They are equal: one that is known says it for all, a number rather than a symbol.
    return (
      column.find((dim) => typeof dim === 'number') ?? column.find((dim) => dim !== null) ?? null
    );
  });
  const elements = first.length === 1 ? joinElements(op) : null;
  return shaped(op.inputs.find(({ type }) => type !== null)?.type ?? null, made, elements);
};

function joinElements({ inputs }: Operator): readonly Dim[] | null {
  if (inputs.some(({ dims }) => typeof dims?.[0] !== 'number')) return null;
  return inputs.flatMap(({ dims, elements }) => elements ?? unknownDims(dims?.[0]) ?? []);
}

export const slicing: Inferences = { Concat: concat, Slice: slice, Split: split };
