import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrNode, IrValue } from '../ir/ir.ts';
import { allGraphs, RewriteLog, type Pass } from './pass.ts';

/** Drops nodes that contribute to no output, and initializers that nobody reads. */
export const removeDead: Pass = Object.freeze({
  name: 'remove-dead',
  summary: 'drops nodes and initializers that no output needs',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const log = new RewriteLog();
    // Inner graphs last: a dead outer node takes its subgraphs along.
    for (const graph of allGraphs(model.graph)) {
      for (const node of [...graph.nodes].reverse()) removeDeadFrom(node, () => log.rewrote());
      for (const value of graph.initializers) {
        if (value.isUnused && !value.isInput) {
          graph.removeInitializer(value);
          log.rewrote();
        }
      }
    }
    return log.result();
  },
});

/**
 * Removes a node that nobody needs, then whatever only it needed: producers and
 * initializers. Does nothing while one of its outputs is used. O(removed).
 */
export function removeDeadFrom(start: IrNode, onRemoved: () => void = () => undefined): void {
  const pending: IrNode[] = [start];
  while (pending.length > 0) {
    const node = pending.pop() as IrNode;
    if (!isDead(node)) continue;
    const inputs = node.inputs.filter((value) => value !== null);
    node.graph.removeNode(node);
    onRemoved();
    for (const value of inputs) {
      if (value.producer !== null) pending.push(value.producer);
      else dropInitializer(value.graph, value);
    }
  }
}

/** Still in its graph, and none of its outputs is needed. */
function isDead(node: IrNode): boolean {
  return (
    node.graph.nodes.has(node) && node.outputs.every((value) => value === null || value.isUnused)
  );
}

function dropInitializer(graph: IrGraph, value: IrValue): void {
  const isOrphan = value.isUnused && !value.isInput && graph.initializers.has(value);
  if (isOrphan) graph.removeInitializer(value);
}
