import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../engine/base/clock.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { isRepeatable, MAX_ATTEMPTS } from '../suites/repeat-trial.ts';
import type { TrialPurpose, TrialRecord } from '../suites/trial-record.ts';
import { toTrialRecord } from '../suites/to-trial-record.ts';
import type { TrialOutcome } from '../suites/trial/run-trial.ts';
import type { Scenario } from '../suites/scenarios/scenario.ts';
import {
  certifyingProtocol,
  trialProtocol,
  type TrialProtocol,
} from '../suites/trial/trial-spec.ts';
import { steeringScore, type Score } from './goal.ts';
import { scoreOf } from './objective.ts';
import { explainArm } from './explain.ts';
import { decideOutcome, type Evidence } from './outcome.ts';
import type { RunOutcome, RunRecord } from './run-record.ts';
import {
  afterSearchMs,
  costOf,
  keptMs,
  servingMs,
  trialTimeoutMs,
  VERIFICATION_FACTOR,
} from './run-time.ts';
import { serveOutcome } from './serve-outcome.ts';
import { servedBounds } from './served-bounds.ts';
import type { ProbedRate } from './server-rate.ts';
import { toObservation } from './observation.ts';
import type { AskSetting, AskTask } from './search/ask-worker.ts';
import type { Ask, Budget, Prior, Recommendation } from './search/searcher.ts';
import { toArm, type Arm } from './arm.ts';
import type { Space } from './space.ts';
import type { Store } from './store/store.ts';
import { nextHalf, VERIFICATION_PAIRS, verificationTrials } from './verification.ts';

/** Measures an arm once, in a fresh process; rejects only when aborted. */
export type MeasureArm = (
  arm: Arm,
  options: TrialLoad & { readonly timeoutMs: number },
) => Promise<TrialOutcome>;

/** What a trial of a run drives, and how long. */
export interface TrialLoad {
  readonly scenario: Scenario;
  readonly protocol: TrialProtocol;
  /** Of the arrivals in `server`; null: the workload's own. */
  readonly seed: number | null;
}

/** The searcher of the run, which may think in another thread. */
export interface Adviser {
  ask(task: AskTask): Ask | Promise<Ask>;
  recommend(task: AskTask): Recommendation | null | Promise<Recommendation | null>;
}

/** What stays the same over a run. */
export function problemOf(
  run: RunRecord,
  space: Space,
  priors: readonly Prior[],
): AskSetting['problem'] {
  const { constraints, seed } = run;
  const sought = run.objective === 'latency' ? 'latency' : 'throughput';
  return { space, sought, constraints, priors, seed };
}

export interface TuningContext {
  readonly store: Store;
  readonly adviser: Adviser;
  readonly measure: MeasureArm;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called after each trial is stored. */
  readonly onTrial: (progress: TuningProgress) => void;
}

export interface TuningProgress {
  readonly run: RunRecord;
  readonly trials: readonly TrialRecord[];
  /** What search and verification will still take, about; null under a budget of trials. */
  readonly leftMs: number | null;
  /** Trials of the verification done and to do; null while searching. */
  readonly verified: { readonly done: number; readonly of: number } | null;
  /** Rates of single requests that were tried; 0 before that begins. */
  readonly probes: number;
}

/**
 * Searches, verifies, decides and, where latency is bounded, tries what was decided on
 * with single requests, from wherever the stored trials stand: called
 * again on a killed run it goes on. Every trial is stored when it ends. Returns
 * the finished run, or the interrupted one when the signal aborts.
 */
export async function runTuning(
  started: RunRecord,
  space: Space,
  context: TuningContext,
): Promise<RunRecord> {
  const session = await Session.open(started, space, context);
  try {
    await session.search();
    const candidate = await session.candidate();
    if (candidate !== null) await session.verify(candidate);
    const outcome = await session.serve(await session.decide(candidate));
    return await session.finish(outcome, candidate);
  } catch (thrown) {
    if (!context.signal.aborted) throw thrown;
    return session.save({ state: 'interrupted' });
  }
}

/** A run being driven by this process: its trials so far, and the time spent. */
class Session {
  readonly #context: TuningContext;
  readonly #space: Space;
  readonly #trials: TrialRecord[];
  readonly #startedMs: number;
  readonly #spentBeforeMs: number;
  #run: RunRecord;
  #toVerify = 2 * VERIFICATION_PAIRS;

