import { intAttribute } from '../attributes.ts';
import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { ShapeMap } from '../shapes/value-shape.ts';
import { readIntegers } from '../tensor-values.ts';

/** Steps up from a value before it is given up. */
const MAX_STEPS = 16;

/** Operators that give nothing but elements of their first input. */
const REARRANGING = new Set([
  'Expand',
  'Flatten',
  'Gather',
  'GatherElements',
  'Identity',
  'Reshape',
  'Slice',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

/**
 * The integer that every element of a value is, whatever the model is fed, such as the
 * token type that an exporter fills in; null where that is not sure.
 */
export function uniformInteger(value: IrValue): number | null {
  let source = value;
  for (let step = 0; step < MAX_STEPS && source.constant === null; step += 1) {
    const { producer } = source;
    const [data = null] = producer?.inputs ?? [];
    if (producer === null || data === null || !producer.isOneOf(REARRANGING)) break;
    source = data;
  }
  const elements = elementsOf(source);
  const [first] = elements ?? [];
  if (first === undefined) return null;
  return elements?.every((element) => element === first) === true ? first : null;
}

/** Of a constant; of ConstantOfShape the one element that it repeats. */
function elementsOf({ constant, producer }: IrValue): readonly number[] | null {
  if (constant !== null) return readIntegers(constant);
  const isFilled = producer !== null && producer.is('ConstantOfShape');
  const tensor = isFilled ? producer.attributes.get('value')?.t : undefined;
  return tensor === undefined ? null : readIntegers(tensor);
}

/**
 * Whether a value is 0, 1, 2, ... up to `length`, which is known by number or name: as
 * the beginning of a constant, or as a Range. Where the constant is shorter it ends
 * there, so whoever relies on `length` must fail then.
 */
export function isCounted(value: IrValue, length: Dim, shapes: ShapeMap): boolean {
  const { producer } = value;
  if (producer === null || length === null) return false;
  if (producer.is('Unsqueeze')) {
    // [length] to [1, length]; along another axis it would become a column.
    const [inner = null] = producer.inputs;
    const isRow = shapes.of(value).dims?.[0] === 1;
    return isRow && inner !== null && isCounted(inner, length, shapes);
  }
  const inputs = producer.inputs.map((one) => (one === null ? null : shapes.of(one).elements));
  if (producer.is('Range')) {
    const [start, limit, delta] = inputs;
    return start?.[0] === 0 && limit?.[0] === length && delta?.[0] === 1;
  }
  return producer.is('Slice') && isBeginning(producer, inputs) && inputs[2]?.[0] === length;
}

/** The last axis of a counting constant from its first element on: starts, ends, axes, steps. */
function isBeginning(slice: IrNode, inputs: readonly (readonly Dim[] | null)[]): boolean {
  const constant = slice.inputs[0]?.constant ?? null;
  const elements = constant === null ? null : readIntegers(constant);
  if (constant === null || elements === null || elements.length < 2) return false;
  if (constant.dims.at(-1) !== elements.length) return false;
  const last = constant.dims.length - 1;
  const [, starts, ends, axes, steps] = inputs;
  const [axesInput = null, stepsInput = null] = slice.inputs.slice(3);
  const isLast = axesInput === null ? last === 0 : axes?.[0] === last || axes?.[0] === -1;
  const isEach = stepsInput === null || steps?.[0] === 1;
  const isOne = starts?.length === 1 && starts[0] === 0 && ends?.length === 1;
  return isOne && isLast && isEach && elements.every((element, index) => element === index);
}

/** Rows of a constant table of `rows x columns`, for each index. */
export interface Lookup {
  readonly gather: IrNode;
  readonly table: IrValue;
  readonly ids: IrValue;
}

/** Null for what is no Gather along the first axis of a constant matrix. */
export function readLookup(value: IrValue): Lookup | null {
  const gather = value.producer;
  const [table = null, ids = null] = gather?.inputs ?? [];
  if (gather === null || table === null || ids === null || !gather.is('Gather')) return null;
  if (table.constant?.dims.length !== 2 || intAttribute(gather, 'axis', 0) !== 0) return null;
  return { gather, table, ids };
}
