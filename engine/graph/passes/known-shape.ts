import type { Dim } from '../describe.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrValue } from '../ir/ir.ts';
import { inferShapes } from '../shapes/infer-shapes.ts';
import type { ShapeMap } from '../shapes/value-shape.ts';

/**
 * The shape of a value where it is certain: a number where fixed, a name where
 * symbolic (equal names are equal sizes), null where unknown; null altogether for
 * an unknown rank.
 */
export type ShapeOf = (value: IrValue | null | undefined) => readonly Dim[] | null;

/** Shapes as they are inferred, at the first question: most models need none. */
export function knownShapes(model: IrModel): ShapeOf {
  let shapes: ShapeMap | null = null;
  return (value) => {
    if (value === null || value === undefined) return null;
    if (value.constant !== null) return value.constant.dims;
    shapes ??= inferShapes(model);
    return shapes.of(value).dims;
  };
}

/** Certain to be the same shape, dim by dim. */
export function isSameShape(a: readonly Dim[] | null, b: readonly Dim[] | null): boolean {
  if (a === null || b === null || a.length !== b.length) return false;
  return a.every((dim, axis) => dim !== null && dim === b[axis]);
}
