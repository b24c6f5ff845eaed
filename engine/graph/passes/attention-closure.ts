import type { IrNode } from '../ir/ir.ts';

/**
 * Whether only `last` gives anything to the nodes beyond these, all of one graph: then
 * they go when it is replaced. What asks for a shape in between may, if that too ends
 * in one of these nodes, as the targets of their Reshapes do.
 */
export function isClosed(nodes: ReadonlySet<IrNode>, last: IrNode): boolean {
  const isInside = (node: IrNode): boolean =>
    nodes.has(node) || (node.is('Shape') && endsInside(node, nodes, MAX_STEPS));
  return [...nodes].every(
    (node) => node.graph === last.graph && (node === last || allUsers(node, isInside)),
  );
}

/** Slice, Concat and their like between a Shape and a Reshape. */
const MAX_STEPS = 8;

function endsInside(node: IrNode, nodes: ReadonlySet<IrNode>, steps: number): boolean {
  return (
    steps > 0 && allUsers(node, (user) => nodes.has(user) || endsInside(user, nodes, steps - 1))
  );
}

function allUsers(node: IrNode, holds: (user: IrNode) => boolean): boolean {
  return node.outputs.every(
    (value) =>
      value === null || (!value.isOutput && [...value.uses].every((use) => holds(use.node))),
  );
}
