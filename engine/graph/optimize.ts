import { exportModel } from './ir/export-model.ts';
import { importModel, type IrModel } from './ir/import-model.ts';
import type { OnnxModel } from './model.ts';
import { allGraphs, runPass, type Pass, type PassContext, type Skip } from './passes/pass.ts';

/** What one pass did in one model, all rounds together. */
export interface PassSummary {
  readonly pass: string;
  readonly rewrites: number;
  /** Nodes of all graphs before and after, added up over the rounds. */
  readonly nodesRemoved: number;
  readonly skipped: readonly Skip[];
}

export interface OptimizedModel {
  readonly model: OnnxModel;
  readonly nodesBefore: number;
  readonly nodesAfter: number;
  readonly passes: readonly PassSummary[];
}

/** Rounds until nothing changes; one pass makes work for another, but not for ever. */
const MAX_ROUNDS = 8;
/** Reasons kept of each pass. */
const MAX_SKIPS = 50;

/**
 * Runs the passes in order, again and again until none finds anything. The
 * model that was given stays as it is. O(rounds x nodes).
 */
export async function optimizeModel(
  original: OnnxModel,
  passes: readonly Pass[],
  options: PassContext & { readonly source: string; readonly signal?: AbortSignal },
): Promise<OptimizedModel> {
  const model = importModel(original, options.source);
  const nodesBefore = countNodes(model);
  const totals = new Map<Pass, Total>(
    passes.map((pass) => [pass, { rewrites: 0, nodesRemoved: 0, skipped: [] }]),
  );
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let modified = false;
    for (const [pass, total] of totals) {
      options.signal?.throwIfAborted();
      modified = (await runCounted(pass, total, { model, context: options })) || modified;
    }
    if (!modified) break;
  }
  return {
    model: exportModel(model),
    nodesBefore,
    nodesAfter: countNodes(model),
    passes: [...totals].map(([pass, total]) => ({ pass: pass.name, ...total })),
  };
}

interface Total {
  rewrites: number;
  nodesRemoved: number;
  skipped: readonly Skip[];
}

async function runCounted(
  pass: Pass,
  total: Total,
  work: { readonly model: IrModel; readonly context: PassContext },
): Promise<boolean> {
  const before = countNodes(work.model);
  const result = await runPass(pass, work.model, work.context);
  total.rewrites += result.rewrites;
  total.nodesRemoved += before - countNodes(work.model);
  // The last round's reasons are those that still hold.
  total.skipped = result.skipped.slice(0, MAX_SKIPS);
  return result.modified;
}

function countNodes(model: IrModel): number {
  return [...allGraphs(model.graph)].reduce((count, graph) => count + graph.nodes.size, 0);
}