  private constructor(
    run: RunRecord,
    space: Space,
    options: { readonly context: TuningContext; readonly trials: TrialRecord[] },
  ) {
    this.#context = options.context;
    this.#space = space;
    this.#trials = options.trials;
    this.#startedMs = options.context.clock.nowMs();
    this.#spentBeforeMs = run.spentMs;
    this.#run = run;
  }

  static async open(run: RunRecord, space: Space, context: TuningContext): Promise<Session> {
    const trials = await context.store.listTrials(run.id);
    const session = new Session(run, space, { context, trials });
    await session.save({ state: 'running' });
    return session;
  }

  async search(): Promise<void> {
    while (this.#mayTry()) {
      const steering = steeringScore(this.#run, this.#searched(), this.#space.defaultArm.key);
      const ask = await this.#context.adviser.ask(this.#question(steering));
      if (ask.kind === 'done') return;
      const arm = this.#arm(ask.armKey);
      for (let done = 0; done < ask.repetitions && this.#mayTry(); done += 1) {
        await this.#searchTrial(arm);
      }
    }
  }

  #question(score: Score): AskTask {
    return {
      records: this.#searched().map((trial) => toObservation(trial, score)),
      budget: this.#budget(),
    };
  }

  #finalQuestion(): AskTask {
    return this.#question((figures) => scoreOf(figures, this.#run));
  }

  /** The arm that the search would ship, or null when none is known to meet the constraints. */
  async candidate(): Promise<string | null> {
    return (await this.#context.adviser.recommend(this.#finalQuestion()))?.candidateKey ?? null;
  }

  /** An invalid trial says nothing about its arm: it is repeated, at most twice. */
  async #searchTrial(arm: Arm): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      await this.#measure(arm, { kind: 'search' }, closedLoop(this.#run.trialMs));
      const last = this.#trials.at(-1);
      if (last === undefined || !isRepeatable(last)) return;
      if (!this.#mayTry()) return;
    }
  }

  async verify(candidate: string): Promise<void> {
    const { defaultArm } = this.#space;
    const load = closedLoop(this.#run.trialMs * VERIFICATION_FACTOR);
    this.#toVerify = verificationTrials(candidate, defaultArm.key);
    while (true) {
      const half = nextHalf(this.#trials, { candidate, default: defaultArm.key }, this.#run.seed);
      if (half === null) return;
      const arm = half.role === 'default' ? defaultArm : this.#arm(candidate);
      await this.#measure(arm, { kind: 'verify', ...half, candidate }, load);
    }
  }

  /** By what was measured on full batches. */
  decide(candidate: string | null): Promise<RunOutcome> {
    const { store } = this.#context;
    return decideOutcome(this.#evidence(), candidate, (id) => store.findSamples(id));
  }

  /** The same with what it is worth to single requests; unchanged without a bound on latency. */
  async serve(outcome: RunOutcome): Promise<RunOutcome> {
    const { constraints, objective, seed, workload, knobs } = this.#run;
    if (servedBounds(this.#run).length === 0) return outcome;
    const delays = knobs['batch.maxDelayMs']?.map(Number);
    return serveOutcome(outcome, {
      constraints,
      seed,
      batch: workload.batch,
      delaysMs: delays ?? null,
      ratesDecide: objective === 'qps',
      probe: (config, rate) => this.#probe(config, rate),
    });
  }

  /** Measures a rate, unless that was stored before the run was interrupted. */
  async #probe(config: EngineConfig, { bound, ...rate }: ProbedRate): Promise<TrialRecord> {
    const arm = toArm(config);
    const scenario = { name: 'server', ratePerSecond: rate.ratePerSecond, bound } as const;
    const protocol = certifyingProtocol(this.#run.trialMs, scenario);
    const stored = (): TrialRecord[] =>
      this.#of('probe').filter(
        ({ armKey, purpose }) =>
          armKey === arm.key && isDeepStrictEqual(purpose, { kind: 'probe', ...rate }),
      );
    for (let own = stored(); ; own = stored()) {
      const last = own.at(-1);
      if (last !== undefined && (!isRepeatable(last) || own.length >= PROBE_ATTEMPTS)) return last;
      this.#context.signal.throwIfAborted();
      const load = { scenario, protocol, seed: rate.seed };
      await this.#measure(arm, { kind: 'probe', ...rate }, load);
    }
  }

  async finish(outcome: RunOutcome, candidate: string | null): Promise<RunRecord> {
    const explanation = candidate === null ? null : this.#explain(candidate);
    return this.save({ state: 'finished', outcome, explanation });
  }

  #explain(candidate: string): RunRecord['explanation'] {
    const fixed = problemOf(this.#run, this.#space, []);
    return explainArm({ ...fixed, ...this.#finalQuestion() }, candidate, this.#searched());
  }

  async save(
    change: Partial<Pick<RunRecord, 'state' | 'outcome' | 'explanation'>>,
  ): Promise<RunRecord> {
    this.#run = { ...this.#run, ...change, spentMs: this.#spentMs() };
    await this.#context.store.saveRun(this.#run);
    return this.#run;
  }

  async #measure(arm: Arm, purpose: TrialPurpose, load: TrialLoad): Promise<void> {
    const { clock, measure, store, onTrial } = this.#context;
    const startedAt = clock.date().toISOString();
    const startedMs = clock.nowMs();
    const timeoutMs = trialTimeoutMs(this.#trials, load.protocol);
    const outcome = await measure(arm, { ...load, timeoutMs });
    const sequence = this.#trials.length;
    const common = {
      id: `${this.#run.id}/${sequence}`,
      runId: this.#run.id,
      sequence,
      purpose,
      scenario: load.scenario,
      armKey: arm.key,
      config: arm.config,
      startedAt,
      costMs: clock.nowMs() - startedMs,
      hostKey: this.#run.host.key,
      versions: this.#run.versions,
    };
    const { record, latenciesMs } = toTrialRecord(common, outcome);
    await store.addTrial(record, latenciesMs);
    this.#trials.push(record);
    const run = await this.save({});
    const [verified, probes] = [this.#verified(), this.#of('probe').length];
    onTrial({ run, trials: this.#trials, leftMs: this.#leftMs(), verified, probes });
  }

  #evidence(): Evidence {
    const { constraints, seed } = this.#run;
    return { space: this.#space, constraints, seed, goal: this.#run, trials: this.#trials };
  }

  #arm(key: string): Arm {
    const arm = this.#space.arms.find((one) => one.key === key);
    if (arm === undefined) throw new Error(`the searcher asked for an unknown arm: ${key}`);
    return arm;
  }

  #searched(): TrialRecord[] {
    return this.#of('search');
  }

  #of(kind: TrialPurpose['kind']): TrialRecord[] {
    return this.#trials.filter((trial) => trial.purpose.kind === kind);
  }

  #spentMs(): number {
    return this.#spentBeforeMs + this.#context.clock.nowMs() - this.#startedMs;
  }

  /** Whether the budget allows one more search trial; the default is always measured. */
  #mayTry(): boolean {
    this.#context.signal.throwIfAborted();
    const searched = this.#searched();
    if (searched.length === 0) return true;
    // A verification that has begun is not followed by more search, also after a resume.
    if (searched.length < this.#trials.length) return false;
    const { timeMs, trials } = this.#run.budget;
    if (trials !== null && searched.length >= trials) return false;
    return timeMs === null || this.#spentMs() + keptMs(this.#run, searched) < timeMs;
  }

  /** The search's share of the budget. */
  #budget(): Budget | null {
    const { timeMs, trials } = this.#run.budget;
    const done = this.#searched().length;
    if (trials !== null) return { spent: done, total: trials };
    if (timeMs === null) return null;
    const kept = done === 0 ? timeMs / 2 : keptMs(this.#run, this.#searched());
    return { spent: this.#spentMs(), total: timeMs - kept };
  }

  #verified(): TuningProgress['verified'] {
    const done = this.#of('verify').length;
    // A disturbed half is measured once more.
    return done === 0 ? null : { done, of: Math.max(done, this.#toVerify) };
  }

  #leftMs(): number | null {
    const { timeMs } = this.#run.budget;
    const searched = this.#searched();
    const verified = this.#verified();
    if (verified === null) {
      const kept = afterSearchMs(this.#run, searched);
      return timeMs === null ? null : Math.max(kept, timeMs - this.#spentMs());
    }
    const toServe = servingMs(this.#run, searched);
    const probes = this.#of('probe');
    if (probes.length > 0) return Math.max(0, toServe - sumOf(probes));
    const toVerify = Math.max(0, verified.of - verified.done);
    return toVerify * costOf(this.#of('verify')) + toServe;
  }
}

function sumOf(trials: readonly TrialRecord[]): number {
  return trials.reduce((sum, { costMs }) => sum + costMs, 0);
}

/** A rate that the machine disturbed is tried once more, not twice: near saturation it will again. */
const PROBE_ATTEMPTS = 2;

/** What the search drives: see `Workload.scenario`. */
function closedLoop(durationMs: number): TrialLoad {
  return { scenario: { name: 'closed-loop' }, protocol: trialProtocol(durationMs), seed: null };
}
