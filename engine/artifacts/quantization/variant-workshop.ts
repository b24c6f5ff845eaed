import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exportModel } from '../../graph/ir/export-model.ts';
import { importModel, type IrModel } from '../../graph/ir/import-model.ts';
import type { OnnxModel } from '../../graph/model.ts';
import { saveModel } from '../../graph/model-file.ts';
import type { CalibrationMethod } from '../../graph/quantization/calibration/thresholds.ts';
import type { QuantizationSummary } from '../../graph/quantization/summary.ts';
import type { Session } from '../../runtime/binding.ts';
import { defaultEngineConfig, type EngineConfig } from '../../runtime/engine-config.ts';
import type { Tensors } from '../../runtime/tensor.ts';
import { evaluateVariant, type EvaluationSet, type SetQuality } from './evaluate-variant.ts';
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

export interface CalibrationRequests {
  readonly count: number;
  readonly read: (index: number) => Promise<Tensors>;
}

export interface VariantData {
  /** Disjoint from the evaluation; null where the precision needs none. */
  readonly calibration: CalibrationRequests | null;
  readonly evaluation: readonly EvaluationSet[];
}

/** A variant on disk, and how it was made. */
export interface Candidate {
  readonly path: string;
  readonly files: readonly string[];
  readonly summary: QuantizationSummary;
  readonly method: MethodName | null;
  readonly kept: readonly string[];
}

export interface Evaluated {
  readonly candidate: Candidate;
  readonly quality: readonly SetQuality[];
}

/** Requests of the calibration that methods and nodes are ranked on. */
const RANKING_REQUESTS = 16;
const PROFILED_RUNS = 15;

/** Where the candidates of one job are made, compared with the original and profiled. */
export class VariantWorkshop {
  readonly job: VariantJob;
  readonly data: VariantData;
  /** The model as the passes leave it that are the base of the precision. */
  readonly cleaned: OnnxModel;
  readonly #original: Session;
  readonly #folder: string;
  readonly #onProgress: (text: string) => void;
  #made = 0;

  constructor(
    job: VariantJob,
    data: VariantData,
    around: {
      readonly cleaned: OnnxModel;
      /** Closed by whoever opened it. */
      readonly original: Session;
      readonly folder: string;
      readonly onProgress: (text: string) => void;
    },
  ) {
    this.job = job;
    this.data = data;
    this.cleaned = around.cleaned;
    this.#original = around.original;
    this.#folder = around.folder;
    this.#onProgress = around.onProgress;
  }

  progress(text: string): void {
    this.#onProgress(text);
  }

  async make(
    how: { readonly method: MethodName | null; readonly kept: readonly string[] },
    rewrite: (model: IrModel) => QuantizationSummary,
  ): Promise<Candidate> {
    const model = importModel(this.cleaned);
    const summary = rewrite(model);
    this.#made += 1;
    const path = join(this.#folder, String(this.#made), basename(this.job.outPath));
    const files = await saveModel(path, exportModel(model));
    return { path, files, summary, method: how.method, kept: how.kept };
  }

  async discard({ path }: Candidate): Promise<void> {
    await rm(dirname(path), { recursive: true, force: true });
  }

  async evaluate({ path }: Candidate): Promise<SetQuality[]> {
    this.progress('measuring the quality');
    const { evaluation: sets } = this.data;
    return evaluateVariant(this.#original, path, { sets, threads: this.job.threads });
  }

  /** SQNR in dB on a part of the calibration data: the evaluation must not choose. */
  async rank({ path }: Candidate): Promise<number> {
    const { calibration } = this.data;
    if (calibration === null) throw new Error('ranking needs calibration data');
    const set: EvaluationSet = {
      name: 'ranking',
      rows: 1,
      count: Math.min(RANKING_REQUESTS, calibration.count),
      read: async (index) => ({ feeds: await calibration.read(index), labels: null }),
    };
    const { threads } = this.job;
    const [quality] = await evaluateVariant(this.#original, path, { sets: [set], threads });
    return quality?.sqnrDb ?? -Infinity;
  }

  /**
   * Share of the time of all products that integer kernels take, 0 to 1, at the largest
   * batch: the profile counts whole microseconds, of which a small model has few. On one
   * thread: work is what is compared, not how well each kernel is divided.
   */
  async profile({ path }: Candidate): Promise<number> {
    this.progress('looking at which kernels run');
    const [set] = this.data.evaluation.toSorted((a, b) => b.rows - a.rows);
    if (set === undefined) return 0;
    const { feeds } = await set.read(0);
    const config = defaultEngineConfig(1);
    return integerShare(await profileOperators(path, feeds, { config, runs: PROFILED_RUNS }));
  }

  holds(quality: readonly SetQuality[]): boolean {
    return quality.every((one) => missedFloors(one, this.job.floors).length === 0);
  }
}
