import { moment, NOTHING } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { type Cell, type Column, dataTable } from '../tables/data-table.ts';
import { rangeText } from './trend-text.ts';
import type { RatioRange, TrendJob, TrendPoint } from './trend-view.ts';

/** Nights that a job's table lists; the chart has more. */
const LISTED_NIGHTS = 30;

interface JobRow {
  readonly job: TrendJob;
  /** Where the job's own section is. */
  readonly href: string;
}

/** Every job with how its last night ended. `hrefOf` leads to the section of a job. */
export function jobsTable(jobs: readonly TrendJob[], hrefOf: (index: number) => string): Html {
  const rows = jobs.map((job, index) => ({ job, href: hrefOf(index) }));
  const { table } = dataTable(JOB_COLUMNS, rows, {
    caption: 'Every job and its last night',
    rowClass: ({ job }) => classOf(job),
  });
  return scrolling(table);
}

/** Nothing is left out of these tables: that all jobs are well is what a reader looks for. */
const JOB_COLUMNS: readonly Column<JobRow>[] = [
  {
    title: 'job',
    numeric: false,
    keep: true,
    cell: ({ job, href }) => ({ content: html`<a href="${href}">${job.name}</a>`, sort: job.name }),
  },
  {
    title: 'last night',
    numeric: false,
    keep: true,
    // Words stand beside the colours: a page may be printed, or read by somebody who sees none.
    cell: ({ job: { status } }) => ({
      content: html`<span class="tag">${status}</span>`,
      sort: status,
    }),
  },
  {
    title: 'times the control',
    numeric: true,
    keep: true,
    cell: ({ job }) => ratioCell(job.points.at(-1)?.ratio ?? null),
  },
  { title: 'verdict', numeric: false, keep: true, cell: ({ job }) => textCell(job.summary) },
];

type NightRow = Pick<TrendPoint, 'startedAt' | 'status' | 'summary' | 'href'> & {
  readonly ratio: RatioRange | null;
  /** What changed since the night before. */
  readonly changed: string;
};

/** The last nights of a job, the newest first. */
export function nightsTable({ points, gaps, marks }: TrendJob): Html {
  const changed = new Map(marks.map(({ startedAt, texts }) => [startedAt, texts.join(', ')]));
  const empty = gaps.map((gap) => ({ ...gap, ratio: null, status: 'invalid' as const }));
  const rows = [...points, ...empty]
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(0, LISTED_NIGHTS)
    .map((night) => ({ ...night, changed: changed.get(night.startedAt) ?? '' }));
  const { table } = dataTable(NIGHT_COLUMNS, rows, {
    caption: 'The last nights, the newest first',
    rowClass: classOf,
  });
  return scrolling(table);
}

const NIGHT_COLUMNS: readonly Column<NightRow>[] = [
  {
    title: 'night',
    numeric: false,
    keep: true,
    cell: ({ href, startedAt }) => ({
      content: html`<a href="${href}">${moment(startedAt)}</a>`,
      sort: startedAt,
    }),
  },
  {
    title: 'times the control',
    numeric: true,
    keep: true,
    cell: ({ ratio }) => ratioCell(ratio),
  },
  { title: 'verdict', numeric: false, keep: true, cell: ({ summary }) => textCell(summary) },
  {
    title: 'changed since the night before',
    numeric: false,
    keep: true,
    cell: ({ changed }) => textCell(changed),
  },
];

function classOf({ status }: Pick<TrendJob, 'status'>): string {
  return status === 'regressed' || status === 'invalid' ? 'failed' : '';
}

function ratioCell(ratio: RatioRange | null): Cell {
  return ratio === null
    ? { content: NOTHING, sort: null }
    : { content: rangeText(ratio), sort: ratio.value };
}

/** In a block, which the style sheet keeps from growing too wide. */
function textCell(text: string): Cell {
  return { content: html`<div>${text}</div>`, sort: text === '' ? null : text };
}

function scrolling(table: Html): Html {
  return html`<div class="scroll">${table}</div>`;
}
