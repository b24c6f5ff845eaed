import type { Clock } from '../../engine/base/clock.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { usableCores } from '../../engine/devices/usable-cores.ts';
import { loadRuntime } from '../../engine/runtime/binding.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import { compareEnvironments } from '../../hosts/profile/environment-change.ts';
import type { HostEnvironment } from '../../hosts/profile/environment-record.ts';
import { readEnvironment } from '../../hosts/profile/environment.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { checkGolden } from '../golden/check-golden.ts';
import { monotonicMs } from '../scenarios/monotonic.ts';
import { loadShape, type LoadShape } from '../scenarios/scenario.ts';
import type { InvalidReason } from '../trial-findings.ts';
import type { TrialMetrics } from '../trial-record.ts';
import { closedQuery, driveLoad, type FinishedLoad } from './drive-load.ts';
import { evaluateAccuracy } from './evaluate.ts';
import { loadFigures } from './load-figures.ts';
import { processMemory, resetPeak } from '../../engine/devices/process-memory.ts';
import { engineMemory, engineTime, timeBetween } from './engine-processes.ts';
import { memoryFigures } from './memory-figures.ts';
import { replicaBaselineBytes } from './replica-baseline.ts';
import { prepareRequests, type RequestPool } from './request-pool.ts';
import type { Span, TrialReply, TrialSpec } from './trial-spec.ts';
import { invalidReasons, suspicions } from './validity.ts';
import { warmUp, type WarmUp } from './warm-up.ts';

export interface MeasureContext {
  readonly clock: Clock;
  readonly files: SystemFiles;
}

/**
 * One trial, in its phases: open cold, check the outputs, rest, warm up, drive,
 * check again, score. What happened to the machine meanwhile is read just before
 * and just after the load.
 */
export async function measureTrial(spec: TrialSpec, context: MeasureContext): Promise<TrialReply> {
  const trial = await Trial.open(spec, context);
  try {
    const wrong = await trial.wrongOutput('before');
    if (wrong !== null) return { kind: 'invalid', reasons: [wrong] };
    const idle = await trial.rest();
    const warm = await trial.warmUp();
    const driven = await trial.drive();
    const after = await trial.wrongOutput('after');
    const quality = await trial.score();
    return trial.reply({ idle, warm, driven, quality, wrong: after === null ? [] : [after] });
  } finally {
    await trial.close();
  }
}

/** Figures that are taken on the way to the load. */
interface Opening {
  readonly cold: Omit<TrialMetrics['cold'], 'firstInferenceMs'>;
  readonly startBytes: number;
  readonly runtimeBytes: number;
  readonly createdBytes: number;
  /** Processes of replicas. */
  readonly pids: readonly number[];
}

interface DrivenTrial {
  readonly load: FinishedLoad;
  readonly span: Span;
  readonly environment: HostEnvironment;
  readonly after: HostEnvironment;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly runQueueWaitMs: number | null;
  readonly lostProcesses: number;
  readonly memory: TrialMetrics['memory'];
}

interface TrialParts {
  readonly spec: TrialSpec;
  readonly context: MeasureContext;
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly golden: Dataset | null;
  readonly shape: LoadShape;
  readonly requests: RequestPool;
  readonly opening: Opening;
}

class Trial {
  readonly #parts: TrialParts;
  readonly #sharedNowMs = monotonicMs();
  readonly #frequenciesMhz: number[] = [];
  #firstInferenceMs = 0;
  #firstInferenceBytes = 0;

  private constructor(parts: TrialParts) {
    this.#parts = parts;
  }

  static async open(spec: TrialSpec, context: MeasureContext): Promise<Trial> {
    const { clock, files } = context;
    const spawnMs = Math.max(0, clock.date().getTime() - spec.spawnedAtMs);
    const startBytes = processMemory(files).bytes;
    const dataset = await openDataset(spec.datasetFolder);
    const golden = spec.goldenFolder === null ? null : await openDataset(spec.goldenFolder);
    const { ms: importMs } = await timed(clock, loadRuntime);
    const runtimeBytes = processMemory(files).bytes + (await replicasBaselineBytes(spec));
    resetPeak();
    const { ms: createMs, value: engine } = await timed(clock, () =>
      Engine.open({ artifact: spec.modelPath, config: spec.config }),
    );
    const createdBytes = engineMemory(files, engine.pids).bytes;
    const shape = loadShape(spec.scenario, spec.config, isBatchFree(engine));
    const requests = await prepareRequests(dataset, {
      engine,
      rows: shape.rowsPerRequest,
      clients: shape.clients ?? 1,
      seed: spec.seed,
    }).catch(async (thrown: unknown) => {
      // The workers of replicas would keep the process alive.
      await engine.close();
      throw thrown;
    });
    const cold = { spawnMs, importMs, createMs };
    const opening = { cold, startBytes, runtimeBytes, createdBytes, pids: [...engine.pids] };
    return new Trial({ spec, context, engine, dataset, golden, shape, requests, opening });
  }

