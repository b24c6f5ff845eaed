import type { Clock } from '../engine/base/clock.ts';
import type { Scenario } from '../suites/scenarios/scenario.ts';
import { toTrialRecord } from '../suites/to-trial-record.ts';
import type { TrialPurpose, TrialRecord } from '../suites/trial-record.ts';
import type { TrialOutcome } from '../suites/trial/run-trial.ts';
import type { TrialProtocol } from '../suites/trial/trial-spec.ts';
import type { Arm } from './arm.ts';
import {
  timeLeftMs,
  trialsFor,
  verifiedTrials,
  type RunPosition,
  type VerifiedTrials,
} from './run-position.ts';
import type { RunRecord } from './run-record.ts';
import { trialTimeoutMs } from './run-time.ts';
import type { Store } from './store/store.ts';
import { VERIFICATION_PAIRS } from './verification.ts';

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

export interface RunLogContext {
  readonly store: Store;
  readonly measure: MeasureArm;
  readonly clock: Clock;
  /** Called after each trial is stored. */
  readonly onTrial: (progress: TuningProgress) => void;
}

export interface TuningProgress {
  readonly run: RunRecord;
  readonly trials: readonly TrialRecord[];
  /** What search and verification will still take, about; null under a budget of trials. */
  readonly leftMs: number | null;
  /** Null while searching. */
  readonly verified: VerifiedTrials | null;
  /** Rates of single requests that were tried; 0 before that begins. */
  readonly probes: number;
}

/** A run that this process drives: every trial, and what is known of the run then, is stored at once. */
export class RunLog {
  readonly #context: RunLogContext;
  readonly #trials: TrialRecord[];
  readonly #startedMs: number;
  readonly #spentBeforeMs: number;
  #run: RunRecord;
  #toVerify = 2 * VERIFICATION_PAIRS;

  private constructor(run: RunRecord, trials: TrialRecord[], context: RunLogContext) {
    this.#context = context;
    this.#trials = trials;
    this.#startedMs = context.clock.nowMs();
    this.#spentBeforeMs = run.spentMs;
    this.#run = run;
  }

  /** Goes on from the trials that the store has. */
  static async open(run: RunRecord, context: RunLogContext): Promise<RunLog> {
    const log = new RunLog(run, await context.store.listTrials(run.id), context);
    await log.save({ state: 'running' });
    return log;
  }

  get run(): RunRecord {
    return this.#run;
  }

  get position(): RunPosition {
    const spentMs = this.#spentBeforeMs + this.#context.clock.nowMs() - this.#startedMs;
    return { run: this.#run, trials: this.#trials, spentMs, toVerify: this.#toVerify };
  }

  /** How many trials the verification will take: what time is left depends on it. */
  expectVerification(trials: number): void {
    this.#toVerify = trials;
  }

  async save(
    change: Partial<Pick<RunRecord, 'state' | 'outcome' | 'explanation'>>,
  ): Promise<RunRecord> {
    this.#run = { ...this.#run, ...change, spentMs: this.position.spentMs };
    await this.#context.store.saveRun(this.#run);
    return this.#run;
  }

  /** Rejects only when aborted; the trial is lost then. */
  async measure(arm: Arm, purpose: TrialPurpose, load: TrialLoad): Promise<TrialRecord> {
    const { clock, measure, store } = this.#context;
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
    await this.#tell();
    return record;
  }

  async #tell(): Promise<void> {
    const run = await this.save({});
    const { position } = this;
    this.#context.onTrial({
      run,
      trials: this.#trials,
      leftMs: timeLeftMs(position),
      verified: verifiedTrials(position),
      probes: trialsFor(position, 'probe').length,
    });
  }
}
