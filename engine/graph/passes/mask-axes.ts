import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { ValueShape } from '../shapes/value-shape.ts';

/** What is known of values before the model runs: shapes, and small integers among them. */
export type ShapesOf = (value: IrValue) => ValueShape;

/**
 * For each axis of a value the axis of another that it runs along; null where it has
 * one element or the other value is the same all along it.
 */
export type AxisMap = readonly (number | null)[];

/** A value that another one repeats or shows with other axes, element by element. */
export interface Source {
  readonly value: IrValue;
  readonly axes: AxisMap;
}

/** Operators that keep all elements in their order. */
const RESHAPING = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);
/** Exporters write three in a row. */
const MAX_STEPS = 8;

/** What a node that only renames, adds or repeats axes shows; null for any other node. */
export function sourceOf(node: IrNode, shapesOf: ShapesOf): Source | null {
  if (node.isOneOf(RESHAPING)) return reshapedSource(node, shapesOf);
  const [value = null] = node.inputs;
  if (value === null || !node.is('Expand')) return null;
  const axes = broadcastAxes(shapesOf(value).dims, shapesOf(node.output).dims);
  return axes === null ? null : { value, axes };
}

/** Several in a row may pass through a shape that tells nothing, such as `[N*S]`. */
function reshapedSource(node: IrNode, shapesOf: ShapesOf): Source | null {
  const { dims } = shapesOf(node.output);
  let value = node.inputs[0] ?? null;
  for (let step = 0; step < MAX_STEPS && value !== null; step += 1) {
    const axes = renamedAxes(shapesOf(value).dims, dims);
    if (axes !== null) return { value, axes };
    const before: IrNode | null = value.producer;
    value = before?.isOneOf(RESHAPING) === true ? (before.inputs[0] ?? null) : null;
  }
  return null;
}

/** With the elements in the same order, the axes of more than one element are the same ones. */
function renamedAxes(from: readonly Dim[] | null, to: readonly Dim[] | null): AxisMap | null {
  if (from === null || to === null) return null;
  const sources = [...from.keys()].filter((axis) => from[axis] !== 1);
  const axes = to.map((dim) => (dim === 1 ? null : (sources.shift() ?? -1)));
  const isSame = axes.every(
    (axis, index) => axis === null || (to[index] !== null && from[axis] === to[index]),
  );
  return isSame && sources.length === 0 ? axes : null;
}

/** Null where it is not certain which dims are repeated. */
export function broadcastAxes(
  from: readonly Dim[] | null,
  to: readonly Dim[] | null,
): AxisMap | null {
  if (from === null || to === null || from.length > to.length) return null;
  const shift = to.length - from.length;
  const axes = to.map((_, axis) =>
    axis < shift || from[axis - shift] === 1 ? null : axis - shift,
  );
  const isKnown = axes.every(
    (axis, index) => axis === null || (from[axis] !== null && from[axis] === to[index]),
  );
  return isKnown ? axes : null;
}
