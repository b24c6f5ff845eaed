import type { MaskForm } from './attention-forms.ts';
import type { TokenWriter } from './token-writer.ts';

/** Booleans by sample, query and key, as exporters write them. */
export type ConditionForm = (writer: TokenWriter) => string;

export const LOWEST = -3.402_823_466_385_288_6e38;

/** Positions along the given axis of four. */
function positions(writer: TokenWriter, axis: 0 | 2 | 3): string {
  const count = writer.dim(axis === 0 ? 0 : 1);
  const range = writer.node('Range', [writer.int(0), count, writer.int(1)]);
  const axes = [0, 1, 2, 3].filter((one) => one !== axis);
  return writer.node('Unsqueeze', [range, writer.ints(...axes)]);
}

export function compared(opType: string, left: 2 | 3, right: 2 | 3): ConditionForm {
  return (writer) => writer.node(opType, [positions(writer, left), positions(writer, right)]);
}

/** The same of positions that were counted when the model was exported. */
export function countedCausal(length: number): ConditionForm {
  return (writer) => {
    const data = BigInt64Array.from({ length }, (_, index) => BigInt(index));
    for (const [name, dims] of [
      ['columns', [1, 1, 1, length]],
      ['rows', [1, 1, length, 1]],
    ] as const) {
      writer.builder.initializer(name, { type: 'int64', dims, data });
    }
    return writer.node('LessOrEqual', ['columns', 'rows']);
  };
}

/** Positions of keys that are no sum of indices: 0, and 1 for all others. */
export const roundedKeys: ConditionForm = (writer) => {
  const isLater = writer.node('Cast', [positions(writer, 3)], { to: { int: 9 } });
  const columns = writer.node('Cast', [isLater], { to: { int: 7 } });
  return writer.node('LessOrEqual', [columns, positions(writer, 2)]);
};

/** A key is no later than the query. */
export const causal = compared('LessOrEqual', 3, 2);

function isKept(writer: TokenWriter): string {
  return writer.node('Cast', ['mask'], { to: { int: 9 } });
}

/** Of today's tracing exporter: the flat mask at `k + S * b`. */
export const keptByGather: ConditionForm = (writer) => {
  const flat = writer.node('Flatten', [isKept(writer)], { axis: { int: 2 } });
  const length = writer.node('Gather', [writer.node('Shape', ['mask']), writer.ints(1)]);
  const start = writer.node('Mul', [positions(writer, 0), length]);
  const index = writer.node('Add', [positions(writer, 3), start]);
  const found = writer.node('Gather', [flat, index], { axis: { int: 0 } });
  const list = writer.node('Reshape', [found, writer.ints(-1)]);
  return writer.node('Reshape', [list, writer.node('Shape', [index])]);
};

/** Of the dynamo exporter: pairs of indices. */
export const keptByGatherND: ConditionForm = (writer) => {
  const [rows, columns] = [positions(writer, 0), positions(writer, 3)];
  const shape = writer.node('Shape', [writer.node('Max', [rows, columns])]);
  const pairs = [rows, columns].map((index) =>
    writer.node('Unsqueeze', [writer.node('Expand', [index, shape]), writer.ints(-1)]),
  );
  const list = writer.node('Concat', pairs, { axis: { int: -1 } });
  return writer.node('GatherND', [isKept(writer), list]);
};

/** Of older ones: axes before the Cast. */
export const keptByUnsqueeze: ConditionForm = (writer) => {
  const wide = writer.node('Unsqueeze', ['mask', writer.ints(1, 2)]);
  return writer.node('Cast', [wide], { to: { int: 9 } });
};

/** Padding by what it is not, repeated for each query. */
export const notPadded: ConditionForm = (writer) => {
  const isPadding = writer.node('Equal', ['mask', writer.int(0)]);
  const wide = writer.node('Unsqueeze', [isPadding, writer.ints(1, 2)]);
  const length = writer.node('Unsqueeze', [writer.dim(1), writer.ints(0)]);
  const shape = writer.node('Concat', [writer.ints(1, 1), length, writer.ints(1)], {
    axis: { int: 0 },
  });
  return writer.node('Not', [writer.node('Expand', [wide, shape])]);
};

export function both(a: ConditionForm, b: ConditionForm): ConditionForm {
  return (writer) => writer.node('And', [a(writer), b(writer)]);
}

export function not(condition: ConditionForm): ConditionForm {
  return (writer) => writer.node('Not', [condition(writer)]);
}

/** The padding mask, of the queries instead of the keys. */
export const ofQueries: ConditionForm = (writer) => {
  const wide = writer.node('Unsqueeze', ['mask', writer.ints(1, 3)]);
  return writer.node('Cast', [wide], { to: { int: 9 } });
};

/** Always true: no position is below 0. */
export const always: ConditionForm = (writer) =>
  writer.node('GreaterOrEqual', [positions(writer, 2), writer.int(0)]);

/** Adds 0 where the condition holds, else `fill`. */
export function added(condition: ConditionForm, fill: number): MaskForm {
  return (writer, scores) => {
    const mask = writer.node('Where', [condition(writer), writer.number(0), writer.number(fill)]);
    return writer.node('Add', [scores, mask]);
  };
}

/** The same by the condition's opposite, mask first. */
export function addedWhereNot(condition: ConditionForm, fill: number): MaskForm {
  return (writer, scores) => {
    const isMasked = writer.node('Not', [condition(writer)]);
    const mask = writer.node('Where', [isMasked, writer.number(fill), writer.number(0)]);
    return writer.node('Add', [mask, scores]);
  };
}

/** Keeps the scores where the condition holds, else `fill`. */
export function chosen(condition: ConditionForm, fill: number): MaskForm {
  return (writer, scores) => writer.node('Where', [condition(writer), scores, writer.number(fill)]);
}

/** `(1 - mask) * fill` of `[N, 1, 1, S]`, of which only the sum is known. */
export function subtracted(fill: number): MaskForm {
  return (writer, scores) => {
    const wide = writer.node('Unsqueeze', ['mask', writer.ints(1, 2)]);
    const number = writer.node('Cast', [wide], { to: { int: 1 } });
    const inverse = writer.node('Sub', [writer.number(1), number]);
    const mask = writer.node('Mul', [inverse, writer.number(fill)]);
    return writer.node('Add', [scores, mask]);
  };
}

/** A constant triangle of 9, cut to the length, of booleans or of numbers to add. */
export function cutTriangle(kind: 'bool' | 'float32', fill = 0): ConditionForm {
  return (writer) => {
    const kept = triangle(9);
    const data =
      kind === 'bool'
        ? Uint8Array.from(kept, Number)
        : Float32Array.from(kept, (one) => (one ? 0 : fill));
    writer.builder.initializer('triangle', { type: kind, dims: [1, 1, 9, 9], data });
    const end = writer.node('Unsqueeze', [writer.dim(1), writer.ints(0)]);
    const rows = writer.node('Slice', ['triangle', writer.ints(0), end, writer.ints(2)]);
    return writer.node('Slice', [rows, writer.ints(0), end, writer.ints(3)]);
  };
}

/** A constant triangle of booleans of that length. */
export function wholeTriangle(length: number): ConditionForm {
  return (writer) => {
    const data = Uint8Array.from(triangle(length), Number);
    const content = { type: 'bool', dims: [1, 1, length, length], data };
    return writer.builder.initializer('triangle', content);
  };
}

/** Row by row, whether the column is no later. */
function triangle(length: number): boolean[] {
  return Array.from({ length: length ** 2 }, (_, index) => {
    return index % length <= Math.floor(index / length);
  });
}
