import { median } from '../engine/base/statistics.ts';
import type { Clock } from '../engine/base/clock.ts';
import { isRepeatable, MAX_ATTEMPTS } from '../suites/repeat-trial.ts';
import type { TrialPurpose, TrialRecord } from '../suites/trial-record.ts';
import { toTrialRecord } from '../suites/to-trial-record.ts';
import type { TrialOutcome } from '../suites/trial/run-trial.ts';
import { trialProtocol, type TrialProtocol } from '../suites/trial/trial-spec.ts';
import { steeringScore, type Score } from './goal.ts';
import { scoreOf } from './objective.ts';
import { explainArm } from './explain.ts';
import { decideOutcome, type Evidence } from './outcome.ts';
import type { RunRecord } from './run-record.ts';
import { toObservation } from './observation.ts';
import type { AskSetting, AskTask } from './search/ask-worker.ts';
import type { Ask, Budget, Prior, Recommendation } from './search/searcher.ts';
import type { Arm } from './arm.ts';
import type { Space } from './space.ts';
import type { Store } from './store/store.ts';
import { nextHalf, VERIFICATION_PAIRS, verificationTrials } from './verification.ts';

/** Measures an arm once, in a fresh process; rejects only when aborted. */
export type MeasureArm = (
  arm: Arm,
  options: { readonly protocol: TrialProtocol; readonly timeoutMs: number },
) => Promise<TrialOutcome>;

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
}

/**
 * Searches, verifies and decides, from wherever the stored trials stand: called
 * again on a killed run it goes on. Every trial is stored when it ends. Returns
 * the finished run, or the interrupted one when the signal aborts.
 */
export async function runTuning(
  started: RunRecord,
  space: Space,
  context: TuningContext,
): Promise<RunRecord> {
  const session = await Session.open(started, space, context);
  let candidate: string | null;
  try {
    await session.search();
    candidate = await session.candidate();
    if (candidate !== null) await session.verify(candidate);
  } catch (thrown) {
    if (!context.signal.aborted) throw thrown;
    return session.save({ state: 'interrupted' });
  }
  return session.finish(candidate);
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
      await this.#measure(arm, { kind: 'search' }, trialProtocol(this.#run.trialMs));
      const last = this.#trials.at(-1);
      if (last === undefined || !isRepeatable(last)) return;
      if (!this.#mayTry()) return;
    }
  }

  async verify(candidate: string): Promise<void> {
    const { defaultArm } = this.#space;
    const protocol = trialProtocol(this.#run.trialMs * VERIFICATION_FACTOR);
    this.#toVerify = verificationTrials(candidate, defaultArm.key);
    while (true) {
      const half = nextHalf(this.#trials, { candidate, default: defaultArm.key }, this.#run.seed);
      if (half === null) return;
      const arm = half.role === 'default' ? defaultArm : this.#arm(candidate);
      await this.#measure(arm, { kind: 'verify', ...half, candidate }, protocol);
    }
  }

  async finish(candidate: string | null): Promise<RunRecord> {
    const outcome = await decideOutcome(this.#evidence(), candidate, (id) =>
      this.#context.store.findSamples(id),
    );
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

  async #measure(arm: Arm, purpose: TrialPurpose, protocol: TrialProtocol): Promise<void> {
    const { clock, measure, store, onTrial } = this.#context;
    const startedAt = clock.date().toISOString();
    const startedMs = clock.nowMs();
    const outcome = await measure(arm, { protocol, timeoutMs: this.#timeoutMs() });
    const sequence = this.#trials.length;
    const common = {
      id: `${this.#run.id}/${sequence}`,
      runId: this.#run.id,
      sequence,
      purpose,
      scenario: CLOSED_LOOP,
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
    onTrial({ run, trials: this.#trials, leftMs: this.#leftMs(), verified: this.#verified() });
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
    return this.#trials.filter((trial) => trial.purpose.kind === 'search');
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
    return timeMs === null || this.#spentMs() + this.#verificationMs() < timeMs;
  }

  /** The search's share of the budget. */
  #budget(): Budget | null {
    const { timeMs, trials } = this.#run.budget;
    const done = this.#searched().length;
    if (trials !== null) return { spent: done, total: trials };
    if (timeMs === null) return null;
    const kept = done === 0 ? timeMs / 2 : this.#verificationMs();
    return { spent: this.#spentMs(), total: timeMs - kept };
  }

  /** What the verification will take, at most half of the budget being kept for it. */
  #verificationMs(): number {
    const costs = this.#searched().map((trial) => trial.costMs);
    const { trialMs } = this.#run;
    const longer =
      spanMs(trialProtocol(trialMs * VERIFICATION_FACTOR)) - spanMs(trialProtocol(trialMs));
    const estimate = 2 * VERIFICATION_PAIRS * (median(costs) + longer);
    return Math.min(estimate, (this.#run.budget.timeMs ?? Infinity) / 2);
  }

  #verified(): TuningProgress['verified'] {
    const done = this.#trials.length - this.#searched().length;
    return done === 0 ? null : { done, of: this.#toVerify };
  }

  #leftMs(): number | null {
    const { timeMs } = this.#run.budget;
    const verified = this.#verified();
    if (verified === null) return timeMs === null ? null : Math.max(0, timeMs - this.#spentMs());
    const costs = this.#trials.slice(-verified.done).map((trial) => trial.costMs);
    return Math.max(0, verified.of - verified.done) * median(costs);
  }

  /**
   * Generous for the first trial, of which nothing is known; then bounded by the
   * slowest one so far, so that a hung arm cannot eat the budget.
   */
  #timeoutMs(): number {
    const costs = this.#trials.filter((trial) => trial.state === 'completed');
    if (costs.length === 0) return FIRST_TIMEOUT_MS;
    return Math.max(LEAST_TIMEOUT_MS, 4 * Math.max(...costs.map((trial) => trial.costMs)));
  }
}

/** Reported figures are measured longer than those that only steer the search. */
const VERIFICATION_FACTOR = 2;
const FIRST_TIMEOUT_MS = 300_000;
const LEAST_TIMEOUT_MS = 30_000;

/** What a trial takes beside opening and scoring, when its warm-up takes as long as it may. */
function spanMs({ warmupMaxMs, measureMs }: TrialProtocol): number {
  return warmupMaxMs + measureMs;
}

/** What the search drives: see `Workload.scenario`. */
const CLOSED_LOOP = Object.freeze({ name: 'closed-loop' } as const);
