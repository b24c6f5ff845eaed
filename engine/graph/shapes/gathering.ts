import type { Dim } from '../describe.ts';
import { elementTypeName } from '../element-type.ts';
import { everyOne } from './elementwise.ts';
import {
  normalizeAxis,
  withDim,
  type Inference,
  type Inferences,
  type Operator,
} from './operator.ts';
import { shaped, unknownDims } from './value-shape.ts';

/** Operators that pick elements by index, pad, and move between depth and space. */

const gather: Inference = (op) => {
  const [data, indices] = [op.dims(0), op.dims(1)];
  const axis = data === null ? null : normalizeAxis(op.int('axis', 0), data.length);
  if (data === null || indices === null || axis === null) return shaped(op.type(0), null);
  const made = [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
  const elements = data.length === 1 ? pick(op.elements(0), op.elements(1)) : null;
  return shaped(op.type(0), made, elements);
};

function pick(
  elements: readonly Dim[] | null,
  indices: readonly Dim[] | null,
): readonly Dim[] | null {
  if (elements === null || indices === null) return null;
  return indices.map((index) => {
    const at = typeof index === 'number' ? normalizeAxis(index, elements.length) : null;
    return at === null ? null : (elements[at] ?? null);
  });
}

const gatherElements: Inference = (op) => shaped(op.type(0), op.dims(1));

const gatherND: Inference = (op) => {
  const [data, indices] = [op.dims(0), op.dims(1)];
  const depth = indices?.at(-1);
  if (data === null || indices === null || typeof depth !== 'number')
    return shaped(op.type(0), null);
  const batch = op.int('batch_dims', 0);
  return shaped(op.type(0), [...indices.slice(0, -1), ...data.slice(batch + depth)]);
};

/** Pads became an input with opset 11, axes came with 18. */
const pad: Inference = (op) => {
  const dims = op.dims(0);
  if (dims === null) return shaped(op.type(0), null);
  const pads = op.opset < 11 ? op.ints('pads') : op.elements(1);
  const axes = op.opset >= 18 && op.has(3) ? op.numbers(3) : [...dims.keys()];
  if (pads === null || axes === null) return shaped(op.type(0), unknownDims(dims.length));
  const made = [...dims];
  for (const [index, given] of axes.entries()) {
    const axis = normalizeAxis(given, dims.length);
    if (axis === null) return shaped(op.type(0), unknownDims(dims.length));
    const [begin = null, end = null] = [pads[index], pads[index + axes.length]];
    made[axis] = op.algebra.add(dims[axis] ?? null, op.algebra.add(begin, end));
  }
  return shaped(op.type(0), made);
};

const depthToSpace: Inference = (op) => moveBlocks(op, 1 / op.int('blocksize', 1));

const spaceToDepth: Inference = (op) => moveBlocks(op, op.int('blocksize', 1));

/** `block` is below 1 where blocks of the depth go to space. */
function moveBlocks(op: Operator, block: number): ReturnType<Inference> {
  const dims = op.dims(0);
  const [batch = null, depth = null, height = null, width = null] = dims ?? [];
  if (dims?.length !== 4) return shaped(op.type(0), null);
  const { algebra } = op;
  const size = Math.round(block < 1 ? 1 / block : block);
  const [more, fewer] = [
    (dim: Dim, by: number): Dim => algebra.multiply(dim, by),
    (dim: Dim, by: number): Dim => algebra.divide(dim, by),
  ];
  const [space, deep] = block < 1 ? [more, fewer] : [fewer, more];
  return shaped(op.type(0), [
    batch,
    deep(depth, size * size),
    space(height, size),
    space(width, size),
  ]);
}

/** [indices..., depth, ...indices]; the values give the type. */
const oneHot: Inference = (op) => {
  const indices = op.dims(0);
  const axis = indices === null ? null : normalizeAxis(op.int('axis', -1), indices.length + 1);
  if (indices === null || axis === null) return shaped(op.type(2), null);
  const depth = op.elements(1)?.[0] ?? null;
  return shaped(op.type(2), indices.toSpliced(axis, 0, typeof depth === 'number' ? depth : null));
};

const compress: Inference = (op) => {
  const dims = op.dims(0);
  if (!op.node.attributes.has('axis')) return shaped(op.type(0), [null]);
  const axis = dims === null ? null : normalizeAxis(op.int('axis', 0), dims.length);
  return shaped(op.type(0), dims === null || axis === null ? null : withDim(dims, axis, null));
};

const nonZero: Inference = (op) => shaped('int64', [op.dims(0)?.length ?? null, null]);

const eyeLike: Inference = (op) => {
  const type = elementTypeName(op.int('dtype', 0));
  return shaped(type ?? op.type(0), op.dims(0));
};

/** [batch, channels, ...spatial] read at [batch, ...points, coordinates]. */
const gridSample: Inference = (op) => {
  const [data, grid] = [op.dims(0), op.dims(1)];
  if (data === null || grid === null) return shaped(op.type(0), null);
  return shaped(op.type(0), [data[0] ?? null, data[1] ?? null, ...grid.slice(1, -1)]);
};

export const gathering: Inferences = {
  ...everyOne('EyeLike RandomNormalLike RandomUniformLike', eyeLike),
  Compress: compress,
  DepthToSpace: depthToSpace,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  GridSample: gridSample,
  NonMaxSuppression: () => shaped('int64', [null, 3]),
  NonZero: nonZero,
  OneHot: oneHot,
  Pad: pad,
  SpaceToDepth: spaceToDepth,
};