  /** The first call of a trial is also its first inference. */
  async wrongOutput(phase: 'before' | 'after'): Promise<InvalidReason | null> {
    const { spec, context, engine, dataset, golden, requests } = this.#parts;
    if (phase === 'before') {
      const first = await timed(context.clock, () => engine.infer(requests.first));
      this.#firstInferenceMs = first.ms;
      this.#firstInferenceBytes = engineMemory(context.files, engine.pids).bytes;
    }
    if (golden === null) return null;
    const detail = await checkGolden(
      (feeds) => engine.infer(feeds),
      { samples: dataset, golden },
      {
        rows: isBatchFree(engine) ? spec.config.batch.maxSize : golden.count,
        precision: spec.config.precision,
      },
    );
    return detail === null ? null : { kind: 'wrong-output', phase, detail };
  }

  /** Leaves the machine alone: threads that spin for work linger for up to half a second. */
  async rest(): Promise<Span | null> {
    const { spec, context } = this.#parts;
    if (spec.idleMs === 0) return null;
    await context.clock.sleep(SETTLE_MS);
    const fromMs = this.#sharedNowMs();
    await context.clock.sleep(spec.idleMs);
    return { fromMs, toMs: this.#sharedNowMs() };
  }

  warmUp(): Promise<WarmUp> {
    const { spec, context, shape } = this.#parts;
    return warmUp(this.#query(), spec.protocol, {
      // Where single requests are merged, full batches are what must be warm.
      clients: shape.clients ?? spec.config.replicas * spec.config.batch.maxSize,
      nowMs: () => context.clock.nowMs(),
      afterWindow: () => this.#noteFrequency(readEnvironment(context.files)),
    });
  }

