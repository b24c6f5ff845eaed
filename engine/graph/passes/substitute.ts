import type { IrNode, NewNode } from '../ir/ir.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Puts one node where several ended in `last`, and removes what nobody needs then.
 * The new node gives the same value, so its name and all that is known of it stay.
 */
export function substitute(last: IrNode, node: Omit<NewNode, 'name' | 'outputs'>): void {
  const { output } = last;
  last.outputs[0] = null;
  last.graph.addNode({ ...node, name: last.name, outputs: [output] });
  removeDeadFrom(last);
}

/** Whether only `last` gives anything to the nodes beyond these, all of one graph. */
export function isSelfContained(nodes: ReadonlySet<IrNode>, last: IrNode): boolean {
  return [...nodes].every(
    (node) =>
      node.graph === last.graph &&
      (node === last ||
        (!node.output.isOutput && [...node.output.uses].every((use) => nodes.has(use.node)))),
  );
}
