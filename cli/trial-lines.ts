import { formatDuration } from '../engine/base/units.ts';
import { describeInvalid, describeWarning } from '../suites/trial-findings.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { figureLines } from './figure-lines.ts';

/** How a trial ended, its figures, and what spoils them. */
export function trialLines(trial: TrialRecord): string[] {
  switch (trial.state) {
    case 'completed':
      return [...figureLines(trial.metrics, trial.scenario), ...doubtLines(trial)];
    case 'invalid':
      return [
        ...endingLines(trial),
        ...(trial.metrics === null ? [] : ['', ...figureLines(trial.metrics, trial.scenario)]),
        ...doubtLines(trial),
      ];
    case 'timeout':
    case 'failed':
    case 'out-of-memory':
      return endingLines(trial);
  }
}

/** Why a trial has no figures that count. */
export function endingLines(trial: Exclude<TrialRecord, { state: 'completed' }>): string[] {
  switch (trial.state) {
    case 'invalid':
      return [
        `INVALID: ${trial.metrics === null ? 'nothing was measured' : 'these figures do not count'}`,
        ...trial.reasons.map((reason) => `  - ${describeInvalid(reason)}`),
      ];
    case 'timeout':
      return [`no end within ${formatDuration(trial.limitMs)}: the process was killed`];
    case 'failed':
      return [`the trial failed: ${trial.message.trim()}`];
    case 'out-of-memory':
      return [`the trial ran out of memory: ${trial.message.trim()}`];
  }
}

function doubtLines({ state, warnings }: TrialRecord): string[] {
  if (warnings.length === 0) {
    return state === 'completed' ? ['', '  nothing spoils it: every check of validity passed'] : [];
  }
  return ['', '  suspect:', ...warnings.map((warning) => `  - ${describeWarning(warning)}`)];
}
