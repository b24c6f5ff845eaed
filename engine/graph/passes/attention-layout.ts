import { intAttribute, intsAttribute } from '../attributes.ts';
import type { Dim } from '../describe.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readIntegers, readScalar } from '../tensor-values.ts';
import { constantOperand } from './constant-operand.ts';
import type { ShapesOf } from './mask-axes.ts';

/**
 * What an axis of queries, keys or values runs over; `kind`: the three of them, where
 * one product makes all.
 */
export type Part = 'batch' | 'length' | 'kind' | 'heads' | 'size';

/** The parts of each axis, outermost first: `[batch, length, heads * size]` and its like. */
export type Layout = readonly (readonly Part[])[];

/** Elements of each part; a number, or the name of a dim. */
export interface PartSizes extends Readonly<Record<Part, Dim>> {
  readonly kind: 3;
  readonly heads: number;
  readonly size: number;
}

export const JOINED: Layout = [['batch'], ['length'], ['heads', 'size']];
export const BY_HEAD: Layout = [['batch'], ['heads'], ['length'], ['size']];
export const BY_HEAD_TRANSPOSED: Layout = [['batch'], ['heads'], ['size'], ['length']];
/** As Gemm makes it, which takes matrices only. */
const FLAT: Layout = [
  ['batch', 'length'],
  ['heads', 'size'],
];

/** A value that is another one in another layout, or one kind of it, times a number. */
export interface Rearranged {
  readonly source: IrValue;
  /** Which of the three that the source holds; null where it is one of them. */
  readonly kind: number | null;
  readonly scale: number;
  /** From the source on. */
  readonly nodes: readonly IrNode[];
}

/** The dynamo exporter writes five to transpose the keys. */
const MAX_STEPS = 12;

/** Goes back over Reshape, Transpose, factors and one choice to what is split into heads. */
export function rearrangedFrom(value: IrValue): Rearranged {
  const nodes: IrNode[] = [];
  let [source, scale, kind]: [IrValue, number, number | null] = [value, 1, null];
  while (nodes.length < MAX_STEPS) {
    const node: IrNode | null = source.producer;
    if (node === null) break;
    const choice: Choice | null = kind === null ? choiceOf(node) : null;
    const factor = factorOf(node);
    const moves = node.is('Reshape') || node.is('Transpose');
    const before = choice?.of ?? factor?.of ?? (moves ? (node.inputs[0] ?? null) : null);
    if (before === null) break;
    nodes.unshift(...(choice?.nodes ?? [node]));
    kind = choice?.index ?? kind;
    scale *= factor?.by ?? 1;
    source = before;
  }
  return { source, kind, scale, nodes };
}

interface Choice {
  readonly of: IrValue;
  readonly index: number;
  readonly nodes: readonly IrNode[];
}

/** One of an axis, which goes: Gather at a number, or Split and Squeeze. */
function choiceOf(node: IrNode): Choice | null {
  const [data = null, place = null] = node.inputs;
  if (data === null) return null;
  if (node.is('Gather') && place !== null && place.constant?.dims.length === 0) {
    const [index] = readIntegers(place.constant) ?? [];
    return index === undefined ? null : { of: data, index, nodes: [node] };
  }
  const split = data.producer;
  const [of = null] = split?.is('Split') === true ? split.inputs : [];
  if (!node.is('Squeeze') || split === null || of === null) return null;
  return { of, index: split.outputs.indexOf(data), nodes: [split, node] };
}

/** A product or quotient with a float32 number that leaves the shape of a matrix or more alone. */
export function factorOf(node: IrNode): { readonly of: IrValue; readonly by: number } | null {
  const operand = node.is('Mul') || node.is('Div') ? constantOperand(node) : null;
  const number = operand === null ? null : readScalar(operand.constant);
  if (operand === null || number === null || operand.constant.dims.length > 2) return null;
  if (node.is('Mul')) return { of: operand.other, by: number };
  return operand.index === 1 ? { of: operand.other, by: 1 / number } : null;
}

