import { intAttribute, intsAttribute } from '../attributes.ts';
import { elementTypeName } from '../element-type.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { isFilledWith } from '../tensor-values.ts';
import { isSameShape } from './known-shape.ts';
import { inverseOf, sourceOfSameShape, type RearrangementFacts } from './rearrangements.ts';

/**
 * The value that a node's first output is equal to; null where it does something,
 * or may do something; a reason where it only looks like one that does nothing.
 */
export type NoOp = (node: IrNode, facts: RearrangementFacts) => IrValue | string | null;

const firstInput: NoOp = ({ inputs: [x = null] }) => x;

const onlyInput: NoOp = ({ inputs: [x = null], inputs }) => (inputs.length === 1 ? x : null);

const onlyOutput: NoOp = ({ inputs: [x = null], outputs }) => (outputs.length === 1 ? x : null);

/** Whether it trains was an attribute before version 7, and is an input since version 12. */
const dropout: NoOp = ({ inputs: [x = null, , training = null], outputs }, { opset, shapeOf }) => {
  if (opset < 7) return `what Dropout does is said in another way before opset 7`;
  const [, mask = null] = outputs;
  if (mask !== null && !mask.isUnused) return 'its mask is used';
  if (training === null || shapeOf(training).elements?.[0] === 0) return x;
  return 'it may train';
};

const cast: NoOp = (node, { shapeOf }) => {
  const [x = null] = node.inputs;
  const to = elementTypeName(intAttribute(node, 'to', 0));
  return x !== null && to !== null && shapeOf(x).type === to ? x : null;
};

const castLike: NoOp = ({ inputs: [x = null, like = null] }, { shapeOf }) => {
  if (x === null || like === null) return null;
  const { type } = shapeOf(x);
  return type !== null && shapeOf(like).type === type ? x : null;
};

const transpose: NoOp = (node, facts) => {
  const [x = null] = node.inputs;
  if (x === null) return null;
  const { dims } = facts.shapeOf(x);
  // Without the attribute the axes are reversed.
  const perm = intsAttribute(node, 'perm') ?? (dims === null ? null : [...dims.keys()].reverse());
  const isIdentity = perm?.every((axis, index) => axis === index) ?? false;
  return isIdentity ? x : inverseOf(node, facts);
};

const squeeze: NoOp = (node, facts) => sourceOfSameShape(node, facts) ?? inverseOf(node, facts);

/** For operators that give their input where they keep its shape. */
const sameShape: NoOp = (node, { shapeOf }) => {
  const [x = null] = node.inputs;
  return x !== null && isSameShape(shapeOf(x).dims, shapeOf(node.output).dims) ? x : null;
};

const tile: NoOp = (node, facts) =>
  areAll(entries(node, 1, facts), (one) => one === 1)
    ? firstInput(node, facts)
    : sameShape(node, facts);

/** The pads became an input with version 11. */
const pad: NoOp = (node, facts) => {
  const pads = facts.opset < 11 ? intsAttribute(node, 'pads') : entries(node, 1, facts);
  return areAll(pads, (one) => one === 0) ? firstInput(node, facts) : null;
};

/** The bounds became inputs with version 10, which also brought steps; a negative one turns an axis around. */
const slice: NoOp = (node, facts) => {
  const isOld = facts.opset < 10;
  const starts = isOld ? intsAttribute(node, 'starts') : entries(node, 1, facts);
  const ends = isOld ? intsAttribute(node, 'ends') : entries(node, 2, facts);
  const hasSteps = !isOld && (node.inputs[4] ?? null) !== null;
  const steps = hasSteps ? entries(node, 4, facts) : [];
  if (!areAll(steps, (step) => step > 0)) return null;
  const isWhole =
    areAll(steps, (step) => step === 1) &&
    areAll(starts, (start) => start === 0) &&
    areAll(ends, (end) => end >= TO_THE_END);
  return isWhole ? firstInput(node, facts) : sameShape(node, facts);
};

/** Slice: "use INT_MAX when slicing to the end of a dimension with unknown size". */
const TO_THE_END = 2 ** 31 - 1;

/** Null unless all of an input's elements are known. */
function entries(
  node: IrNode,
  index: number,
  { shapeOf }: RearrangementFacts,
): readonly number[] | null {
  const value = node.inputs[index] ?? null;
  const elements = value === null ? null : shapeOf(value).elements;
  return elements?.every((one) => typeof one === 'number') === true ? elements : null;
}

function areAll(list: readonly number[] | null, holds: (entry: number) => boolean): boolean {
  return list !== null && list.every(holds);
}

/** `x + 0`, `x * 1` and their like: with the constant on the right, or on either side. */
function neutral(value: 0 | 1, side: 'right' | 'either'): NoOp {
  return (node, facts) => {
    const [a = null, b = null] = node.inputs;
    if (a === null || b === null || node.inputs.length !== 2) return null;
    if (isNeutral(b, value)) return besideNeutral(a, b, { node, facts });
    if (side === 'either' && isNeutral(a, value)) return besideNeutral(b, a, { node, facts });
    return null;
  };
}

function isNeutral({ constant }: IrValue, value: 0 | 1): boolean {
  return constant !== null && isFilledWith(constant, value);
}

function besideNeutral(
  x: IrValue,
  { constant }: IrValue,
  { node, facts }: { readonly node: IrNode; readonly facts: RearrangementFacts },
): IrValue | string {
  const axes = constant?.dims ?? [];
  const { dims } = facts.shapeOf(x);
  const isBelow = dims !== null && axes.length <= dims.length && axes.every((size) => size === 1);
  const keepsShape =
    axes.length === 0 || isBelow || isSameShape(dims, facts.shapeOf(node.output).dims);
  return keepsShape ? x : 'the constant may broadcast the other operand';
}

export const NO_OPS: ReadonlyMap<string, NoOp> = new Map<string, NoOp>([
  ['Identity', firstInput],
  ['Concat', onlyInput],
  ['Max', onlyInput],
  ['Mean', onlyInput],
  ['Min', onlyInput],
  ['Sum', onlyInput],
  ['Split', onlyOutput],
  ['Dropout', dropout],
  ['Cast', cast],
  ['CastLike', castLike],
  ['Transpose', transpose],
  // These keep all elements in their order: the shape is all that they change.
  ['Flatten', sourceOfSameShape],
  ['Reshape', sourceOfSameShape],
  ['Squeeze', squeeze],
  ['Unsqueeze', squeeze],
  ['Expand', sameShape],
  ['Tile', tile],
  ['Pad', pad],
  ['Slice', slice],
  ['Add', neutral(0, 'either')],
  ['Sub', neutral(0, 'right')],
  ['Mul', neutral(1, 'either')],
  ['Div', neutral(1, 'right')],
  ['Pow', neutral(1, 'right')],
  ['And', neutral(1, 'either')],
  ['Or', neutral(0, 'either')],
]);
