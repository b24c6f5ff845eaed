import { join } from 'node:path';
import { runtimeEvaluator } from '../../../engine/artifacts/evaluator.ts';
import { createRandom } from '../../../engine/base/random.ts';
import { saveModel } from '../../../engine/graph/model-file.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';
import { optimizeModel } from '../../../engine/graph/optimize.ts';
import type { Pass } from '../../../engine/graph/passes/pass.ts';
import { selectPasses } from '../../../engine/graph/passes/registry.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { exportedEncoder, type EncoderForm } from '../../../suites/models/exported-encoder.ts';
import type { SpeedComparison } from '../../../suites/speed/compare-speed.ts';
import { timeModels } from '../../../suites/speed/time-models.ts';

/** A BERT of 6 layers, 384 wide, as an exporter writes it, and what passes make of it. */
export class BenchedEncoder {
  readonly original: OnnxModel;
  readonly #scratch: string;
  readonly #isShort: boolean;

  constructor(
    form: Pick<EncoderForm, 'attention'> & { readonly heads: number },
    around: { readonly scratch: string; readonly isShort: boolean },
  ) {
    const shape = { layers: 6, width: 384, heads: form.heads, length: null };
    const options = { attention: form.attention, hasMask: true, vocabulary: WORDS };
    this.original = exportedEncoder(shape, options);
    this.#scratch = around.scratch;
    this.#isShort = around.isShort;
  }

  /** Written to a file of this name. */
  async save(name: string, model: OnnxModel): Promise<string> {
    const path = join(this.#scratch, `${name}.onnx`);
    await saveModel(path, model);
    return path;
  }

  /** On one thread, under the runtime's own level `all`, in pairs of blocks. */
  time(original: string, rewritten: string, length: number): Promise<SpeedComparison> {
    const [blocks, blockMs] = this.#isShort ? [2, 20] : [16, 300];
    const config = defaultEngineConfig(1);
    const feeds = encoderFeeds(1, length);
    const job = { original, rewritten, feeds, config, blocks, blockMs, seed: 1 };
    return timeModels(job, { timeoutMs: 600_000, signal: new AbortController().signal });
  }
}

/** Entries of the vocabulary: 12 MB of rows. */
const WORDS = 8192;

/** Passes of the pipeline `all`, one of them left out where it is named. */
export async function afterPasses(
  model: OnnxModel,
  without: string | null = null,
): Promise<{ readonly model: OnnxModel; readonly nodes: number; readonly used: readonly Pass[] }> {
  const off = without === null ? [] : [without];
  const passes = selectPasses('all', 'cpu', { on: [], off });
  const context = { provider: 'cpu', evaluate: runtimeEvaluator, source: 'the model' };
  const optimized = await optimizeModel(model, passes, context);
  const used = new Set(
    optimized.passes.filter(({ rewrites }) => rewrites > 0).map(({ pass }) => pass),
  );
  return {
    model: optimized.model,
    nodes: optimized.nodesAfter,
    used: passes.filter(({ name }) => used.has(name)),
  };
}

/** Drawn words, the last eighth of each sample being padding. */
export function encoderFeeds(batch: number, length: number): Tensors {
  const random = createRandom(7, 'words');
  const size = batch * length;
  const ids = BigInt64Array.from({ length: size }, () => BigInt(random.integer(WORDS)));
  const tokens = Math.ceil((7 * length) / 8);
  const mask = BigInt64Array.from({ length: size }, (_, index) => BigInt(index % length < tokens));
  const dims = [batch, length];
  return { ids: { type: 'int64', dims, data: ids }, mask: { type: 'int64', dims, data: mask } };
}
