import { UserError } from '../engine/base/errors.ts';
import { sha256 } from '../engine/base/files.ts';
import { formatNumber } from '../engine/base/units.ts';
import { describeInvalid } from '../suites/trial-findings.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import type { NightlyJob } from '../tuner/nightly/nightly-plan.ts';
import { thisHost } from './measuring.ts';
import type { PreparedSide } from './nightly-side.ts';

/** What a job measures in turns. */
export interface Sides {
  readonly control: PreparedSide;
  readonly candidate: PreparedSide;
  /** Tuned anew for this night. */
  readonly retuned: boolean;
}

/**
 * What makes nights comparable. The candidate's own model and configuration are left out:
 * whether those changed for the worse is what nights are for.
 */
export function seriesKey(job: NightlyJob, { control, candidate }: Sides): string {
  const { key, usableCores } = thisHost();
  const fed = ({ workload }: PreparedSide): object => {
    const { model, data, dims } = workload;
    return { model: model.name, data, dims };
  };
  const { modelSha256, artifactSha256, armKey } = control.record;
  const parts = [
    { key, usableCores, metric: job.metric, scenario: job.scenario },
    { modelSha256, artifactSha256, armKey, ...fed(control) },
    fed(candidate),
  ];
  return sha256(JSON.stringify(parts)).slice(0, 16);
}

/** Why a measurement has no figures: what its last lost block died of. */
export function tooFewBlocks(blocks: number, reason: TrialRecord | null): UserError {
  const why = reason === null ? 'a metric was not measured' : whyLost(reason);
  return new UserError(`only ${blocks} blocks gave figures: ${why}`, {
    remedy: "see what 'claw host' advises, or try it with claw bench",
  });
}

function whyLost(trial: TrialRecord): string {
  const side =
    trial.purpose.kind === 'compare' && trial.purpose.side === 'a' ? 'control' : 'candidate';
  switch (trial.state) {
    case 'completed':
      return `the ${side} has no such figure`;
    case 'invalid':
      return `the ${side}: ${trial.reasons.map(describeInvalid).join('; ')}`;
    case 'timeout':
      return `the ${side} took longer than ${formatNumber(trial.limitMs)} ms`;
    case 'failed':
    case 'out-of-memory':
      return `the ${side}: ${trial.message}`;
  }
}