/** Whether the nodes bring joined heads, as they are or flat, into a layout. */
export function endsIn(
  layout: Layout,
  { source, kind, nodes }: Rearranged,
  around: { readonly sizes: PartSizes; readonly shapesOf: ShapesOf },
): boolean {
  const { sizes, shapesOf } = around;
  const dims = shapesOf(source).dims ?? [];
  const isJoined = dims.length === 3 && dims[0] === sizes.batch && dims[1] === sizes.length;
  if (dims.at(-1) !== joinedSize(sizes) * (kind === null ? 1 : sizes.kind)) return false;
  if (!isJoined && dims.length !== 2) return false;
  if (kind !== null && (kind < 0 || kind >= sizes.kind)) return false;
  const start = isJoined ? JOINED : FLAT;
  let current: Layout | null = kind === null ? start : withKinds(start);
  for (const node of nodes) {
    if (current !== null) current = layoutAfter(node, current, around);
  }
  return current !== null && isSameLayout(current, layout);
}

/** Queries, keys and values side by side: what exporters of fused projections write. */
function withKinds(layout: Layout): Layout {
  return layout.map((parts) => (parts.includes('heads') ? ['kind', ...parts] : parts));
}

export function joinedSize({ heads, size }: PartSizes): number {
  return heads * size;
}

export function isSameLayout(a: Layout, b: Layout): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What a Reshape, Transpose or factor makes of a layout; null where it is not known. */
export function layoutAfter(
  node: IrNode,
  layout: Layout,
  { sizes, shapesOf }: { readonly sizes: PartSizes; readonly shapesOf: ShapesOf },
): Layout | null {
  if (node.is('Reshape')) {
    const { dims } = shapesOf(node.output);
    return dims === null ? null : regroup(layout.flat(), dims, sizes);
  }
  if (node.is('Gather') || node.is('Squeeze')) return withoutKind(node, layout, shapesOf);
  if (!node.is('Transpose')) return layout;
  const order = intsAttribute(node, 'perm') ?? [...layout.keys()].reverse();
  const moved = order.map((axis) => layout[axis]);
  return moved.every((parts) => parts !== undefined) ? moved : null;
}

/** The axis that a Gather or Squeeze takes away must be that of the kinds. */
function withoutKind(node: IrNode, layout: Layout, shapesOf: ShapesOf): Layout | null {
  const axis = layout.findIndex((parts) => parts.length === 1 && parts[0] === 'kind');
  const chosen = node.is('Gather') ? node : (node.inputs[0]?.producer ?? node);
  const given = intAttribute(chosen, 'axis', 0);
  const isKind = axis >= 0 && (given === axis || given === axis - layout.length);
  const rank = shapesOf(node.output).dims?.length;
  return isKind && rank === layout.length - 1 ? layout.toSpliced(axis, 1) : null;
}

/**
 * Axes of the given dims that hold the parts in the same order. The elements are the
 * same, so that one dim may be left to hold the parts that no other does.
 */
function regroup(parts: readonly Part[], dims: readonly Dim[], sizes: PartSizes): Layout | null {
  const rest = [...parts];
  const isNext = (dim: Dim | undefined, part: Part | undefined): boolean =>
    part !== undefined && dim !== undefined && dim !== null && dim === sizes[part];
  const front: Part[][] = [];
  while (isNext(dims[front.length], rest[0])) front.push(rest.splice(0, 1));
  const back: Part[][] = [];
  while (
    front.length + back.length < dims.length &&
    isNext(dims[dims.length - 1 - back.length], rest.at(-1))
  ) {
    back.unshift(rest.splice(-1, 1));
  }
  const open = dims.length - front.length - back.length;
  if (open === 1 && rest.length > 0) return [...front, rest, ...back];
  if (open !== 0 || !rest.every((part) => sizes[part] === 1)) return null;
  // What has one element, such as a single head, is joined with what follows.
  const [first = [], ...others] = back;
  return rest.length === 0 ? [...front, ...back] : [...front, [...rest, ...first], ...others];
}
