import type { Clock } from '../../engine/base/clock.ts';
import { processMemory, resetPeak } from '../../engine/devices/process-memory.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { loadRuntime } from '../../engine/runtime/binding.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { monotonicMs } from '../scenarios/monotonic.ts';
import { loadShape, type LoadShape } from '../scenarios/scenario.ts';
import type { TrialMetrics } from '../trial-record.ts';
import { engineMemory } from './engine-processes.ts';
import { replicaBaselineBytes } from './replica-baseline.ts';
import { prepareRequests, type RequestPool } from './request-pool.ts';
import type { TrialSpec } from './trial-spec.ts';

export interface MeasureContext {
  readonly clock: Clock;
  readonly files: SystemFiles;
}

/** Figures that are taken on the way to the load. */
export interface Opening {
  readonly cold: Omit<TrialMetrics['cold'], 'firstInferenceMs'>;
  readonly startBytes: number;
  readonly runtimeBytes: number;
  readonly createdBytes: number;
  /** Processes of replicas. */
  readonly pids: readonly number[];
}

/** A trial that can be driven. Its holder closes it with `closeTrial`. */
export interface OpenTrial {
  readonly spec: TrialSpec;
  readonly context: MeasureContext;
  /** The clock that all processes share. */
  readonly sharedNowMs: () => number;
  readonly engine: Engine;
  readonly dataset: Dataset;
  /** Reference outputs; null when there are none. */
  readonly golden: Dataset | null;
  readonly shape: LoadShape;
  readonly requests: RequestPool;
  readonly opening: Opening;
}

/** Opens the engine cold, as a first user finds it, and prepares the requests. */
export async function openTrial(spec: TrialSpec, context: MeasureContext): Promise<OpenTrial> {
  const { clock, files } = context;
  const spawnMs = Math.max(0, clock.date().getTime() - spec.spawnedAtMs);
  const startBytes = processMemory(files).bytes;
  const dataset = await openDataset(spec.datasetFolder);
  const golden = spec.goldenFolder === null ? null : await openDataset(spec.goldenFolder);
  const { engine, ...opened } = await openEngine(spec, context);
  const cold = { spawnMs, importMs: opened.importMs, createMs: opened.createMs };
  const { runtimeBytes, createdBytes, pids } = opened;
  const opening = { cold, startBytes, runtimeBytes, createdBytes, pids };
  try {
    const shape = loadShape(spec.scenario, spec.config, isBatchFree(engine));
    const { rowsPerRequest: rows, clients } = shape;
    const { seed } = spec;
    const requests = await prepareRequests(dataset, { engine, rows, clients: clients ?? 1, seed });
    const sharedNowMs = monotonicMs();
    return { spec, context, sharedNowMs, engine, dataset, golden, shape, requests, opening };
  } catch (thrown) {
    // The workers of replicas would keep the process alive.
    await engine.close();
    throw thrown;
  }
}

interface OpenedEngine extends Omit<Opening, 'cold' | 'startBytes'> {
  readonly engine: Engine;
  readonly importMs: number;
  readonly createMs: number;
}

async function openEngine(
  spec: TrialSpec,
  { clock, files }: MeasureContext,
): Promise<OpenedEngine> {
  const { ms: importMs } = await timed(clock, loadRuntime);
  const runtimeBytes = processMemory(files).bytes + (await replicasBaselineBytes(spec));
  resetPeak();
  const { ms: createMs, value: engine } = await timed(clock, () =>
    Engine.open({ artifact: spec.modelPath, config: spec.config }),
  );
  const createdBytes = engineMemory(files, engine.pids).bytes;
  return { engine, importMs, createMs, runtimeBytes, createdBytes, pids: [...engine.pids] };
}

/** Every process of the engine with the runtime loaded and no session, our own aside. */
async function replicasBaselineBytes({ config }: TrialSpec): Promise<number> {
  return config.isolation === 'process' ? config.replicas * (await replicaBaselineBytes()) : 0;
}

/** What some work gave, and how long it took. */
export async function timed<T>(
  clock: Clock,
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly value: T }> {
  const startedMs = clock.nowMs();
  const value = await work();
  const ms = clock.nowMs() - startedMs;
  return { ms, value };
}

/** Whether the model takes batches of any size. */
export function isBatchFree(engine: Engine): boolean {
  return engine.inputs.some((input) => typeof input.shape[0] === 'string');
}

export async function closeTrial({ engine, dataset, golden }: OpenTrial): Promise<void> {
  await engine.close();
  await dataset.close();
  await golden?.close();
}
