import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { messageOf, UserError } from '../../base/errors.ts';
import { siblingModule } from '../../base/sibling-module.ts';
import { elementTypeNumber } from '../../graph/element-type.ts';
import type { OnnxModel, OnnxValueInfo } from '../../graph/model.ts';
import { saveModel } from '../../graph/model-file.ts';
import {
  mergeHistograms,
  type PlainHistogram,
} from '../../graph/quantization/calibration/histogram.ts';
import { toSharedTensors } from '../../runtime/shared-tensors.ts';
import type { Tensors } from '../../runtime/tensor.ts';
import type { CalibrationTask } from './calibration-worker.ts';

export interface CalibrationOptions {
  /** Activations to observe, by name. */
  readonly targets: readonly string[];
  readonly count: number;
  /** Reads one request of samples. */
  readonly read: (index: number) => Promise<Tensors>;
  /** Workers, each with a session of its own on one thread. */
  readonly threads: number;
  readonly onProgress: (done: number, of: number) => void;
}

/** What was seen of each activation, by its name. */
export type Histograms = ReadonlyMap<string, PlainHistogram>;

/** Requests that one task carries: few, so that progress shows and memory stays bounded. */
const REQUESTS_PER_TASK = 4;

/**
 * Runs a model on samples and gathers what each activation spans, in histograms of
 * fixed size, off the main thread. Memory: a session a worker, and a few requests
 * with their activations. Throws UserError for activations that are not finite.
 */
export async function calibrate(
  model: OnnxModel,
  options: CalibrationOptions,
): Promise<Histograms> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-calibrate-'));
  const pool = new Piscina({
    filename: siblingModule(import.meta.url, './calibration-worker').href,
    minThreads: options.threads,
    maxThreads: options.threads,
    concurrentTasksPerWorker: 1,
    recordTiming: false,
  });
  try {
    const modelPath = join(folder, 'observed.onnx');
    await saveModel(modelPath, withOutputs(model, options.targets));
    return await observeAll(pool, modelPath, options);
  } finally {
    await releaseAll(pool, options.threads);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The targets become outputs; what is an input or an output already stays as it is. */
function withOutputs(model: OnnxModel, targets: readonly string[]): OnnxModel {
  const { graph } = model;
  const there = new Set([...graph.outputs, ...graph.inputs].map(({ name }) => name));
  const added = targets.filter((name) => !there.has(name)).map(floatOutput);
  return { ...model, graph: { ...graph, outputs: [...graph.outputs, ...added] } };
}

function floatOutput(name: string): OnnxValueInfo {
  return {
    name,
    type: { tensorType: { elemType: elementTypeNumber('float32') } },
    metadataProps: [],
  };
}

async function observeAll(
  pool: Piscina,
  modelPath: string,
  options: CalibrationOptions,
): Promise<Histograms> {
  const merged = new Map<string, PlainHistogram>();
  const { count, threads, targets } = options;
  let done = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      const last = Math.min(count, first + REQUESTS_PER_TASK);
      next = last;
      const samples: Tensors[] = [];
      for (let index = first; index < last; index += 1) {
        samples.push(toSharedTensors(await options.read(index)));
      }
      const task: CalibrationTask = { modelPath, targets, samples };
      const seen = (await run(pool, task)) as Record<string, PlainHistogram>;
      for (const [name, plain] of Object.entries(seen)) {
        const before = merged.get(name);
        merged.set(name, before === undefined ? plain : mergeHistograms(before, plain));
      }
      done += samples.length;
      options.onProgress(done, count);
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  checkFinite(merged);
  return merged;
}

async function run(pool: Piscina, task: CalibrationTask): Promise<unknown> {
  try {
    return await pool.run(task, { name: 'observe' });
  } catch (thrown) {
    // An error loses its class on the way between threads.
    throw new UserError(`the model does not run on the calibration data: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function checkFinite(histograms: Histograms): void {
  for (const [name, { nonFiniteCount }] of histograms) {
    if (nonFiniteCount === 0) continue;
    throw new UserError(
      `'${name}' has ${nonFiniteCount} values on the calibration data that are no finite numbers`,
      { remedy: 'check the data for NaN and infinity, and that it is scaled as the model expects' },
    );
  }
}

/** A worker that is terminated with a session open would take the process along. */
async function releaseAll(pool: Piscina, threads: number): Promise<void> {
  const releases = Array.from({ length: threads }, () => pool.run(null, { name: 'release' }));
  await Promise.allSettled(releases);
  await pool.destroy();
}
