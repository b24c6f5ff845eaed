import type { Dim } from '../describe.ts';
import { elementTypeName } from '../element-type.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrValue } from '../ir/ir.ts';
import type { OnnxValueInfo } from '../model.ts';
import { shaped, UNKNOWN, type ShapeMap, type ValueShape } from './value-shape.ts';

/** What a file says of its values. */

/** Negative and empty dims are unknown: some exporters write them so. */
export function declaredShape(info: OnnxValueInfo | null): ValueShape {
  const tensor = info?.type?.tensorType;
  if (tensor === undefined) return UNKNOWN;
  const dims = tensor.shape?.dims.map(({ value, symbol = '' }): Dim => {
    if (value !== undefined) return value < 0 ? null : value;
    return symbol === '' ? null : symbol;
  });
  return shaped(elementTypeName(tensor.elemType), dims ?? null);
}

/**
 * Declarations that say more than `inferred` does: of what nodes make only, and
 * without symbols, which mean something at the model's inputs alone. None at all when
 * one of them contradicts: declarations often survive a change of the inputs (a batch
 * of 1 made free), and then the others are not to be believed either.
 */
export function usefulDeclarations(
  model: IrModel,
  inferred: ShapeMap,
): ReadonlyMap<IrValue, ValueShape> {
  const useful = new Map<IrValue, ValueShape>();
  for (const value of madeValues(model.graph)) {
    const { type, dims } = declaredShape(value.info);
    const declared = shaped(
      type,
      dims?.map((dim) => (typeof dim === 'number' ? dim : null)) ?? null,
    );
    const known = inferred.of(value);
    if (contradicts(declared, known)) return new Map();
    if (saysMore(declared, known)) useful.set(value, declared);
  }
  return useful;
}

function* madeValues(main: IrGraph): Generator<IrValue> {
  const graphs: IrGraph[] = [main];
  for (let graph = graphs.pop(); graph !== undefined; graph = graphs.pop()) {
    for (const node of graph.nodes) {
      graphs.push(...node.allSubgraphs());
      for (const value of node.outputs) if (value !== null && value.info !== null) yield value;
    }
  }
}

function contradicts(declared: ValueShape, known: ValueShape): boolean {
  if (declared.type !== null && known.type !== null && declared.type !== known.type) return true;
  if (declared.dims === null || known.dims === null) return false;
  if (declared.dims.length !== known.dims.length) return true;
  return declared.dims.some((dim, axis) => {
    const other = known.dims?.[axis] ?? null;
    return dim !== null && other !== null && dim !== other;
  });
}

function saysMore(declared: ValueShape, known: ValueShape): boolean {
  if (declared.type !== null && known.type === null) return true;
  if (declared.dims === null) return false;
  return declared.dims.some(
    (dim, axis) => known.dims === null || (dim !== null && known.dims[axis] === null),
  );
}

/** What was inferred, its gaps filled. */
export function fillGaps(inferred: ValueShape, declared: ValueShape | undefined): ValueShape {
  if (declared === undefined) return inferred;
  const dims = inferred.dims?.map((dim, axis) => dim ?? declared.dims?.[axis] ?? null);
  return shaped(inferred.type ?? declared.type, dims ?? declared.dims, inferred.elements);
}
