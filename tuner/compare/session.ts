import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { ScenarioName } from '../../suites/scenarios/scenario.ts';
import type { CompletedTrial } from '../../suites/trial-record.ts';
import type { MeasuredArm } from '../run-record.ts';
import type { ComparedSource } from './compared-source.ts';
import { figuresOf, servedFigures, type SessionFigures } from './session-figures.ts';

/** One arm in one session. */
export interface SessionArm {
  readonly armKey: string;
  readonly config: EngineConfig;
  readonly evidence: 'measured-again' | 'search';
  readonly loads: Readonly<Partial<Record<ScenarioName, SessionFigures>>>;
}

/** What one source measured. */
export interface Session {
  readonly source: ComparedSource;
  readonly arms: readonly SessionArm[];
  /** The arm that the source itself is about: what ships, or what was benched. */
  readonly own: string | null;
}

/** Arranges a source by arm. Only completed trials count. */
export async function openSession(source: ComparedSource): Promise<Session> {
  return source.record.kind === 'run' ? sessionOfRun(source) : sessionOfBench(source);
}

async function sessionOfRun(source: ComparedSource): Promise<Session> {
  const run = source.record.kind === 'run' ? source.record.run : null;
  const outcome = run?.outcome ?? null;
  const measured = outcome !== null && 'shipped' in outcome ? outcome : null;
  const arms: SessionArm[] = [];
  for (const own of groupedByArm(source, ['search', 'verify'])) {
    arms.push(await armOfRun(source, own, measured));
  }
  return { source, arms, own: measured?.shipped.armKey ?? null };
}

async function armOfRun(
  source: ComparedSource,
  trials: readonly CompletedTrial[],
  outcome: { readonly shipped: MeasuredArm; readonly baseline: MeasuredArm } | null,
): Promise<SessionArm> {
  const again = trials.filter(({ purpose }) => purpose.kind === 'verify');
  const used = again.length > 0 ? again : trials;
  const [first, ...rest] = used;
  if (first === undefined) throw new Error('an arm without trials');
  const closedLoop = await figuresOf([first, ...rest], 'closed-loop', source.findSamples);
  const known = [outcome?.shipped, outcome?.baseline].find((one) => one?.armKey === first.armKey);
  const server = known?.metrics.server;
  return {
    armKey: first.armKey,
    config: known?.config ?? first.config,
    evidence: again.length > 0 ? 'measured-again' : 'search',
    loads: {
      'closed-loop': closedLoop,
      ...(server?.state === 'found' && { server: servedFigures(closedLoop, server) }),
    },
  };
}

async function sessionOfBench(source: ComparedSource): Promise<Session> {
  const arms: SessionArm[] = [];
  for (const own of groupedByArm(source, ['bench', 'compare'])) {
    const [first, ...rest] = own;
    const load = first?.scenario.name;
    // A rate that was given is no throughput: it says nothing of what the machine can do.
    if (first === undefined || load === undefined || load === 'server') continue;
    const figures = await figuresOf([first, ...rest], load, source.findSamples);
    const { armKey, config } = first;
    arms.push({ armKey, config, evidence: 'measured-again', loads: { [load]: figures } });
  }
  const peak = await peakArm(source);
  const all = peak === null ? arms : [...arms, peak];
  // Of a comparison, the last of a block is not always the candidate.
  const candidate = source.trials.find(
    ({ purpose }) => purpose.kind === 'compare' && purpose.side === 'b',
  );
  return { source, arms: all, own: candidate?.armKey ?? all.at(-1)?.armKey ?? null };
}

/** The highest rate that a bench confirmed. */
async function peakArm(source: ComparedSource): Promise<SessionArm | null> {
  const peak = source.record.kind === 'bench' ? source.record.bench.peak : null;
  if (peak === null || peak.ratePerSecond === null || peak.confirmedBy === null) return null;
  const trial = source.trials[peak.confirmedBy];
  if (trial?.state !== 'completed' || trial.scenario.name !== 'server') return null;
  const { bound } = trial.scenario;
  const figures = await figuresOf([trial], 'server', source.findSamples);
  const { batch } = source.workload;
  const rows = batch === 'free' ? 1 : batch;
  const server: SessionFigures = {
    ...figures,
    bound: bound === null ? null : { kind: 'latency', ...bound },
    qps: peak.ratePerSecond * rows,
    within: null,
  };
  const { armKey, config } = trial;
  return { armKey, config, evidence: 'measured-again', loads: { server } };
}

/** Completed trials of these purposes, those of one arm together, in order of the first. */
function groupedByArm(
  { trials }: ComparedSource,
  purposes: readonly string[],
): readonly (readonly CompletedTrial[])[] {
  const completed = trials.filter(
    (trial): trial is CompletedTrial =>
      trial.state === 'completed' && purposes.includes(trial.purpose.kind),
  );
  return [...Map.groupBy(completed, ({ armKey }) => armKey).values()];
}