  async drive(): Promise<DrivenTrial> {
    const { spec, context, shape, requests, engine, opening } = this.#parts;
    const { clock, files } = context;
    const { replicas, batch } = spec.config;
    const environment = readEnvironment(files);
    const before = engineTime(files, opening.pids);
    const wallMs = clock.date().getTime();
    const fromMs = this.#sharedNowMs();
    const load = await driveLoad({
      infer: (feeds) => engine.infer(feeds),
      requests,
      scenario: spec.scenario,
      shape,
      durationMs: spec.protocol.measureMs,
      leastQueries: spec.protocol.measureMinRequests,
      maxMs: spec.protocol.measureMaxMs,
      seed: spec.seed,
      concurrency: replicas * batch.maxSize,
      clock,
    });
    const span = { fromMs, toMs: this.#sharedNowMs() };
    const endWallMs = clock.date().getTime();
    const used = timeBetween(before, engineTime(files, opening.pids));
    const after = readEnvironment(files);
    this.#noteFrequency(after);
    return {
      load,
      span,
      environment,
      after,
      wallMs: endWallMs - wallMs,
      ...used,
      lostProcesses: lostProcesses(engine, opening.pids),
      memory: memoryFigures(files, engine.pids, {
        ...opening,
        firstInferenceBytes: this.#firstInferenceBytes,
      }),
    };
  }

  async score(): Promise<TrialMetrics['quality']> {
    const { spec, dataset, engine } = this.#parts;
    if (spec.evaluationCount === 0) return {};
    const accuracy = await evaluateAccuracy(engine, dataset, {
      count: spec.evaluationCount,
      batchSize: spec.config.batch.maxSize,
      batchIsFree: isBatchFree(engine),
    });
    return { accuracy };
  }

  reply(phases: {
    readonly idle: Span | null;
    readonly warm: WarmUp;
    readonly driven: DrivenTrial;
    readonly quality: TrialMetrics['quality'];
    readonly wrong: readonly InvalidReason[];
  }): TrialReply {
    const { driven, warm } = phases;
    const metrics = this.#metrics(phases);
    const evidence = this.#evidence(driven, metrics);
    return {
      kind: 'measured',
      metrics,
      reasons: [...phases.wrong, ...invalidReasons(evidence)],
      warnings: [...warm.warnings, ...suspicions(evidence)],
      environment: driven.environment,
      latenciesMs: driven.load.latenciesMs,
      load: driven.span,
      idle: phases.idle,
    };
  }

  #metrics(phases: {
    readonly warm: WarmUp;
    readonly driven: DrivenTrial;
    readonly quality: TrialMetrics['quality'];
  }): TrialMetrics {
    const { warm, driven, quality } = phases;
    const { shape, opening } = this.#parts;
    const spanMs = driven.span.toMs - driven.span.fromMs;
    const samplesPerQuery = shape.requestsPerQuery * shape.rowsPerRequest;
    const { memory } = driven;
    return {
      ...loadFigures(driven.load, { samplesPerQuery, frequenciesMhz: this.#frequenciesMhz }),
      unanswered: driven.load.unanswered,
      cpuUtilisation: driven.cpuMs / spanMs,
      runQueueWait: driven.runQueueWaitMs === null ? null : driven.runQueueWaitMs / spanMs,
      warmupRequests: warm.requests,
      warmupMs: warm.elapsedMs,
      memoryBytes: memory.peakBytes,
      sessionBytes: Math.max(0, memory.peakBytes - memory.runtimeBytes),
      memory,
      cold: { ...opening.cold, firstInferenceMs: this.#firstInferenceMs },
      energyJPerInference: {
        state: 'unavailable',
        reason: 'no power sensor works here: claw host says why',
      },
      quality,
    };
  }

  #evidence(driven: DrivenTrial, metrics: TrialMetrics): Parameters<typeof invalidReasons>[0] {
    const { spec, context, shape } = this.#parts;
    const monotonic = driven.span.toMs - driven.span.fromMs;
    return {
      config: spec.config,
      scenario: spec.scenario,
      shape,
      usableCores: usableCores(context.files),
      metrics,
      queries: {
        count: driven.load.latenciesMs.length,
        wanted: spec.protocol.measureMinRequests,
      },
      measured: { ms: measuredMs(driven.load, spec), wantedMs: spec.protocol.measureMs },
      gaveUp: driven.load.gaveUp,
      change: compareEnvironments(driven.environment, driven.after, monotonic),
      after: driven.after,
      lostProcesses: driven.lostProcesses,
      clocks: { wallMs: driven.wallMs, monotonicMs: monotonic },
    };
  }

  #query(): (client: number, index: number) => Promise<unknown> {
    const { engine, requests, shape } = this.#parts;
    return closedQuery({ infer: (feeds) => engine.infer(feeds), requests, shape });
  }

  #noteFrequency({ cpu }: HostEnvironment): void {
    if (cpu.frequenciesMhz.state === 'unavailable') return;
    const { value } = cpu.frequenciesMhz;
    if (value.length > 0) this.#frequenciesMhz.push(Math.max(...value));
  }

  async close(): Promise<void> {
    const { engine, dataset, golden } = this.#parts;
    await engine.close();
    await dataset.close();
    await golden?.close();
  }
}

/** A schedule that was kept has its full length, though its last arrival came before the end. */
function measuredMs(load: FinishedLoad, { protocol }: TrialSpec): number {
  return load.lagsMs === null ? load.elapsedMs : Math.max(load.elapsedMs, protocol.measureMs);
}

/** Before idle power is sampled: threads spin for up to half a second after their last work. */
const SETTLE_MS = 1000;

function isBatchFree(engine: Engine): boolean {
  return engine.inputs.some((input) => typeof input.shape[0] === 'string');
}

/** One that died may be on its way back, and one that came back may have died again. */
function lostProcesses(engine: Engine, opened: readonly number[]): number {
  const gone = opened.filter((pid) => !engine.pids.includes(pid)).length;
  return Math.max(gone, engine.stats().restarts);
}

/** Every process of the engine with the runtime loaded and no session, our own aside. */
async function replicasBaselineBytes({ config }: TrialSpec): Promise<number> {
  return config.isolation === 'process' ? config.replicas * (await replicaBaselineBytes()) : 0;
}

async function timed<T>(
  clock: Clock,
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly value: T }> {
  const startedMs = clock.nowMs();
  const value = await work();
  const ms = clock.nowMs() - startedMs;
  return { ms, value };
}
