import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrNode } from '../ir/ir.ts';
import type { OnnxModel } from '../model.ts';

/**
 * One rewrite of a graph that does not change what it computes. A pass is
 * idempotent: run again at once, it finds nothing more to do.
 */
export interface Pass {
  /** Kebab-case, as `--passes +a,-b` takes it. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /**
   * `clean`: uses `ai.onnx` only, in every pipeline but `none`; `all`: brings in
   * operators that the runtime contributes; `optional`: on request only, because
   * it is slower somewhere.
   */
  readonly pipeline: 'clean' | 'all' | 'optional';
  /** Execution providers that have what the pass makes; absent: every one. */
  readonly providers?: readonly string[];
  run(model: IrModel, context: PassContext): Rewriting | Promise<Rewriting>;
}

export interface PassContext {
  /** Execution provider that the model is for. */
  readonly provider: string;
  /** Computes constants; null where no runtime is at hand: what needs it is then skipped. */
  readonly evaluate: Evaluator | null;
}

/**
 * Runs a model that has no inputs and gives its outputs by name. Passed in: the
 * graph knows no runtime. Throws when the model cannot be run.
 */
export type Evaluator = (model: OnnxModel) => Promise<ReadonlyMap<string, EvaluatedTensor>>;

export interface EvaluatedTensor {
  /** Element type as the runtime names it, such as `float32`. */
  readonly type: string;
  readonly dims: readonly number[];
  /** Little-endian elements. */
  readonly data: ArrayBufferView;
}

export interface Rewriting {
  /** Places that were rewritten; 0 when nothing was found. */
  readonly rewrites: number;
  /** Places that looked like it and were left alone, with the reason. */
  readonly skipped: readonly Skip[];
}

export interface Skip {
  readonly node: string;
  readonly reason: string;
}

export interface PassResult extends Rewriting {
  /** The same model, rewritten in place. */
  readonly model: IrModel;
  readonly modified: boolean;
}

export async function runPass(
  pass: Pass,
  model: IrModel,
  context: PassContext,
): Promise<PassResult> {
  const rewriting = await pass.run(model, context);
  return { ...rewriting, model, modified: rewriting.rewrites > 0 };
}

/** Gathers what a pass did, place by place. */
export class RewriteLog {
  #rewrites = 0;
  readonly #skipped: Skip[] = [];

  rewrote(): void {
    this.#rewrites += 1;
  }

  skipped(node: IrNode, reason: string): void {
    this.#skipped.push({ node: nodeName(node), reason });
  }

  result(): Rewriting {
    return { rewrites: this.#rewrites, skipped: this.#skipped };
  }
}

/** For messages: the node's name, else its operator and first output. */
function nodeName(node: IrNode): string {
  if (node.name !== '') return node.name;
  return `${node.opType} making '${node.outputs.find((value) => value !== null)?.name ?? '?'}'`;
}

/**
 * A pass that looks at the nodes of every graph one by one, subgraphs included,
 * in the order of the graph. `visit` may add and remove nodes: a removed node is
 * not visited any more, an added one is.
 */
export function visitNodes(
  model: IrModel,
  visit: (node: IrNode, log: RewriteLog) => void,
): Rewriting {
  const log = new RewriteLog();
  for (const graph of allGraphs(model.graph)) {
    for (const node of graph.nodes) visit(node, log);
  }
  return log.result();
}

/** The graph and every graph inside it, outer before inner. */
export function* allGraphs(graph: IrGraph): Generator<IrGraph> {
  yield graph;
  for (const node of graph.nodes) {
    for (const inner of node.allSubgraphs()) yield* allGraphs(inner);
  }
}
