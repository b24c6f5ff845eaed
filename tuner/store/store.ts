import type { BenchRecord } from '../../suites/bench-record.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { RunRecord } from '../run-record.ts';

/**
 * Where runs and trials are kept. A trial is written once, in one transaction
 * with its samples, and never changed.
 */
export interface Store {
  /** For messages: the file or the server. */
  readonly location: string;
  saveRun(run: RunRecord): Promise<void>;
  /** The run, or null. */
  findRun(id: string): Promise<RunRecord | null>;
  /** Every run, newest first. */
  listRuns(): Promise<RunRecord[]>;
  /** Adds a trial; `latenciesMs` are the raw samples of a completed one. */
  addTrial(record: TrialRecord, latenciesMs: Float64Array | null): Promise<void>;
  /** The trials of a run in the order they were made. */
  listTrials(runId: string): Promise<TrialRecord[]>;
  /** Raw latencies of a trial in milliseconds, or null when it has none. */
  findSamples(trialId: string): Promise<Float64Array | null>;
  /** Adds what one `claw bench` measured; raw samples in the order of its trials. */
  saveBench(record: BenchRecord, samples: readonly (Float64Array | null)[]): Promise<void>;
  /** The bench, or null. */
  findBench(id: string): Promise<BenchRecord | null>;
  /** Every bench, newest first. */
  listBenches(): Promise<BenchRecord[]>;
  /**
   * Takes the right to drive a run. False while another live process has it; a
   * process that is gone has lost it.
   */
  claimRun(id: string, owner: RunOwner): Promise<boolean>;
  releaseRun(id: string): Promise<void>;
  close(): Promise<void>;
}

/** Who drives a run: a process that can be told from a later one with the same number. */
export interface RunOwner {
  readonly hostName: string;
  readonly pid: number;
  /** When the process started, in the system's own ticks; null where it does not tell. */
  readonly startTicks: string | null;
}
