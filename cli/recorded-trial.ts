import { toTrialRecord, type RecordedTrial } from '../suites/to-trial-record.ts';
import type { TrialPurpose } from '../suites/trial-record.ts';
import { runTrial, type RunTrialOptions } from '../suites/trial/run-trial.ts';
import type { TrialSpec } from '../suites/trial/trial-spec.ts';
import { machine, thisHost, versions } from './measuring.ts';

/** Where a trial stands among those that belong together. */
export interface TrialPlace {
  readonly runId: string;
  /** In the order of measuring, from 0. */
  readonly sequence: number;
  readonly purpose: TrialPurpose;
  readonly armKey: string;
}

/** Measures once on this machine and says so in a record. Rejects as `runTrial` does. */
export async function recordedTrial(
  place: TrialPlace,
  spec: Omit<TrialSpec, 'spawnedAtMs'>,
  options: Omit<RunTrialOptions, 'files'>,
): Promise<RecordedTrial> {
  const startedAt = machine.clock.date().toISOString();
  const startedMs = machine.clock.nowMs();
  const outcome = await runTrial(spec, { ...options, files: machine.files });
  const identity = {
    id: `${place.runId}/${place.sequence}`,
    ...place,
    scenario: spec.scenario,
    config: spec.config,
    startedAt,
    costMs: machine.clock.nowMs() - startedMs,
    hostKey: thisHost().key,
    versions: versions(),
  };
  return toTrialRecord(identity, outcome);
}
