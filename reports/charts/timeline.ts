import type { TrialRecord } from '../../suites/trial-record.ts';
import { figuresOfTrials } from '../arm-figures.ts';
import { checkConstraint } from '../constraint-check.ts';
import { rate } from '../figure-format.ts';
import { describeArmFully } from '../knobs.ts';
import type { RunView } from '../run-view.ts';
import { isPositive, short } from './chart-spec.ts';

/** A trial with a throughput. */
export interface TimelineMark {
  /** Time spent on trials when this one ended. */
  readonly minutes: number;
  readonly qps: number;
  readonly kind: 'meets' | 'breaks' | 'verify';
  readonly trial: string;
  readonly arm: string;
  readonly throughput: string;
}

/** A trial without one. */
export interface TimelineStop {
  readonly minutes: number;
  readonly trial: string;
  readonly arm: string;
  readonly state: string;
}

/** The trials of a run over the time that they took. */
export interface Timeline {
  readonly marks: readonly TimelineMark[];
  readonly stops: readonly TimelineStop[];
  /** The best throughput of a search trial that met the constraints, whenever it rose. */
  readonly best: readonly { minutes: number; qps: number }[];
  readonly verifyFrom: number | undefined;
  readonly end: number;
}

/** Time is the sum of what the trials cost, so a pause before a resumed run does not show. */
export function timelineOf(view: RunView): Timeline {
  const marks: TimelineMark[] = [];
  const stops: TimelineStop[] = [];
  const best: { minutes: number; qps: number }[] = [];
  let spentMs = 0;
  let verifyFrom: number | undefined;
  // Rates that were tried are no throughput: they have a table of their own.
  for (const trial of view.trials.filter(({ purpose }) => purpose.kind !== 'probe')) {
    if (trial.purpose.kind === 'verify') verifyFrom ??= short(spentMs / 60_000);
    spentMs += isPositive(trial.costMs) ? trial.costMs : 0;
    const minutes = short(spentMs / 60_000);
    const mark = markOf(view, trial, minutes);
    if (mark === undefined) stops.push(stopOf(view, trial, minutes));
    else {
      marks.push(mark);
      const rises = mark.kind === 'meets' && mark.qps > (best.at(-1)?.qps ?? 0);
      if (rises) best.push({ minutes, qps: mark.qps });
    }
  }
  return { marks, stops, best, verifyFrom, end: Math.max(short(spentMs / 60_000), 0.001) };
}

function markOf(view: RunView, trial: TrialRecord, minutes: number): TimelineMark | undefined {
  if (trial.state !== 'completed' || !isPositive(trial.metrics.qps)) return undefined;
  const figures = figuresOfTrials([trial]);
  const meets = view.run.constraints.every((item) => checkConstraint(item, figures).met);
  return {
    minutes,
    qps: short(trial.metrics.qps),
    kind: trial.purpose.kind === 'verify' ? 'verify' : meets ? 'meets' : 'breaks',
    trial: `#${trial.sequence}`,
    arm: describeArmFully(trial.config, view.baseline?.config),
    throughput: `${rate(trial.metrics.qps)} samples/s`,
  };
}

function stopOf(view: RunView, trial: TrialRecord, minutes: number): TimelineStop {
  return {
    minutes,
    trial: `#${trial.sequence}`,
    arm: describeArmFully(trial.config, view.baseline?.config),
    state: trial.state === 'completed' ? 'no throughput' : trial.state,
  };
}
