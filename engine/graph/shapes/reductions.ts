import type { Dim } from '../describe.ts';
import { combineElements } from './element-arithmetic.ts';
import { everyOne } from './elementwise.ts';
import {
  normalizeAxes,
  normalizeAxis,
  withDim,
  type Inference,
  type Inferences,
  type Operator,
} from './operator.ts';
import { shaped, unknownDims } from './value-shape.ts';

/** Axes became an input with opset 18, for ReduceSum with 13. */
const reduction: Inference = (op) => {
  const since = op.node.opType === 'ReduceSum' ? 13 : 18;
  const axes = op.numbersFrom('axes', { since, input: 1 });
  const keepDims = op.int('keepdims', 1) !== 0;
  const dims = op.dims(0);
  const type = op.type(0);
  if (dims === null) return shaped(type, null);
  if (axes === null) return shaped(type, keepDims ? unknownDims(dims.length) : null);
  if (axes === 'absent' || axes.length === 0) {
    if (op.int('noop_with_empty_axes', 0) !== 0) return op.input(0);
    return reduceAxes(op, [...dims.keys()], keepDims);
  }
  const indices = normalizeAxes(axes, dims.length);
  return indices === null ? shaped(type, null) : reduceAxes(op, indices, keepDims);
};

function reduceAxes(
  op: Operator,
  axes: readonly number[],
  keepDims: boolean,
): ReturnType<Inference> {
  const dims = op.dims(0) ?? [];
  const reduced = new Set(axes);
  const kept = keepDims
    ? dims.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
    : dims.filter((_, axis) => !reduced.has(axis));
  return shaped(op.type(0), kept, reduced.size === dims.length ? reduceElements(op) : null);
}

/** All elements to one, for integers: the number of elements from a shape. */
function reduceElements(op: Operator): readonly Dim[] | null {
  const combine = COMBINES[op.node.opType];
  const [first, ...more] = op.elements(0) ?? [];
  if (combine === undefined || first === undefined || op.type(0) === 'float32') return null;
  const context = { type: op.type(0), algebra: op.algebra };
  return [more.reduce((sum, next) => combineElements(combine, sum, next, context), first)];
}

const COMBINES: Readonly<Record<string, string>> = {
  ReduceMax: 'Max',
  ReduceMin: 'Min',
  ReduceProd: 'Mul',
  ReduceSum: 'Add',
};

const argument: Inference = (op) => {
  const dims = op.dims(0);
  const axis = dims === null ? null : normalizeAxis(op.int('axis', 0), dims.length);
  if (dims === null || axis === null) return shaped('int64', null);
  const kept = op.int('keepdims', 1) !== 0;
  return shaped('int64', kept ? withDim(dims, axis, 1) : dims.toSpliced(axis, 1));
};

/** K became an input with opset 10. */
const topK: Inference = (op) => {
  const dims = op.dims(0);
  const axis = dims === null ? null : normalizeAxis(op.int('axis', -1), dims.length);
  const count = op.opset < 10 ? op.int('k', -1) : (op.elements(1)?.[0] ?? null);
  const found = dims === null || axis === null ? null : withDim(dims, axis, count);
  return [shaped(op.type(0), found), shaped('int64', found)];
};

export const reductions: Inferences = {
  ...everyOne(
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ' +
      'ReduceSum ReduceSumSquare',
    reduction,
  ),
  ...everyOne('ArgMax ArgMin', argument),
  TopK: topK,
};
