import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { formatNumber } from '../../base/units.ts';
import { importModel, type IrModel } from '../../graph/ir/import-model.ts';
import { exportModel } from '../../graph/ir/export-model.ts';
import type { OnnxModel } from '../../graph/model.ts';
import { loadModel, saveModel } from '../../graph/model-file.ts';
import { optimizeModel } from '../../graph/optimize.ts';
import { selectPasses } from '../../graph/passes/registry.ts';
import {
  calibrationRange,
  type CalibrationMethod,
  type Range,
} from '../../graph/quantization/calibration/thresholds.ts';
import { toInt8Dynamic } from '../../graph/quantization/dynamic.ts';
import { toFp16 } from '../../graph/quantization/fp16.ts';
import { toInt4Weights } from '../../graph/quantization/int4.ts';
import { planStatic, quantizedNodeId } from '../../graph/quantization/static-plan.ts';
import { calibrationTargets, toInt8Static } from '../../graph/quantization/static.ts';
import type { QuantizationSummary } from '../../graph/quantization/summary.ts';
import type { Session } from '../../runtime/binding.ts';
import { defaultEngineConfig, type EngineConfig } from '../../runtime/engine-config.ts';
import type { Tensors } from '../../runtime/tensor.ts';
import { runtimeEvaluator } from '../evaluator.ts';
import { calibrate, type Histograms } from './calibrate.ts';
import {
  evaluateVariant,
  openForEvaluation,
  type EvaluationSet,
  type SetQuality,
} from './evaluate-variant.ts';
import { integerShare, profileOperators } from './profile-operators.ts';
import { missedFloors, type QualityFloor } from './quality.ts';

export type MethodName = CalibrationMethod['method'];
export type Precision = Exclude<EngineConfig['precision'], 'fp32'>;

export interface VariantJob {
  readonly modelPath: string;
  /** Where the variant goes; whole or not at all. */
  readonly outPath: string;
  readonly precision: Precision;
  /** How the ranges of activations are chosen; `auto` tries all and keeps the closest. */
  readonly method: MethodName | 'auto';
  readonly activations: 'uint8' | 'int8';
  readonly weightBits: 8 | 7;
  readonly int4BlockSize: number;
  readonly floors: readonly QualityFloor[];
  readonly threads: number;
}

export interface VariantData {
  /** Disjoint from the evaluation; null where the precision needs none. */
  readonly calibration: {
    readonly count: number;
    readonly read: (index: number) => Promise<Tensors>;
  } | null;
  readonly evaluation: readonly EvaluationSet[];
}

export interface VariantReport {
  readonly precision: Precision;
  readonly method: MethodName | null;
  readonly quantized: number;
  /** Nodes that stay in floating point so that the floors hold, the most sensitive first. */
  readonly kept: readonly string[];
  readonly skipped: QuantizationSummary['skipped'];
  readonly quality: readonly SetQuality[];
  /** Share of the time of all products that integer kernels take, 0 to 1. */
  readonly integerShare: number;
  readonly sizeBytesBefore: number;
  readonly sizeBytesAfter: number;
}

const METHODS = ['min-max', 'percentile', 'entropy', 'mse'] as const;
/** Requests of the calibration that methods and nodes are ranked on. */
const RANKING_REQUESTS = 4;
const PROFILED_RUNS = 5;

/**
 * Makes one variant of a model in another precision, from the model as the passes
 * of `clean` leave it. Where a floor is given and missed, nodes go back to
 * floating point, the most sensitive first, until it holds. Throws UserError when
 * it cannot: nothing is written then.
 */
