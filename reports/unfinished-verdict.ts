import { counted, rate, ratio } from './figure-format.ts';
import { describeArm } from './knobs.ts';
import type { RunView } from './run-view.ts';
import { sentences, type VerdictText } from './verdict-text.ts';

/** What a run without an outcome can say so far. */
export function unfinishedVerdict(view: RunView): VerdictText {
  const { run, trials, completed } = view;
  const done = `${counted(trials.length, 'trial')} so far, ${completed.length.toLocaleString('en-US')} completed`;
  return {
    tone: run.state === 'failed' ? 'failure' : 'pending',
    figure: undefined,
    headline: `${unfinishedState(run.state)}. ${bestSoFar(view)}`,
    details: sentences(
      trials.length === 0 ? '' : done,
      completed.length === 0
        ? ''
        : 'Search figures are single measurements: the winner is still to be measured again against the default.',
      run.state === 'finished' ? '' : resumeHint(view),
    ),
  };
}

function unfinishedState(state: RunView['run']['state']): string {
  switch (state) {
    case 'running':
      return 'The run has not finished yet';
    case 'interrupted':
      return 'The run was interrupted';
    case 'failed':
      return 'The run failed';
    case 'finished':
      return 'The run ended without a verdict';
  }
}

function bestSoFar(view: RunView): string {
  const { best, baseline, completed } = view;
  if (completed.length === 0) return 'No trial has completed.';
  if (best === undefined) return 'No arm has met the constraints so far.';
  const serves = `${describeArm(best.config)}, ${rate(best.qps.value)} samples/s`;
  if (baseline === undefined) return `Best so far: ${serves}.`;
  if (best.armKey === baseline.armKey) return `Best so far: the default, ${serves}.`;
  return `Best so far: ${serves}, ${ratio(best.qps.value / baseline.qps.value)} times the default.`;
}

/** How the run goes on. */
export function resumeHint(view: RunView): string {
  return `“claw tune --resume=${view.run.id}” goes on where it stopped.`;
}
