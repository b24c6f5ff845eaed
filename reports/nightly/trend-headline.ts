import { counted, percent } from '../figure-format.ts';
import type { VerdictText } from '../verdict-text.ts';
import { dayOf } from './trend-text.ts';
import type { NightStatus, TrendChange, TrendJob } from './trend-view.ts';

/** What a headline needs of a job. */
export type HeadlinedJob = Pick<TrendJob, 'name' | 'status' | 'summary' | 'changes'>;

/** The line on top: what broke, since when, and what changed then. */
export function trendHeadline(jobs: readonly HeadlinedJob[]): VerdictText {
  const having = (status: NightStatus): HeadlinedJob[] =>
    jobs.filter((job) => job.status === status);
  const [regressed, invalid, open] = [
    having('regressed'),
    having('invalid'),
    having('inconclusive'),
  ];
  if (regressed.length > 0) {
    const start = `${capitalized(share(regressed, jobs))} regressed`;
    return broken(start, regressed, [...invalid, ...open]);
  }
  if (invalid.length > 0) {
    return broken(`${capitalized(share(invalid, jobs))} could not be measured`, invalid, open);
  }
  if (open.length > 0) {
    const headline = `Nothing can be said about ${share(open, jobs)}`;
    return { tone: 'pending', figure: undefined, headline, details: detailsOf(open) };
  }
  const headline =
    jobs.length === 1 ? 'Nothing regressed' : `None of ${jobs.length} jobs regressed`;
  return { tone: 'gain', figure: undefined, headline, details: detailsOf(jobs) };
}

function broken(
  start: string,
  worst: readonly HeadlinedJob[],
  others: readonly HeadlinedJob[],
): VerdictText {
  const names = worst.map(({ name }) => name).join(', ');
  const [only] = worst;
  const since = worst.length === 1 && only !== undefined ? sinceText(only) : '';
  const headline = `${start}: ${names}${since}`;
  return {
    tone: 'failure',
    figure: undefined,
    headline,
    details: detailsOf([...worst, ...others]),
  };
}

/** ` since 2026-11-03 (onnxruntime 1.29.0 -> 1.30.0)`, where the night of the change is known. */
function sinceText({ status, changes }: HeadlinedJob): string {
  const loss = status === 'regressed' ? lastLoss(changes) : undefined;
  if (loss === undefined) return '';
  const causes = loss.causes.length === 0 ? '' : ` (${loss.causes.join(', ')})`;
  return `, ${percent(-loss.change)} down since ${dayOf(loss.startedAt)}${causes}`;
}

function lastLoss(changes: readonly TrendChange[]): TrendChange | undefined {
  return changes.findLast(({ change }) => change < 0);
}

function share(some: readonly HeadlinedJob[], all: readonly HeadlinedJob[]): string {
  return all.length === 1 ? 'the job' : `${some.length} of ${counted(all.length, 'job')}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Lines that a person reads after the first: bounded, the table below has them all. */
const MOST_DETAILS = 5;

function detailsOf(jobs: readonly HeadlinedJob[]): readonly string[] {
  // A job's name is written as it is: a capital would make it another one.
  return jobs.slice(0, MOST_DETAILS).map(({ name, summary }) => `${name}: ${summary}`);
}
