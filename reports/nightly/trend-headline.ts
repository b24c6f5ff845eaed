import { counted, percent } from '../figure-format.ts';
import type { VerdictText } from '../verdict-text.ts';
import type { NightStatus, TrendChange, TrendJob } from './trend-view.ts';

/** The line on top: what broke, since when, and what changed then. */
export function trendHeadline(jobs: readonly TrendJob[]): VerdictText {
  const having = (status: NightStatus): TrendJob[] => jobs.filter((job) => job.status === status);
  const [regressed, invalid, open] = [
    having('regressed'),
    having('invalid'),
    having('inconclusive'),
  ];
  if (regressed.length > 0) {
    return broken(`${share(regressed, jobs)} regressed`, regressed, [...invalid, ...open]);
  }
  if (invalid.length > 0) {
    return broken(`${share(invalid, jobs)} could not be measured`, invalid, open);
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
  worst: readonly TrendJob[],
  others: readonly TrendJob[],
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
function sinceText({ status, changes }: TrendJob): string {
  const loss = status === 'regressed' ? lastLoss(changes) : undefined;
  if (loss === undefined) return '';
  const causes = loss.causes.length === 0 ? '' : ` (${loss.causes.join(', ')})`;
  return `, ${percent(-loss.change)} down since ${dayOf(loss.startedAt)}${causes}`;
}

function lastLoss(changes: readonly TrendChange[]): TrendChange | undefined {
  return changes.findLast(({ change }) => change < 0);
}

function share(some: readonly TrendJob[], all: readonly TrendJob[]): string {
  return all.length === 1 ? 'The job' : `${some.length} of ${counted(all.length, 'job')}`;
}

/** Lines that a person reads after the first: bounded, the table below has them all. */
const MOST_DETAILS = 5;

function detailsOf(jobs: readonly TrendJob[]): readonly string[] {
  // A job's name is written as it is: a capital would make it another one.
  return jobs.slice(0, MOST_DETAILS).map(({ name, summary }) => `${name}: ${summary}`);
}

/** `2026-11-03` of an ISO time. */
export function dayOf(startedAt: string): string {
  return startedAt.slice(0, 10);
}