export async function buildVariant(
  job: VariantJob,
  data: VariantData,
  onProgress: (text: string) => void = () => undefined,
): Promise<VariantReport> {
  const folder = await mkdtemp(`${job.outPath}.`);
  const build = new VariantBuild(job, data, { folder, onProgress });
  try {
    return await build.run();
  } finally {
    await build.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A variant on disk, and how it was made. */
interface Candidate {
  readonly path: string;
  readonly files: readonly string[];
  readonly summary: QuantizationSummary;
  readonly method: MethodName | null;
  readonly kept: readonly string[];
}

/** A static variant with the ranges that it was made by. */
interface Chosen {
  readonly candidate: Candidate;
  readonly method: MethodName;
  readonly ranges: ReadonlyMap<string, Range>;
}

class VariantBuild {
  readonly #job: VariantJob;
  readonly #data: VariantData;
  readonly #folder: string;
  readonly #onProgress: (text: string) => void;
  #original: Session | null = null;
  #made = 0;

  constructor(
    job: VariantJob,
    data: VariantData,
    around: { readonly folder: string; readonly onProgress: (text: string) => void },
  ) {
    this.#job = job;
    this.#data = data;
    this.#folder = around.folder;
    this.#onProgress = around.onProgress;
  }

  async run(): Promise<VariantReport> {
    const { modelPath, threads, outPath } = this.#job;
    this.#onProgress('reading and cleaning the model');
    const cleaned = await cleanModel(modelPath);
    this.#original = await openForEvaluation(modelPath, threads);
    const { candidate, quality } = await this.#candidate(cleaned);
    if (candidate.summary.quantized === 0) throw this.#nothingToDo(candidate.summary);
    const share = await this.#profile(candidate.path);
    // The data first: a model that is there finds what it refers to.
    for (const file of [...candidate.files].reverse()) {
      await rename(file, join(dirname(outPath), basename(file)));
    }
    return {
      precision: this.#job.precision,
      method: candidate.method,
      quantized: candidate.summary.quantized,
      kept: candidate.kept,
      skipped: candidate.summary.skipped,
      quality,
      integerShare: share,
      sizeBytesBefore: (await stat(modelPath)).size,
      sizeBytesAfter: (await stat(outPath)).size,
    };
  }

  #nothingToDo({ skipped }: QuantizationSummary): UserError {
    const [first] = skipped;
    const why = first === undefined ? 'it has no node with constant weights' : first.reason;
    return new UserError(`${this.#job.modelPath}: nothing to make ${this.#job.precision}: ${why}`);
  }

  async #candidate(cleaned: OnnxModel): Promise<Evaluated> {
    if (this.#job.precision === 'int8-static') return this.#static(cleaned);
    const candidate = await this.#make(cleaned, { method: null, kept: [] }, (model) =>
      this.#rewriteWeights(model),
    );
    const quality = await this.#evaluate(candidate);
    this.#demand(quality);
    return { candidate, quality };
  }

  #rewriteWeights(model: IrModel): QuantizationSummary {
    switch (this.#job.precision) {
      case 'int8-dynamic':
        return toInt8Dynamic(model, { weightBits: this.#job.weightBits });
      case 'int4-weights':
        return toInt4Weights(model, { blockSize: this.#job.int4BlockSize });
      case 'fp16':
        return toFp16(model);
      case 'int8-static':
        throw new Error('int8-static is made elsewhere');
    }
  }

  async #static(cleaned: OnnxModel): Promise<Evaluated> {
    const histograms = await this.#calibrate(cleaned);
    const { candidate, method, ranges } = await this.#closest(cleaned, histograms);
    const make = (kept: readonly string[]): Promise<Candidate> =>
      this.#makeStatic(cleaned, { ranges, method, kept });
    const quality = await this.#evaluate(candidate);
    if (this.#holds(quality)) return { candidate, quality };
    return this.#keepSensitive(await this.#ranking(cleaned, { ranges, method }), make, quality);
  }

  async #calibrate(cleaned: OnnxModel): Promise<Histograms> {
    const { calibration } = this.#data;
    if (calibration === null) throw new Error('int8-static needs calibration data');
    const targets = calibrationTargets(importModel(cleaned));
    const onProgress = (done: number, of: number): void =>
      this.#onProgress(`calibrating on ${done} of ${of} requests`);
    return calibrate(cleaned, { ...calibration, targets, threads: this.#job.threads, onProgress });
  }

  /** The variant by the method that was asked for, or by that which comes closest. */
  async #closest(cleaned: OnnxModel, histograms: Histograms): Promise<Chosen> {
    const { method: asked } = this.#job;
    const by = async (method: MethodName): Promise<Chosen> => {
      const ranges = rangesOf(histograms, method);
      const how = { ranges, method, kept: [] };
      return { method, ranges, candidate: await this.#makeStatic(cleaned, how) };
    };
    if (asked !== 'auto') return by(asked);
    let best: { readonly chosen: Chosen; readonly sqnrDb: number } | null = null;
    for (const method of METHODS) {
      this.#onProgress(`trying the ranges of ${method}`);
      const chosen = await by(method);
      const sqnrDb = await this.#rank(chosen.candidate);
      if (best === null || sqnrDb > best.sqnrDb) best = { chosen, sqnrDb };
    }
    if (best === null) throw new Error('there is no method of calibration');
    return best.chosen;
  }

  /** Nodes by how much each alone, in integers, disturbs the outputs: the worst first. */
  async #ranking(
    cleaned: OnnxModel,
    how: { readonly ranges: ReadonlyMap<string, Range>; readonly method: MethodName },
  ): Promise<readonly string[]> {
    const nodes = weightedNodes(cleaned);
    const scores: { readonly node: string; readonly sqnrDb: number }[] = [];
    for (const [index, node] of nodes.entries()) {
      this.#onProgress(`ranking node ${index + 1} of ${nodes.length} by its sensitivity`);
      const kept = nodes.filter((other) => other !== node);
      const candidate = await this.#makeStatic(cleaned, { ...how, kept });
      scores.push({ node, sqnrDb: await this.#rank(candidate) });
      await this.#discard(candidate);
    }
    return scores.sort((a, b) => a.sqnrDb - b.sqnrDb).map(({ node }) => node);
  }

  /** The fewest of the most sensitive nodes in floating point with which the floors hold. */
  async #keepSensitive(
    ranking: readonly string[],
    make: (kept: readonly string[]) => Promise<Candidate>,
    before: readonly SetQuality[],
  ): Promise<Evaluated> {
    const attempt = async (count: number): Promise<Evaluated | null> => {
      this.#onProgress(`keeping ${count} of ${ranking.length} nodes in fp32`);
      const candidate = await make(ranking.slice(0, count));
      const quality = await this.#evaluate(candidate);
      return this.#holds(quality) ? { candidate, quality } : null;
    };
    let [low, high] = [0, 1];
    let found = await attempt(high);
    while (found === null && high < ranking.length - 1) {
      low = high;
      high = Math.min(ranking.length - 1, high * 2);
      found = await attempt(high);
    }
    if (found === null) throw this.#belowFloor(before, ranking.length);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const better = await attempt(middle);
      if (better === null) low = middle;
      else [high, found] = [middle, better];
    }
    return found;
  }

  async #makeStatic(
    cleaned: OnnxModel,
    how: {
      readonly ranges: ReadonlyMap<string, Range>;
      readonly method: MethodName;
      readonly kept: readonly string[];
    },
  ): Promise<Candidate> {
    const { activations, weightBits } = this.#job;
    const keep = new Set(how.kept);
    return this.#make(cleaned, how, (model) =>
      toInt8Static(model, { ranges: how.ranges, activations, weightBits, keep }),
    );
  }

  async #make(
    cleaned: OnnxModel,
    how: { readonly method: MethodName | null; readonly kept: readonly string[] },
    rewrite: (model: IrModel) => QuantizationSummary,
  ): Promise<Candidate> {
    const model = importModel(cleaned);
    const summary = rewrite(model);
    this.#made += 1;
    const path = join(this.#folder, String(this.#made), basename(this.#job.outPath));
    const files = await saveModel(path, exportModel(model));
    return { path, files, summary, method: how.method, kept: how.kept };
  }

  async #discard({ path }: Candidate): Promise<void> {
    await rm(dirname(path), { recursive: true, force: true });
  }

  async #evaluate({ path }: Candidate): Promise<SetQuality[]> {
    this.#onProgress('measuring the quality');
    const { evaluation: sets } = this.#data;
    return evaluateVariant(this.#session(), path, { sets, threads: this.#job.threads });
  }

  /** SQNR on a part of the calibration data: the evaluation must not choose. */
  async #rank({ path }: Candidate): Promise<number> {
    const { calibration } = this.#data;
    if (calibration === null) throw new Error('ranking needs calibration data');
    const set: EvaluationSet = {
      name: 'ranking',
      rows: 1,
      count: Math.min(RANKING_REQUESTS, calibration.count),
      read: async (index) => ({ feeds: await calibration.read(index), labels: null }),
    };
    const { threads } = this.#job;
    const [quality] = await evaluateVariant(this.#session(), path, { sets: [set], threads });
    return quality?.sqnrDb ?? -Infinity;
  }

  async #profile(path: string): Promise<number> {
    this.#onProgress('looking at which kernels run');
    const [set] = this.#data.evaluation;
    if (set === undefined) return 0;
    const { feeds } = await set.read(0);
    const config = defaultEngineConfig(this.#job.threads);
    return integerShare(await profileOperators(path, feeds, { config, runs: PROFILED_RUNS }));
  }

  #holds(quality: readonly SetQuality[]): boolean {
    return quality.every((one) => missedFloors(one, this.#job.floors).length === 0);
  }

  #demand(quality: readonly SetQuality[]): void {
    if (!this.#holds(quality)) throw this.#belowFloor(quality, 0);
  }

  #belowFloor(quality: readonly SetQuality[], nodes: number): UserError {
    const { precision, floors, modelPath } = this.#job;
    const misses = quality.flatMap((one) =>
      missedFloors(one, floors).map(
        ({ floor, reached }) =>
          `${floor.kind} ${reached === null ? 'cannot be measured' : formatNumber(reached)} at ${one.set}, floor ${formatNumber(floor.value)}`,
      ),
    );
    const tried = nodes === 0 ? '' : ', also with all but one of its nodes in fp32';
    return new UserError(
      `${modelPath}: ${precision} does not hold the floor${tried}: ${misses.join('; ')}`,
      {
        remedy: 'lower the floor, give more calibration data, or choose another precision',
      },
    );
  }

  #session(): Session {
    if (this.#original === null) throw new Error('the original is not open');
    return this.#original;
  }

  async close(): Promise<void> {
    await this.#original?.close();
    this.#original = null;
  }
}

interface Evaluated {
  readonly candidate: Candidate;
  readonly quality: readonly SetQuality[];
}

/** Variants are made from the cleaned graph: nothing to quantize hides in a fused operator. */
async function cleanModel(modelPath: string): Promise<OnnxModel> {
  const { model } = await optimizeModel(
    await loadModel(modelPath),
    selectPasses('clean', 'cpu', { on: [], off: [] }),
    { provider: 'cpu', evaluate: runtimeEvaluator, source: modelPath },
  );
  return model;
}

function rangesOf(histograms: Histograms, method: MethodName): ReadonlyMap<string, Range> {
  return new Map(
    [...histograms].map(([name, histogram]) => [name, calibrationRange(histogram, { method })]),
  );
}

/** Nodes that `toInt8Static` would quantize, by the names that `keep` takes. */
function weightedNodes(cleaned: OnnxModel): string[] {
  return [...planStatic(importModel(cleaned)).roles]
    .filter(([, role]) => role === 'weighted')
    .map(([node]) => quantizedNodeId(node));
}
