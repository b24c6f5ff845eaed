import type { LoadEvidence, TrialOutcome } from '../../suites/trial/run-trial.ts';
import { isTransient } from '../../suites/trial-findings.ts';

/**
 * What a trial measured. A machine that runs other tests at the same time may
 * make it invalid by its own rules (pressure, steal); its figures are there all
 * the same. Any other end is an error.
 */
export function evidenceOf(outcome: TrialOutcome): LoadEvidence {
  if (outcome.state === 'completed') return outcome;
  if (outcome.state === 'invalid' && outcome.evidence !== null) {
    if (outcome.reasons.every(isTransient)) return outcome.evidence;
  }
  const { state } = outcome;
  const why = state === 'invalid' ? outcome.reasons : 'message' in outcome ? outcome.message : '';
  throw new Error(`the trial ended as ${state}: ${JSON.stringify(why)}`);
}
