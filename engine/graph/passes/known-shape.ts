import type { Dim } from '../describe.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrValue } from '../ir/ir.ts';

/**
 * The shape of a value where it is certain: a number where fixed, a name where
 * symbolic (equal names are equal sizes), null where unknown; null altogether for
 * an unknown rank.
 */
export type ShapeOf = (value: IrValue | null | undefined) => readonly Dim[] | null;

/** Shapes of constants, and declared ones. */
export function knownShapes(_model: IrModel): ShapeOf {
  return (value) => (value ? (value.constant?.dims ?? declaredDims(value)) : null);
}

function declaredDims(value: IrValue): readonly Dim[] | null {
  const shape = value.info?.type?.tensorType?.shape;
  if (shape === undefined) return null;
  return shape.dims.map(({ value: size, symbol = '' }) => size ?? (symbol === '' ? null : symbol));
}

/** Certain to be the same shape, dim by dim. */
export function isSameShape(a: readonly Dim[] | null, b: readonly Dim[] | null): boolean {
  if (a === null || b === null || a.length !== b.length) return false;
  return a.every((dim, axis) => dim !== null && dim === b[axis]);
}
