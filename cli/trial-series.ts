import type { BenchRecord } from '../suites/bench-record.ts';
import type { Scenario } from '../suites/scenarios/scenario.ts';
import type { TrialPurpose, TrialRecord } from '../suites/trial-record.ts';
import type { RunTrialOptions } from '../suites/trial/run-trial.ts';
import type { TrialProtocol } from '../suites/trial/trial-spec.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import type { Arm } from '../tuner/arm.ts';
import { machine, thisHost, trialTarget } from './measuring.ts';
import { recordedTrial } from './recorded-trial.ts';
import { runName } from './run-name.ts';

/** How long a trial waits for a quiet machine; where trials are paired, drift is paired away. */
export const QUIET_WAIT_MS = { alone: 10_000, paired: 1000 } as const;
/** Others may use this share of the cores before a trial starts. */
const MAX_BUSY_SHARE = 0.25;
/** Idle power is sampled for this long, where there is a sensor. */
const IDLE_MS = 2000;
const LEAST_TIMEOUT_MS = 300_000;

/** What every trial of a series is measured under. */
export type SeriesConditions = Pick<RunTrialOptions, 'signal' | 'sensors' | 'referenceCelsius'>;

export interface SeriesTrial {
  readonly workload: WorkloadRecord;
  readonly arm: Arm;
  readonly scenario: Scenario;
  /** Of the arrivals and of the samples that are drawn. */
  readonly seed: number;
  readonly protocol: TrialProtocol;
  readonly purpose: TrialPurpose;
  /** How long the trial waits for a quiet machine. */
  readonly quietWaitMs: number;
  /** Labelled samples to score; 0 for none. */
  readonly evaluationCount: number;
}

export interface MeasuredBench {
  readonly record: BenchRecord;
  /** Raw latencies of each trial in milliseconds, in the order of the trials. */
  readonly samples: readonly (Float64Array | null)[];
}

/** Trials that belong together, each kept in the order in which it was measured. */
export class TrialSeries {
  readonly id: string;
  readonly #conditions: SeriesConditions;
  readonly #createdAt = machine.clock.date().toISOString();
  readonly #trials: TrialRecord[] = [];
  readonly #samples: (Float64Array | null)[] = [];

  /** `name` says what is measured; the id adds when. */
  constructor(name: string, conditions: SeriesConditions) {
    this.id = runName(this.#createdAt, name);
    this.#conditions = conditions;
  }

  get trials(): readonly TrialRecord[] {
    return this.#trials;
  }

  /** Measures once, and keeps the record with its samples. Rejects only when aborted. */
  async measure(trial: SeriesTrial): Promise<TrialRecord> {
    const { workload, arm, scenario, seed, protocol, purpose, evaluationCount } = trial;
    const { config } = arm;
    const { record, latenciesMs } = await recordedTrial(
      { runId: this.id, sequence: this.#trials.length, purpose, armKey: arm.key },
      {
        ...trialTarget(workload, config),
        config,
        scenario,
        seed,
        protocol,
        evaluationCount,
        idleMs: IDLE_MS,
      },
      {
        ...this.#conditions,
        timeoutMs: Math.max(LEAST_TIMEOUT_MS, 2 * protocol.measureMaxMs),
        quietWaitMs: trial.quietWaitMs,
        maxBusyShare: MAX_BUSY_SHARE,
      },
    );
    this.#trials.push(record);
    this.#samples.push(latenciesMs);
    return record;
  }

  /** All of it as one record of a workload, and what was found by comparing or searching. */
  finish(workload: WorkloadRecord, found: Pick<BenchRecord, 'comparison' | 'peak'>): MeasuredBench {
    const record: BenchRecord = {
      schema: 'openclaw.bench/1',
      id: this.id,
      createdAt: this.#createdAt,
      workload,
      host: thisHost(),
      trials: this.#trials,
      ...found,
    };
    return { record, samples: this.#samples };
  }
}
