import { messageOf } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { createAttribute } from '../create-attribute.ts';
import { createTensor } from '../create-tensor.ts';
import { elementByteLength } from '../element-type.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrNode, IrValue } from '../ir/ir.ts';
import {
  constantModel,
  constantNodes,
  independentGroups,
  neededResults,
  replacedBytes,
  type ConstantNodes,
} from './constant-nodes.ts';
import { deterministicNodes } from './deterministic.ts';
import { allGraphs, RewriteLog, type EvaluatedTensor, type Evaluator, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * Computes what depends on constants alone, one graph at a time and all of it at
 * once, and puts initializers in its place.
 */
export const foldConstants: Pass = Object.freeze({
  name: 'fold-constants',
  summary: 'computes what depends on constants alone',
  pipeline: 'clean',
  run: async (model, { evaluate }) => {
    const log = new RewriteLog();
    if (evaluate === null || !model.opsets.has('')) return log.result();
    const folder = new Folder({ model, evaluate, log });
    for (const graph of allGraphs(model.graph)) await folder.fold(graph);
    return log.result();
  },
} satisfies Pass);

/** A result may be larger than this only where it replaces more. */
const MAX_GROWN_BYTES = 16 * 2 ** 20;
/** All results of one run. */
const MAX_TOTAL_BYTES = 256 * 2 ** 20;
/** When a result is refused, what it was made from is tried in the next round. */
const MAX_ROUNDS = 8;
/** Calls of the evaluator in search of nodes that it cannot compute. */
const MAX_CALLS = 64;

/**
 * Not folded though constant: quantization pairs, which a runtime wants beside the
 * operators that it runs in integers, and what gives no tensor.
 */
const KEPT = /^(Constant|QuantizeLinear|DequantizeLinear|Sequence\w+|SplitToSequence|Optional\w*)$/;

type Results = ReadonlyMap<string, EvaluatedTensor>;

interface Wanted {
  readonly node: IrNode;
  readonly values: readonly IrValue[];
}

class Folder {
  readonly #model: IrModel;
  readonly #evaluate: Evaluator;
  readonly #log: RewriteLog;
  readonly #isDeterministic: (node: IrNode) => boolean;
  readonly #refused = new Set<IrNode>();
  #bytesLeft = MAX_TOTAL_BYTES;

  constructor(options: { model: IrModel; evaluate: Evaluator; log: RewriteLog }) {
    this.#model = options.model;
    this.#evaluate = options.evaluate;
    this.#log = options.log;
    this.#isDeterministic = deterministicNodes(options.model);
  }

  async fold(graph: IrGraph): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const nodes = constantNodes(graph, (node) => this.#isAllowed(node));
      const wanted = [...nodes]
        .map((node) => ({ node, values: neededResults(node, nodes) }))
        .filter(({ values }) => values.length > 0);
      if (wanted.length === 0) return;
      const results = await this.#compute(nodes, wanted);
      const refusedBefore = this.#refused.size;
      for (const { node, values } of wanted) {
        if (this.#refused.has(node)) continue;
        const folded = this.#check(node, values, { nodes, results });
        if (typeof folded === 'string') this.#refuse(node, folded);
        else this.#replace(node, values, folded);
      }
      if (this.#refused.size === refusedBefore) return;
    }
  }

  #isAllowed(node: IrNode): boolean {
    return (
      node.domain === '' &&
      !KEPT.test(node.opType) &&
      !this.#refused.has(node) &&
      this.#isDeterministic(node)
    );
  }

  /** All at once; where that fails, by halves, so that one bad node does not spoil the others. */
  async #compute(nodes: ConstantNodes, wanted: readonly Wanted[]): Promise<Results> {
    const results = new Map<string, EvaluatedTensor>();
    const pending = [independentGroups(nodes)];
    let calls = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      const members = new Set(part.flatMap((group) => [...group]));
      const ordered = new Set([...nodes].filter((node) => members.has(node)));
      const values = wanted.flatMap((one) => (members.has(one.node) ? one.values : []));
      try {
        if (calls === MAX_CALLS) throw new Error('too much else failed');
        calls += 1;
        const computed = await this.#evaluate(constantModel(this.#model, ordered, values));
        for (const [name, tensor] of computed) results.set(name, tensor);
      } catch (thrown) {
        const middle = Math.ceil(part.length / 2);
        const isDivisible = part.length > 1 && calls < MAX_CALLS;
        if (isDivisible) pending.push(part.slice(middle), part.slice(0, middle));
        else this.#refuseAll(ordered, `the runtime cannot compute it: ${messageOf(thrown)}`);
      }
    }
    return results;
  }

  /** The tensors that replace a node, or why it stays. */
  #check(
    node: IrNode,
    values: readonly IrValue[],
    from: { readonly nodes: ConstantNodes; readonly results: Results },
  ): readonly EvaluatedTensor[] | string {
    const tensors: EvaluatedTensor[] = [];
    for (const { name } of values) {
      const tensor = from.results.get(name);
      if (tensor === undefined || !isWhole(tensor))
        return `the elements of '${name}' are not numbers`;
      tensors.push(tensor);
    }
    const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    if (bytes > MAX_GROWN_BYTES && bytes > replacedBytes(node, from.nodes)) {
      return `its ${formatBytes(bytes)} are more than what it is made from`;
    }
    if (bytes > this.#bytesLeft) return `more than ${formatBytes(MAX_TOTAL_BYTES)} were folded`;
    this.#bytesLeft -= bytes;
    return tensors;
  }

  #replace(node: IrNode, values: readonly IrValue[], tensors: readonly EvaluatedTensor[]): void {
    for (const [index, value] of node.outputs.entries()) {
      const folded = value === null ? undefined : tensors[values.indexOf(value)];
      if (value === null || folded === undefined) continue;
      const tensor = createTensor(value.name, folded);
      node.outputs[index] = null;
      value.producer = null;
      if (value.isOutput) {
        // An initializer cannot be an output of the graph.
        const attributes = new Map([['value', createAttribute('value', { tensor })]]);
        node.graph.addNode({ opType: 'Constant', inputs: [], outputs: [value], attributes });
      } else {
        node.graph.setInitializer(value, tensor);
      }
    }
    removeDeadFrom(node);
    this.#log.rewrote();
  }

  #refuse(node: IrNode, reason: string): void {
    this.#refused.add(node);
    this.#log.skipped(node, reason);
  }

  #refuseAll(nodes: ConstantNodes, reason: string): void {
    for (const node of nodes) this.#refuse(node, reason);
  }
}

function isWhole({ type, dims, data }: EvaluatedTensor): boolean {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return data.byteLength === size * (elementByteLength(type) ?? NaN);
}
