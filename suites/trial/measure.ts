import { median, summarize } from '../../engine/base/statistics.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { loadRuntime } from '../../engine/runtime/binding.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import type { TrialMetrics, TrialWarning } from '../trial-record.ts';
import { driveClosedLoop, type ClosedLoopResult } from './closed-loop.ts';
import { evaluateAccuracy } from './evaluate.ts';
import { peakResidentBytes } from './process-memory.ts';
import { judgeSteadiness } from './steady-state.ts';
import type { TrialReply, TrialSpec } from './trial-spec.ts';

export interface MeasureContext {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds, with fractions. */
  readonly unixMs: () => number;
  readonly files: SystemFiles;
}

/** Requests prepared before the clock starts; more only widen the cache footprint. */
const PREPARED_REQUESTS = 16;
const PREPARED_BYTES = 64 * 2 ** 20;

/** Opens the engine as configured, warms it up, drives it, scores it, and reports. */
export async function measureTrial(spec: TrialSpec, context: MeasureContext): Promise<TrialReply> {
  const spawnMs = Math.max(0, context.unixMs() - spec.spawnedAtMs);
  const dataset = await openDataset(spec.datasetFolder);
  try {
    const feeds = await prepareRequests(dataset, spec.config.batch.maxSize);
    const importMs = await timed(context, loadRuntime);
    const runtimeBytes = peakResidentBytes(context.files);
    const opened = await timedValue(context, () => Engine.open(spec));
    try {
      const cold = { spawnMs, importMs, createMs: opened.ms };
      return await measureOpen(
        spec,
        { ...context, dataset, feeds, cold, runtimeBytes },
        opened.value,
      );
    } finally {
      await opened.value.close();
    }
  } finally {
    await dataset.close();
  }
}

interface OpenContext extends MeasureContext {
  readonly dataset: Dataset;
  readonly feeds: readonly Tensors[];
  readonly cold: Omit<TrialMetrics['cold'], 'firstInferenceMs'>;
  readonly runtimeBytes: number;
}

async function measureOpen(
  spec: TrialSpec,
  context: OpenContext,
  engine: Engine,
): Promise<TrialReply> {
  const createdBytes = peakResidentBytes(context.files);
  const firstInferenceMs = await timed(context, () => engine.infer(context.feeds[0] as Tensors));
  const warmup = await warmUp(spec, context, engine);
  const cpu = process.cpuUsage();
  const driven = await driveClosedLoop((feeds) => engine.infer(feeds), context.feeds, {
    clients: spec.config.replicas,
    durationMs: spec.protocol.measureMs,
    minRequests: spec.protocol.measureMinRequests,
    maxMs: spec.protocol.measureMaxMs,
    nowMs: context.nowMs,
  });
  const used = process.cpuUsage(cpu);
  const peakBytes = peakResidentBytes(context.files);
  const quality = await scoreQuality(spec, context.dataset, engine);
  const requests = driven.latenciesMs.length;
  const warnings = [...warmup.warnings, ...judge(driven, spec)];
  const metrics: TrialMetrics = {
    qps: driven.requestsPerSecond * spec.config.batch.maxSize,
    latencyMs: { ...summarize(driven.latenciesMs), certified: false },
    samples: requests * spec.config.batch.maxSize,
    elapsedMs: driven.elapsedMs,
    cpuUtilisation: (used.user + used.system) / 1000 / driven.elapsedMs,
    warmupRequests: warmup.requests,
    warmupMs: warmup.elapsedMs,
    memoryBytes: peakBytes,
    sessionBytes: peakBytes - context.runtimeBytes,
    memory: { runtimeBytes: context.runtimeBytes, createdBytes, peakBytes },
    cold: { ...context.cold, firstInferenceMs },
    energyJPerInference: {
      state: 'unavailable',
      reason: 'no power sensor is read by this version',
    },
    quality,
  };
  return { kind: 'completed', metrics, warnings, latenciesMs: driven.latenciesMs };
}

/** Distinct requests of `rows` samples each, bounded in number and in memory. */
async function prepareRequests(dataset: Dataset, rows: number): Promise<Tensors[]> {
  const first = await dataset.read(0, rows);
  const bytes = Object.values(first).reduce(
    (sum, tensor) => sum + ('byteLength' in tensor.data ? tensor.data.byteLength : 0),
    0,
  );
  const distinct = Math.max(1, Math.floor(dataset.count / rows));
  const affordable = Math.max(1, Math.floor(PREPARED_BYTES / Math.max(1, bytes)));
  const count = Math.min(PREPARED_REQUESTS, distinct, affordable);
  const requests = [first];
  for (let i = 1; i < count; i += 1) requests.push(await dataset.read(i * rows, rows));
  return requests;
}

interface Warmup {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly warnings: readonly TrialWarning[];
}

async function warmUp(spec: TrialSpec, context: OpenContext, engine: Engine): Promise<Warmup> {
  const { protocol } = spec;
  const startedMs = context.nowMs();
  const medians: number[] = [];
  let requests = 0;
  while (true) {
    const window = await driveClosedLoop((feeds) => engine.infer(feeds), context.feeds, {
      clients: spec.config.replicas,
      durationMs: protocol.windowMs,
      minRequests: spec.config.replicas,
      maxMs: Math.max(protocol.warmupMaxMs, protocol.windowMs),
      nowMs: context.nowMs,
    });
    medians.push(median(Array.from(window.latenciesMs)));
    requests += window.latenciesMs.length;
    const elapsedMs = context.nowMs() - startedMs;
    const { steady, span } = judgeSteadiness(medians);
    if (steady && requests >= protocol.warmupMinRequests) {
      return { requests, elapsedMs, warnings: [] };
    }
    if (elapsedMs >= protocol.warmupMaxMs) {
      return { requests, elapsedMs, warnings: [unsteady(span, medians.length)] };
    }
  }
}

function unsteady(span: number, windows: number): TrialWarning {
  return { kind: 'no-steady-state', span: Number.isFinite(span) ? span : null, windows };
}

const DRIFT_LIMIT = 0.03;

function judge(driven: ClosedLoopResult, spec: TrialSpec): TrialWarning[] {
  const warnings: TrialWarning[] = [];
  const count = driven.latenciesMs.length;
  if (count < spec.protocol.measureMinRequests) {
    warnings.push({ kind: 'few-requests', count, wanted: spec.protocol.measureMinRequests });
  }
  if (spec.config.replicas === 1 && count >= 20) {
    const half = count >> 1;
    const ratio =
      median(Array.from(driven.latenciesMs.subarray(half))) /
      median(Array.from(driven.latenciesMs.subarray(0, half)));
    if (Math.abs(ratio - 1) > DRIFT_LIMIT) warnings.push({ kind: 'drift', ratio });
  }
  return warnings;
}

async function scoreQuality(
  spec: TrialSpec,
  dataset: Dataset,
  engine: Engine,
): Promise<TrialMetrics['quality']> {
  if (spec.evaluationCount === 0) return {};
  const accuracy = await evaluateAccuracy(engine, dataset, {
    count: spec.evaluationCount,
    batchSize: spec.config.batch.maxSize,
    batchIsFree: engine.inputs.some((input) => typeof input.shape[0] === 'string'),
  });
  return { accuracy };
}

async function timed(context: MeasureContext, work: () => Promise<unknown>): Promise<number> {
  return (await timedValue(context, work)).ms;
}

async function timedValue<T>(
  context: MeasureContext,
  work: () => Promise<T>,
): Promise<{ ms: number; value: T }> {
  const startedMs = context.nowMs();
  const value = await work();
  return { ms: context.nowMs() - startedMs, value };
}
