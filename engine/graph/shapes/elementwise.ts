import type { Dim } from '../describe.ts';
import { elementTypeName } from '../element-type.ts';
import {
  castElement,
  combineElements,
  compareElements,
  mapElement,
  type ElementContext,
} from './element-arithmetic.ts';
import type { Inference, Inferences, Operator } from './operator.ts';
import { fixedSize, MAX_ELEMENTS, shaped } from './value-shape.ts';

/** Operators that work element by element, with broadcasting as of opset 7. */

/** The first output is like the first input, whose elements may be computed. */
const unary: Inference = (op) => {
  const context = { type: op.type(0), algebra: op.algebra };
  const { opType } = op.node;
  const elements = op.elements(0)?.map((element) => mapElement(opType, element, context)) ?? null;
  return shaped(op.type(0), op.dims(0), elements);
};

/** Like the first input, nothing said of the elements. */
export const likeInput: Inference = (op) => shaped(op.type(0), op.dims(0));

const identity: Inference = (op) => op.input(0);

const boolOf: Inference = (op) => shaped('bool', op.dims(0));

const arithmetic: Inference = (op) => {
  // Pow may have an exponent of another type; Sum and Mean take any number of inputs.
  const context = { type: op.type(0), algebra: op.algebra };
  const { opType } = op.node;
  const isFmod = op.int('fmod', 0) !== 0;
  return broadcasted(op, op.type(0), (a, b) =>
    isFmod ? null : combineElements(opType, a, b, context),
  );
};

const comparison: Inference = (op) => {
  const context: ElementContext = { type: op.type(0), algebra: op.algebra };
  return broadcasted(op, 'bool', (a, b) => compareElements(op.node.opType, a, b, context));
};

const where: Inference = (op) => {
  const dims = broadcastShapes(op, [0, 1, 2]);
  const size = fixedSize(dims);
  const [conditions, yes, no] = [0, 1, 2].map((index) => spread(op.elements(index), size));
  const elements = conditions?.map((condition, index) => {
    const [a, b] = [yes?.[index] ?? null, no?.[index] ?? null];
    if (condition === null) return a === b ? a : null;
    return condition === 1 ? a : b;
  });
  return shaped(op.type(1) ?? op.type(2), dims, elements ?? null);
};

const cast: Inference = (op) => {
  const to = elementTypeName(op.int('to', 0));
  const elements = op.elements(0)?.map((element) => castElement(element, op.type(0), to));
  return shaped(to, op.dims(0), elements ?? null);
};

/** Dropout's mask is boolean since opset 10. */
const dropout: Inference = (op) => [
  shaped(op.type(0), op.dims(0)),
  shaped(op.opset >= 10 ? 'bool' : op.type(0), op.dims(0)),
];

function broadcasted(
  op: Operator,
  type: string | null,
  combine: (a: Dim, b: Dim) => Dim,
): ReturnType<Inference> {
  const indices = [...op.inputs.keys()];
  const dims = broadcastShapes(op, indices);
  const size = fixedSize(dims);
  const [first, ...more] = indices.map((index) => spread(op.elements(index), size));
  const elements = more.reduce<readonly Dim[] | null>((sum, next) => {
    if (sum === null || next === null) return null;
    return sum.map((element, index) => combine(element, next[index] ?? null));
  }, first ?? null);
  return shaped(type, dims, more.length === 0 ? null : elements);
}

/** Of the inputs at `indices`; null when the rank of one is unknown. */
export function broadcastShapes(op: Operator, indices: readonly number[]): readonly Dim[] | null {
  return broadcastDims(
    op,
    indices.map((index) => op.dims(index)),
  );
}

export function broadcastDims(
  { algebra }: Operator,
  shapes: readonly (readonly Dim[] | null)[],
): readonly Dim[] | null {
  const known = shapes.filter((dims) => dims !== null);
  if (known.length < shapes.length) return null;
  const rank = Math.max(0, ...known.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) =>
    known.reduce<Dim>((dim, dims) => {
      const index = axis - rank + dims.length;
      return index < 0 ? dim : algebra.broadcast(dim, dims[index] ?? null);
    }, 1),
  );
}

/** Elements in the shape of the result: as they are, or one for all; null otherwise. */
function spread(elements: readonly Dim[] | null, size: number | null): readonly Dim[] | null {
  if (elements === null || size === null) return null;
  if (elements.length === size) return elements;
  const [only = null] = elements;
  return elements.length === 1 && size <= MAX_ELEMENTS
    ? Array.from({ length: size }, () => only)
    : null;
}

const UNARY =
  'Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh Elu Erf Exp Floor ' +
  'Gelu HardSigmoid HardSwish LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink ' +
  'Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu';
const LIKE_INPUT =
  'Bernoulli CumProd CumSum Hardmax LogSoftmax LpNormalization LRN MeanVarianceNormalization PRelu ' +
  'ReverseSequence RotaryEmbedding Scatter ScatterElements ScatterND Softmax Trilu';
const ARITHMETIC =
  'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Max Mean Min Mod Mul Or Pow Sub Sum Xor';
const COMPARISON = 'Equal Greater GreaterOrEqual Less LessOrEqual';

export const elementwise: Inferences = {
  ...everyOne(UNARY, unary),
  ...everyOne(LIKE_INPUT, likeInput),
  ...everyOne(ARITHMETIC, arithmetic),
  ...everyOne(COMPARISON, comparison),
  ...everyOne('IsInf IsNaN', boolOf),
  Bernoulli: (op) => {
    const type = elementTypeName(op.int('dtype', 0));
    return shaped(type ?? op.type(0), op.dims(0));
  },
  Cast: cast,
  CastLike: (op) => shaped(op.type(1), op.dims(0)),
  Dropout: dropout,
  Identity: identity,
  Where: where,
};

/** The same inference for each of several names. */
export function everyOne(names: string, inference: Inference): Inferences {
  return Object.fromEntries(names.split(' ').map((name) => [name, inference]));
}
