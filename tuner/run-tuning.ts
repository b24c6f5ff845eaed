import { isDeepStrictEqual } from 'node:util';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { isRepeatable, MAX_ATTEMPTS } from '../suites/repeat-trial.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { certifyingProtocol, trialProtocol } from '../suites/trial/trial-spec.ts';
import { toArm, type Arm } from './arm.ts';
import { explainArm } from './explain.ts';
import { steeringScore, type Score } from './goal.ts';
import { scoreOf } from './objective.ts';
import { toObservation } from './observation.ts';
import { decideOutcome, type Evidence } from './outcome.ts';
import { RunLog, type RunLogContext, type TrialLoad } from './run-log.ts';
import { maySearch, searchBudget, trialsFor } from './run-position.ts';
import type { RunOutcome, RunRecord } from './run-record.ts';
import { VERIFICATION_FACTOR } from './run-time.ts';
import type { AskSetting, AskTask } from './search/ask-worker.ts';
import type { Ask, Prior, Recommendation } from './search/searcher.ts';
import { serveOutcome } from './serve-outcome.ts';
import { servedBounds } from './served-bounds.ts';
import type { ProbedRate } from './server-rate.ts';
import type { Space } from './space.ts';
import { nextHalf, verificationTrials } from './verification.ts';

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

export interface TuningContext extends RunLogContext {
  readonly adviser: Adviser;
  readonly signal: AbortSignal;
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
  const log = await RunLog.open(started, context);
  const session = new Session(log, space, context);
  try {
    await session.search();
    const candidate = await session.candidate();
    if (candidate !== null) await session.verify(candidate);
    const outcome = await session.serve(await session.decide(candidate));
    const explanation = candidate === null ? null : session.explain(candidate);
    return await log.save({ state: 'finished', outcome, explanation });
  } catch (thrown) {
    if (!context.signal.aborted) throw thrown;
    return log.save({ state: 'interrupted' });
  }
}

/** The steps of a run. Each goes on from the trials that there are. */
class Session {
  readonly #context: TuningContext;
  readonly #space: Space;
  readonly #log: RunLog;

  constructor(log: RunLog, space: Space, context: TuningContext) {
    this.#context = context;
    this.#space = space;
    this.#log = log;
  }

  async search(): Promise<void> {
    while (this.#mayTry()) {
      const steering = steeringScore(this.#log.run, this.#searched(), this.#space.defaultArm.key);
      const ask = await this.#context.adviser.ask(this.#question(steering));
      if (ask.kind === 'done') return;
      const arm = this.#arm(ask.armKey);
      for (let done = 0; done < ask.repetitions && this.#mayTry(); done += 1) {
        await this.#searchTrial(arm);
      }
    }
  }

  /** The arm that the search would ship, or null when none is known to meet the constraints. */
  async candidate(): Promise<string | null> {
    return (await this.#context.adviser.recommend(this.#finalQuestion()))?.candidateKey ?? null;
  }

  async verify(candidate: string): Promise<void> {
    const { defaultArm } = this.#space;
    const { trialMs, seed } = this.#log.run;
    const load = closedLoop(trialMs * VERIFICATION_FACTOR);
    const keys = { candidate, default: defaultArm.key };
    this.#log.expectVerification(verificationTrials(candidate, defaultArm.key));
    while (true) {
      const half = nextHalf(this.#log.position.trials, keys, seed);
      if (half === null) return;
      const arm = half.role === 'default' ? defaultArm : this.#arm(candidate);
      await this.#log.measure(arm, { kind: 'verify', ...half, candidate }, load);
    }
  }

  /** By what was measured on full batches. */
  decide(candidate: string | null): Promise<RunOutcome> {
    const { store } = this.#context;
    return decideOutcome(this.#evidence(), candidate, (id) => store.findSamples(id));
  }

  /** The same with what it is worth to single requests; unchanged without a bound on latency. */
  async serve(outcome: RunOutcome): Promise<RunOutcome> {
    const { run } = this.#log;
    const { constraints, objective, seed, workload, knobs } = run;
    if (servedBounds(run).length === 0) return outcome;
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

  explain(candidate: string): RunRecord['explanation'] {
    const fixed = problemOf(this.#log.run, this.#space, []);
    return explainArm({ ...fixed, ...this.#finalQuestion() }, candidate, this.#searched());
  }

  /** An invalid trial says nothing about its arm: it is repeated, at most twice. */
  async #searchTrial(arm: Arm): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const load = closedLoop(this.#log.run.trialMs);
      const trial = await this.#log.measure(arm, { kind: 'search' }, load);
      if (!isRepeatable(trial) || !this.#mayTry()) return;
    }
  }

  /** Measures a rate, unless that was stored before the run was interrupted. */
  async #probe(config: EngineConfig, { bound, ...rate }: ProbedRate): Promise<TrialRecord> {
    const arm = toArm(config);
    const purpose = { kind: 'probe', ...rate } as const;
    const scenario = { name: 'server', ratePerSecond: rate.ratePerSecond, bound } as const;
    const protocol = certifyingProtocol(this.#log.run.trialMs, scenario);
    const stored = (): TrialRecord[] =>
      trialsFor(this.#log.position, 'probe').filter(
        (trial) => trial.armKey === arm.key && isDeepStrictEqual(trial.purpose, purpose),
      );
    for (let own = stored(); ; own = stored()) {
      const last = own.at(-1);
      if (last !== undefined && (!isRepeatable(last) || own.length >= PROBE_ATTEMPTS)) return last;
      this.#context.signal.throwIfAborted();
      await this.#log.measure(arm, purpose, { scenario, protocol, seed: rate.seed });
    }
  }

  #question(score: Score): AskTask {
    return {
      records: this.#searched().map((trial) => toObservation(trial, score)),
      budget: searchBudget(this.#log.position),
    };
  }

  #finalQuestion(): AskTask {
    return this.#question((figures) => scoreOf(figures, this.#log.run));
  }

  #evidence(): Evidence {
    const { run, position } = this.#log;
    const { constraints, seed } = run;
    return { space: this.#space, constraints, seed, goal: run, trials: position.trials };
  }

  #arm(key: string): Arm {
    const arm = this.#space.arms.find((one) => one.key === key);
    if (arm === undefined) throw new Error(`the searcher asked for an unknown arm: ${key}`);
    return arm;
  }

  #searched(): TrialRecord[] {
    return trialsFor(this.#log.position, 'search');
  }

  #mayTry(): boolean {
    this.#context.signal.throwIfAborted();
    return maySearch(this.#log.position);
  }
}

/** A rate that the machine disturbed is tried once more, not twice: near saturation it will again. */
const PROBE_ATTEMPTS = 2;

/** What the search drives: see `Workload.scenario`. */
function closedLoop(durationMs: number): TrialLoad {
  return { scenario: { name: 'closed-loop' }, protocol: trialProtocol(durationMs), seed: null };
}
