import type { IrNode } from '../ir/ir.ts';

/**
 * Whether only `last` gives anything to the nodes beyond these, all of one graph: then
 * they go when it is replaced. What asks for a shape in between may, if that too ends
 * in one of these nodes, as the targets of their Reshapes do.
 */
export function isClosed(nodes: ReadonlySet<IrNode>, last: IrNode): boolean {
  const isInside = (node: IrNode): boolean =>
    nodes.has(node) || (node.is('Shape') && endsInside(node, nodes));
  return [...nodes].every(
    (node) => node.graph === last.graph && (node === last || allUsers(node, isInside)),
  );
}

/** Slice, Concat and their like between a Shape and the Reshapes that need it. */
const MAX_NODES = 32;

function endsInside(shape: IrNode, nodes: ReadonlySet<IrNode>): boolean {
  const reached = new Set([shape]);
  // What is added while the loop runs is visited too.
  for (const node of reached) {
    const isUsed = allUsers(node, (user) => {
      if (!nodes.has(user)) reached.add(user);
      return true;
    });
    if (!isUsed || reached.size > MAX_NODES) return false;
  }
  return true;
}

/** Of none of its results that is an output of the graph. */
function allUsers(node: IrNode, holds: (user: IrNode) => boolean): boolean {
  return node.outputs.every(
    (value) =>
      value === null || (!value.isOutput && [...value.uses].every((use) => holds(use.node))),
  );
}
