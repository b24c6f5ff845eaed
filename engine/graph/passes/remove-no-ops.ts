import { sortedNodes } from '../ir/export-model.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrGraph, type IrNode } from '../ir/ir.ts';
import { defaultDomain } from '../model-functions.ts';
import { inferShapes } from '../shapes/infer-shapes.ts';
import { mergeRearrangements, type RearrangementFacts } from './rearrangements.ts';
import { NO_OPS } from './no-ops.ts';
import { allGraphs, RewriteLog, type Pass, type Rewriting } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Drops nodes whose output is one of their inputs, bit by bit, and what undoes
 * each other: pairs of Transpose, of Squeeze and Unsqueeze, chains of Reshape.
 */
export const removeNoOps: Pass = Object.freeze({
  name: 'remove-no-ops',
  summary: 'drops nodes that change nothing, such as Identity, Dropout and inverse Transposes',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const facts = factsOf(model);
    let rewrites = 0;
    let last: Rewriting = { rewrites: 0, skipped: [] };
    for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
      const log = new RewriteLog();
      for (const graph of allGraphs(model.graph)) sweepGraph(graph, facts, log);
      last = log.result();
      rewrites += last.rewrites;
      if (last.rewrites === 0) break;
    }
    return { rewrites, skipped: last.skipped };
  },
});

/**
 * A node is looked at after what it reads, so one sweep finds nearly all; what is
 * left is a Reshape whose other users went later in the sweep.
 */
const MAX_SWEEPS = 4;

function factsOf(model: IrModel): RearrangementFacts {
  const shapes = inferShapes(model);
  const standard = model.functions.filter(({ domain }) => defaultDomain(domain) === '');
  const hidden = new Set(standard.map(({ name = '' }) => name));
  const opset = model.opsets.get('') ?? 0;
  // What a node puts in place of another has the shape that the other had.
  return { opset, hidden, shapeOf: (value) => shapes.of(value) };
}

function sweepGraph(graph: IrGraph, facts: RearrangementFacts, log: RewriteLog): void {
  for (const node of sortedNodes(graph)) {
    const isStandard = node.domain === '' && !facts.hidden.has(node.opType);
    if (!isStandard || !graph.nodes.has(node)) continue;
    if (!drop(node, facts, log)) mergeRearrangements(node, facts, log);
  }
}

/** Whether the node is gone. */
function drop(node: IrNode, facts: RearrangementFacts, log: RewriteLog): boolean {
  const [output = null] = node.outputs;
  if (output === null || output.isUnused) return false;
  const same = NO_OPS.get(node.opType)?.(node, facts) ?? null;
  if (same === null) return false;
  if (typeof same === 'string') {
    log.skipped(node, same);
    return false;
  }
  if (!replaceUses(output, same)) {
    log.skipped(node, `'${same.name}' cannot be the output '${output.name}' of the graph`);
    return false;
  }
  removeDeadFrom(node);
  log.rewrote();
  return true;
}
