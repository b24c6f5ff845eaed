import type { IrNode } from '../ir/ir.ts';
import {
  BY_HEAD,
  isSameLayout,
  JOINED,
  joinedSize,
  layoutAfter,
  type Layout,
  type PartSizes,
} from './attention-layout.ts';
import type { ShapesOf } from './mask-axes.ts';

/** What puts the heads beside each other again. */
export interface Join {
  readonly nodes: readonly IrNode[];
  /** The node whose output is `[batch, length, heads * size]`, in place of which it is computed. */
  readonly last: IrNode;
  /** Whether `last` is a Reshape that makes a matrix of it, `[batch * length, heads * size]`. */
  readonly isFlat: boolean;
}

const MAX_STEPS = 4;

/** Follows Reshape and Transpose behind a product by head; null where they do something else. */
export function readJoin(product: IrNode, sizes: PartSizes, shapesOf: ShapesOf): Join | null {
  let layout: Layout | null = BY_HEAD;
  let node = product;
  const nodes: IrNode[] = [];
  while (nodes.length < MAX_STEPS && layout !== null) {
    const next: IrNode | null = rearrangement(node);
    if (next === null) return null;
    nodes.push(next);
    if (isFlattening(next, layout, { sizes, shapesOf })) return { nodes, last: next, isFlat: true };
    layout = layoutAfter(next, layout, { sizes, shapesOf });
    if (layout !== null && isSameLayout(layout, JOINED))
      return { nodes, last: next, isFlat: false };
    node = next;
  }
  return null;
}

/** Others may ask for the shape of what it rearranges. */
function rearrangement(node: IrNode): IrNode | null {
  const users = [...node.output.uses].map((use) => use.node);
  const [user = null, ...others] = users.filter((one) => one.is('Reshape') || one.is('Transpose'));
  const isFirst = user !== null && user.inputs[0] === node.output;
  return others.length === 0 && isFirst && !node.output.isOutput ? user : null;
}

const APART: Layout = [['batch'], ['length'], ['heads'], ['size']];

function isFlattening(
  node: IrNode,
  layout: Layout,
  { sizes, shapesOf }: { readonly sizes: PartSizes; readonly shapesOf: ShapesOf },
): boolean {
  const [, target = null] = node.inputs;
  if (!node.is('Reshape') || target === null || !isSameLayout(layout, APART)) return false;
  const [rows, columns, ...more] = shapesOf(target).elements ?? [];
  return rows === -1 && columns === joinedSize(sizes) && more.length === 0;
}
