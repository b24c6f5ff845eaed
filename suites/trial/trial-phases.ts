import type { Engine } from '../../engine/runtime/engine.ts';
import type { HostEnvironment } from '../../hosts/profile/environment-record.ts';
import { readEnvironment } from '../../hosts/profile/environment.ts';
import { checkGolden } from '../golden/check-golden.ts';
import type { InvalidReason } from '../trial-findings.ts';
import type { TrialMetrics } from '../trial-record.ts';
import { closedQuery, driveLoad, type FinishedLoad } from './drive-load.ts';
import { engineMemory, engineTime, timeBetween, type EngineTime } from './engine-processes.ts';
import { evaluateAccuracy } from './evaluate.ts';
import { memoryFigures } from './memory-figures.ts';
import { isBatchFree, timed, type OpenTrial } from './open-trial.ts';
import type { Span } from './trial-spec.ts';
import { warmUp, type WarmUp } from './warm-up.ts';

export interface FirstInference {
  readonly ms: number;
  /** What the engine's processes take after it. */
  readonly bytes: number;
}

export async function inferFirst(trial: OpenTrial): Promise<FirstInference> {
  const { context, engine, requests } = trial;
  const { ms } = await timed(context.clock, () => engine.infer(requests.first));
  return { ms, bytes: engineMemory(context.files, engine.pids).bytes };
}

/** Why the outputs are not those of the reference; null when they are, or when there is none. */
export async function wrongOutput(
  { spec, engine, dataset, golden }: OpenTrial,
  phase: 'before' | 'after',
): Promise<InvalidReason | null> {
  if (golden === null) return null;
  const { batch, precision } = spec.config;
  const rows = isBatchFree(engine) ? batch.maxSize : golden.count;
  const detail = await checkGolden(
    (feeds) => engine.infer(feeds),
    { samples: dataset, golden },
    { rows, precision },
  );
  return detail === null ? null : { kind: 'wrong-output', phase, detail };
}

/** Before idle power is sampled: threads spin for up to half a second after their last work. */
const SETTLE_MS = 1000;

/** Leaves the machine alone; null where nobody reads its idle power. */
export async function rest({ spec, context, sharedNowMs }: OpenTrial): Promise<Span | null> {
  if (spec.idleMs === 0) return null;
  await context.clock.sleep(SETTLE_MS);
  const fromMs = sharedNowMs();
  await context.clock.sleep(spec.idleMs);
  return { fromMs, toMs: sharedNowMs() };
}

export interface WarmedTrial extends WarmUp {
  /** Of the fastest core after each window; empty where the machine does not tell. */
  readonly frequenciesMhz: readonly number[];
}

export async function warmTrial(trial: OpenTrial): Promise<WarmedTrial> {
  const { spec, context, shape, engine, requests } = trial;
  const frequenciesMhz: number[] = [];
  const query = closedQuery({ infer: (feeds) => engine.infer(feeds), requests, shape });
  const warm = await warmUp(query, spec.protocol, {
    // Where single requests are merged, full batches are what must be warm.
    clients: shape.clients ?? spec.config.replicas * spec.config.batch.maxSize,
    nowMs: () => context.clock.nowMs(),
    afterWindow: () => frequenciesMhz.push(...fastestMhz(readEnvironment(context.files))),
  });
  return { ...warm, frequenciesMhz };
}

/** The frequency of the fastest core; none where the machine does not tell. */
export function fastestMhz({ cpu: { frequenciesMhz } }: HostEnvironment): number[] {
  if (frequenciesMhz.state === 'unavailable' || frequenciesMhz.value.length === 0) return [];
  return [Math.max(...frequenciesMhz.value)];
}

/** What the load left, and what happened to the machine: read just before and just after it. */
export interface DrivenTrial extends EngineTime {
  readonly load: FinishedLoad;
  readonly span: Span;
  readonly environment: HostEnvironment;
  readonly after: HostEnvironment;
  readonly wallMs: number;
  readonly lostProcesses: number;
  readonly memory: TrialMetrics['memory'];
}

export async function driveTrial(trial: OpenTrial, first: FirstInference): Promise<DrivenTrial> {
  const { context, engine, opening, sharedNowMs } = trial;
  const { clock, files } = context;
  const environment = readEnvironment(files);
  const before = engineTime(files, opening.pids);
  const startedWallMs = clock.date().getTime();
  const fromMs = sharedNowMs();
  const load = await loadOf(trial);
  const span = { fromMs, toMs: sharedNowMs() };
  const wallMs = clock.date().getTime() - startedWallMs;
  const used = timeBetween(before, engineTime(files, opening.pids));
  const after = readEnvironment(files);
  const lost = lostProcesses(engine, opening.pids);
  const earlier = { ...opening, firstInferenceBytes: first.bytes };
  const memory = memoryFigures(files, engine.pids, earlier);
  return { load, span, environment, after, wallMs, ...used, lostProcesses: lost, memory };
}

function loadOf({ spec, context, shape, requests, engine }: OpenTrial): Promise<FinishedLoad> {
  const { protocol, config } = spec;
  return driveLoad({
    infer: (feeds) => engine.infer(feeds),
    requests,
    scenario: spec.scenario,
    shape,
    durationMs: protocol.measureMs,
    leastQueries: protocol.measureMinRequests,
    maxMs: protocol.measureMaxMs,
    seed: spec.seed,
    concurrency: config.replicas * config.batch.maxSize,
    clock: context.clock,
  });
}

/** One that died may be on its way back, and one that came back may have died again. */
function lostProcesses(engine: Engine, opened: readonly number[]): number {
  const gone = opened.filter((pid) => !engine.pids.includes(pid)).length;
  return Math.max(gone, engine.stats().restarts);
}

/** Accuracy on labelled samples, where there are any to score. */
export async function scoreTrial(trial: OpenTrial): Promise<TrialMetrics['quality']> {
  const { spec, dataset, engine } = trial;
  if (spec.evaluationCount === 0) return {};
  const accuracy = await evaluateAccuracy(engine, dataset, {
    count: spec.evaluationCount,
    batchSize: spec.config.batch.maxSize,
    batchIsFree: isBatchFree(engine),
  });
  return { accuracy };
}
