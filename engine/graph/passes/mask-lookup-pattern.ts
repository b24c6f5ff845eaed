import { intAttribute } from '../attributes.ts';
import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { sourceOf, type AxisMap, type ShapesOf } from './mask-axes.ts';
import { moveSum, type IndexReader, type IndexSum } from './mask-index-pattern.ts';

/** Every element is `table[row, column]`, both sums of the element's own indices. */
export interface Lookup {
  /** A matrix, such as a padding mask of `[batch, length]`. */
  readonly table: IrValue;
  readonly row: IndexSum;
  readonly column: IndexSum;
}

/** Changes of axes behind a look-up, and as many again where there is none. */
const MAX_STEPS = 8;

/**
 * Reads what exporters make of `mask[b, k]`: GatherND, Gather of the flattened matrix
 * at `k + S * b`, or only other axes. A matrix is a look-up in itself. Null for others.
 */
export function readLookup(
  value: IrValue,
  reader: IndexReader,
  shapesOf: ShapesOf,
  steps = MAX_STEPS,
): Lookup | null {
  const node = value.producer;
  const source = node === null || steps === 0 ? null : sourceOf(node, shapesOf);
  if (source !== null) {
    const lookup = readLookup(source.value, reader, shapesOf, steps - 1);
    return lookup === null ? null : moveLookup(lookup, source.axes);
  }
  if (node?.is('Gather') === true) return readGather(node, reader, shapesOf);
  if (node?.is('GatherND') === true) return readGatherND(node, reader, shapesOf);
  const { dims } = shapesOf(value);
  if (dims?.length !== 2) return null;
  const [rows, columns] = dims.map((dim) => (dim === 1 ? 0 : 1));
  return {
    table: value,
    row: { steps: [rows ?? 0, 0], offset: 0 },
    column: { steps: [0, columns ?? 0], offset: 0 },
  };
}

export function moveLookup({ table, row, column }: Lookup, axes: AxisMap): Lookup {
  return { table, row: moveSum(row, axes), column: moveSum(column, axes) };
}

/** From a matrix as one list, by `column + columns * row`. */
function readGather(node: IrNode, reader: IndexReader, shapesOf: ShapesOf): Lookup | null {
  const [list = null, indices = null] = node.inputs;
  if (list === null || indices === null || intAttribute(node, 'axis', 0) !== 0) return null;
  const isList =
    shapesOf(list)
      .dims?.slice(1)
      .every((dim) => dim === 1) ?? false;
  const table = isList ? matrixBehind(list, shapesOf) : null;
  const columns = table === null ? null : shapesOf(table).dims?.[1];
  const [index, dims] = [reader.read(indices), shapesOf(indices).dims];
  if (table === null || index === null || dims === null) return null;
  if (columns === null || columns === undefined) return null;
  // Only an index as long as a row stays in it.
  const isColumn = index.steps.map((step, axis) => step === 1 && dims[axis] === columns);
  const isRow = index.steps.map((step) => step === columns);
  const isClear = index.steps.every((step, axis) => {
    return step === 0 || isColumn[axis] === true || isRow[axis] === true;
  });
  if (!isClear || index.offset !== 0 || count(isColumn) > 1) return null;
  const rank = shapesOf(node.output).dims?.length ?? dims.length;
  return { table, row: asSum(isRow, rank), column: asSum(isColumn, rank) };
}

/** The matrix of which a value is the elements in a row. */
function matrixBehind(list: IrValue, shapesOf: ShapesOf): IrValue | null {
  const before = list.producer;
  const isReshape = before?.is('Flatten') === true || before?.is('Reshape') === true;
  const [matrix = null] = isReshape ? before.inputs : [];
  return matrix !== null && shapesOf(matrix).dims?.length === 2 ? matrix : null;
}

function count(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length;
}

/** Steps of 1 where the flag is set; the axes beyond have one element. */
function asSum(flags: readonly boolean[], rank: number): IndexSum {
  const steps = Array.from({ length: rank }, (_, axis) => (flags[axis] === true ? 1 : 0));
  return { steps, offset: 0 };
}

/** Index pairs along the last axis. */
function readGatherND(node: IrNode, reader: IndexReader, shapesOf: ShapesOf): Lookup | null {
  const [table = null, indices = null] = node.inputs;
  const pairs = indices?.producer ?? null;
  const dims: readonly Dim[] | null = table === null ? null : shapesOf(table).dims;
  if (table === null || pairs === null || dims?.length !== 2 || !pairs.is('Concat')) return null;
  const rank = shapesOf(pairs.output).dims?.length;
  const axis = intAttribute(pairs, 'axis', 0);
  const isLast = axis === -1 || (rank !== undefined && axis === rank - 1);
  if (!isLast || pairs.inputs.length !== 2 || intAttribute(node, 'batch_dims', 0) !== 0)
    return null;
  const [row = null, column = null] = pairs.inputs.map((value) => {
    const isOne = value !== null && shapesOf(value).dims?.at(-1) === 1;
    const sum = isOne ? reader.read(value) : null;
    return sum === null ? null : { ...sum, steps: sum.steps.slice(0, -1) };
  });
  return row === null || column === null ? null : { table, row, column };
}
