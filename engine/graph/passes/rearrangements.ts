import { intAttribute, intsAttribute } from '../attributes.ts';
import { createAttribute } from '../create-attribute.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { ValueShape } from '../shapes/value-shape.ts';
import { isSameShape } from './known-shape.ts';
import type { RewriteLog } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/** Chains of operators that move elements or only rename their axes. */

export interface RearrangementFacts {
  /** Version of `ai.onnx`. */
  readonly opset: number;
  /** Standard names that functions of the model have taken. */
  readonly hidden: ReadonlySet<string>;
  readonly shapeOf: (value: IrValue) => ValueShape;
}

/** Operators that keep all elements in their order. */
const RESHAPING = Object.freeze(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);
/** Exporters write three in a row; a longer chain is shortened from its start anyway. */
const MAX_STEPS = 8;

/**
 * For an operator that only reshapes: the value that it, and what reshapes before
 * it, give back in the same shape.
 */
export function sourceOfSameShape(node: IrNode, facts: RearrangementFacts): IrValue | null {
  const { dims } = facts.shapeOf(node.output);
  let value = node.inputs[0] ?? null;
  for (let step = 0; step < MAX_STEPS && value !== null; step += 1) {
    if (isSameShape(facts.shapeOf(value).dims, dims)) return value;
    value = producerOf(value, RESHAPING, facts)?.inputs[0] ?? null;
  }
  return null;
}

/** What a Transpose, Squeeze or Unsqueeze gives back because its input is the inverse of it. */
export function inverseOf(node: IrNode, facts: RearrangementFacts): IrValue | null {
  const [input = null] = node.inputs;
  if (node.is('Transpose')) {
    const before = producerOf(input, ['Transpose'], facts);
    if (before === null) return null;
    const composed = composePerms(before, node);
    const isIdentity = composed?.every((axis, index) => axis === index) ?? false;
    return isIdentity ? (before.inputs[0] ?? null) : null;
  }
  const before = producerOf(input, [node.is('Squeeze') ? 'Unsqueeze' : 'Squeeze'], facts);
  if (before === null) return null;
  // Both name axes of the tensor that has them, so that equal lists are the same axes.
  const [axes, axesBefore] = [axesOf(node, facts), axesOf(before, facts)];
  return axes !== null && axes === axesBefore ? (before.inputs[0] ?? null) : null;
}

/**
 * Lets a Reshape read what an operator before it reshaped, and makes one Transpose
 * of two, where nobody else needs the first.
 */
export function mergeRearrangements(
  node: IrNode,
  facts: RearrangementFacts,
  log: RewriteLog,
): void {
  const isTranspose = node.is('Transpose');
  if (!isTranspose && !node.is('Reshape')) return;
  const before = producerOf(node.inputs[0] ?? null, isTranspose ? ['Transpose'] : RESHAPING, facts);
  const [source = null] = before?.inputs ?? [];
  if (before === null || source === null || before.graph !== node.graph) return;
  if (before.output.soleUser !== node)
    return log.skipped(node, 'what it rearranges has other users');
  const obstacle = isTranspose ? transposeBoth(before, node) : dependsOnInput(node, facts);
  if (obstacle !== null) return log.skipped(node, obstacle);
  node.setInput(0, source);
  removeDeadFrom(before);
  log.rewrote();
}

function transposeBoth(before: IrNode, node: IrNode): string | null {
  const perm = composePerms(before, node);
  if (perm === null || perm.length === 0) return 'the two permutations cannot be joined';
  node.attributes.set('perm', createAttribute('perm', { ints: perm }));
  return null;
}

/** Reshape: a 0 copies the dim of the input, unless `allowzero` (version 14) is set. */
function dependsOnInput(node: IrNode, { shapeOf }: RearrangementFacts): string | null {
  const target = node.inputs[1] ?? null;
  const elements = target === null ? null : shapeOf(target).elements;
  const isKnown = elements?.every((one) => typeof one === 'number') ?? false;
  if (!isKnown) return 'its shape is not known';
  const copies = intAttribute(node, 'allowzero', 0) === 0 && elements?.includes(0) === true;
  return copies ? 'its shape copies a dim of what it reshapes' : null;
}

/**
 * Axis i of the result is axis `first[second[i]]`; without perm the axes are reversed.
 * Empty where both reverse: the rank is not needed to see that nothing is left.
 */
function composePerms(before: IrNode, node: IrNode): readonly number[] | null {
  const [first, second] = [before, node].map((one) => intsAttribute(one, 'perm'));
  if (first === null && second === null) return [];
  const rank = (first ?? second)?.length ?? 0;
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const composed = (second ?? reversed).map((axis) => (first ?? reversed)[axis] ?? -1);
  return composed.length === rank && !composed.includes(-1) ? composed : null;
}

/** As text, sorted; null when they are not known, or when there are none. The list became an input with version 13. */
function axesOf(node: IrNode, { opset, shapeOf }: RearrangementFacts): string | null {
  const value = node.inputs[1] ?? null;
  const given = opset < 13 ? intsAttribute(node, 'axes') : value && shapeOf(value).elements;
  const isKnown =
    given !== null && given.length > 0 && given.every((axis) => typeof axis === 'number');
  return isKnown ? given.toSorted((a, b) => a - b).join(',') : null;
}

/** The node that makes a value, when it is one of these operators. */
function producerOf(
  value: IrValue | null,
  operators: readonly string[],
  { hidden }: RearrangementFacts,
): IrNode | null {
  const node = value?.producer ?? null;
  if (node === null || node.domain !== '' || hidden.has(node.opType)) return null;
  return operators.includes(node.opType) && node.outputs[0] === value ? node : null;
}
