import type { Dim } from '../describe.ts';
import { elementTypeName } from '../element-type.ts';
import { constantShape } from './constant-elements.ts';
import { repeat } from './reshaping.ts';
import type { Inference, Inferences, Operator } from './operator.ts';
import { MAX_ELEMENTS, shaped, unknownDims, UNKNOWN } from './value-shape.ts';

/** Operators that make a tensor of nothing, of a shape, or of numbers. */

const constant: Inference = (op) => {
  const { attributes } = op.node;
  const tensor = attributes.get('value')?.t;
  if (tensor !== undefined) return constantShape(tensor);
  const int = attributes.get('value_int')?.i;
  if (int !== undefined) return shaped('int64', [], [exact(int)]);
  const ints = attributes.get('value_ints')?.ints;
  if (ints !== undefined) return shaped('int64', [ints.length], ints.map(exact));
  const float = attributes.get('value_float')?.f;
  if (float !== undefined) return shaped('float32', [], [float]);
  const floats = attributes.get('value_floats')?.floats;
  return floats === undefined ? UNKNOWN : shaped('float32', [floats.length], [...floats]);
};

function exact(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : number * Infinity;
}

/** The dims from `start` to before `end`, both as of opset 15. */
const shape: Inference = (op) => {
  const dims = op.dims(0);
  if (dims === null) return shaped('int64', [null]);
  const { attributes } = op.node;
  const end = attributes.has('end') ? op.int('end', 0) : dims.length;
  const taken = dims.slice(op.int('start', 0), end);
  return shaped('int64', [taken.length], taken);
};

const size: Inference = (op) => {
  const dims = op.dims(0);
  return shaped('int64', [], dims === null ? null : [op.algebra.product(dims)]);
};

const constantOfShape: Inference = (op) => {
  const tensor = op.node.attributes.get('value')?.t;
  const value = tensor === undefined ? shaped('float32', [1], [0]) : constantShape(tensor);
  const wanted = op.elements(0);
  const rank = op.dims(0)?.[0];
  const dims =
    wanted?.map((dim) => (op.algebra.isNonNegative(dim) ? dim : null)) ?? unknownDims(rank);
  return shaped(value.type, dims, repeat(value.elements?.[0] ?? null, dims));
};

/** From `start` to before `limit`; for integers the elements too. */
const range: Inference = (op) => {
  const type = op.type(0);
  const [start = null, limit = null, delta = null] = [0, 1, 2].map((i) => op.elements(i)?.[0]);
  const isInteger = type === 'int64' || type === 'int32';
  if (!isInteger || typeof delta !== 'number' || delta === 0) return shaped(type, [null]);
  if (typeof start === 'number' && typeof limit === 'number') {
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    if (!Number.isSafeInteger(count)) return shaped(type, [null]);
    const length = count <= MAX_ELEMENTS ? count : 0;
    const elements = Array.from({ length }, (_, index) => start + index * delta);
    return shaped(type, [count], elements);
  }
  const length: Dim = delta === 1 ? op.algebra.subtract(limit, start) : null;
  return shaped(type, [op.algebra.isNonNegative(length) ? length : null]);
};

const random: Inference = (op) => {
  const type = elementTypeName(op.int('dtype', 1));
  return shaped(type, op.ints('shape'));
};

/** [directions, ...]; the sequence comes first unless `layout` is 1. */
const recurrent: Inference = (op) => {
  const type = op.type(0);
  const hidden = hiddenSize(op);
  const directions = op.text('direction', 'forward') === 'bidirectional' ? 2 : 1;
  const isBatchFirst = op.int('layout', 0) !== 0;
  const [first = null, second = null] = op.dims(0) ?? [];
  const [length, batch] = isBatchFirst ? [second, first] : [first, second];
  const last = shaped(
    type,
    isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden],
  );
  const all = isBatchFirst
    ? [batch, length, directions, hidden]
    : [length, directions, batch, hidden];
  return [shaped(type, all), last, last];
};

/** The recurrent weights are [directions, gates * hidden, hidden]. */
function hiddenSize(op: Operator): Dim {
  return op.node.attributes.has('hidden_size')
    ? op.int('hidden_size', 0)
    : (op.dims(2)?.[2] ?? null);
}

export const sources: Inferences = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  RandomNormal: random,
  RandomUniform: random,
  Range: range,
  Shape: shape,
  Size: size,
};
