import { drawChart } from '../draw-chart.ts';
import { counted, moment, NOTHING, percent, ratioWithRange } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { chartFigure, renderPage, renderSections, type Section } from '../page.ts';
import { loadVegaRuntime } from '../vega-runtime.ts';
import { trendChart } from './trend-chart.ts';
import { dayOf, trendHeadline } from './trend-headline.ts';
import type { NightStatus, TrendJob, TrendPageInput } from './trend-view.ts';

/** Nights that a job's table lists; the chart has more. */
const LISTED_NIGHTS = 30;

/**
 * The page of all nights: what broke on top, then a trend a job. A whole HTML file that
 * fetches nothing; the same input gives the same text.
 */
export async function renderTrendPage(input: TrendPageInput): Promise<string> {
  const sections: Section[] = [];
  let hasCharts = false;
  // One after the other: two Vega views at once would only take turns.
  for (const [index, job] of input.jobs.entries()) {
    const figure = await trendFigure(job, index);
    hasCharts ||= figure !== undefined;
    sections.push(jobSection(job, index, figure));
  }
  return renderPage({
    title: `claw nightly: ${trendHeadline(input.jobs).headline}`,
    body: [masthead(input), verdict(input), overview(input.jobs), renderSections(sections)],
    vega: hasCharts ? (await loadVegaRuntime()).script : undefined,
  });
}

function masthead({ planPath, host, startedAt, nights }: TrendPageInput): Html {
  return html`<header class="masthead">
    <div><b>claw nightly</b> ${planPath} on ${host}</div>
    <div>last night ${moment(startedAt)}, ${counted(nights, 'night')}</div>
  </header>`;
}

function verdict({ jobs, finished, startedAt }: TrendPageInput): Html {
  const { tone, headline, details } = trendHeadline(jobs);
  const stopped = `The night of ${moment(startedAt)} was stopped before its end: jobs that it did not reach show an earlier one.`;
  return html`<div class="verdict ${tone}">
    <div>
      <h1>${headline}</h1>
      ${details.map((text) => html`<p class="details">${text}</p>`)}
      ${!finished && html`<p class="details">${stopped}</p>`}
    </div>
  </div>`;
}

/** Words stand beside the colours: a page may be printed, or read by somebody who sees none. */
const STATUS_TEXT: Readonly<Record<NightStatus, string>> = Object.freeze({
  ok: 'ok',
  regressed: 'regressed',
  invalid: 'invalid',
  inconclusive: 'inconclusive',
});

function overview(jobs: readonly TrendJob[]): Html {
  const rows = jobs.map((job, index) => {
    const last = job.points.at(-1);
    const figure = last === undefined ? NOTHING : rangeText(last.ratio);
    const broken = job.status === 'regressed' || job.status === 'invalid';
    return html`<tr class="${broken ? 'failed' : ''}">
      <td><a href="#${jobId(index)}">${job.name}</a></td>
      <td class="tag">${STATUS_TEXT[job.status]}</td>
      <td class="number">${figure}</td>
      <td><div>${job.summary}</div></td>
    </tr> `;
  });
  return html`<div class="scroll">
    <table class="data" data-sortable>
      <thead>
        <tr>
          <th scope="col">job</th>
          <th scope="col">last night</th>
          <th scope="col">times the control</th>
          <th scope="col">verdict</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function jobId(index: number): string {
  return `job-${index + 1}`;
}

async function trendFigure(job: TrendJob, index: number): Promise<Html | undefined> {
  const chart = trendChart(job);
  if (chart === undefined) return undefined;
  const description = `${job.name}: ${job.metric} in times the control, ${counted(job.points.length, 'night')}; ${job.summary}`;
  return chartFigure(`${jobId(index)}-trend`, await drawChart(chart), {
    description,
    caption:
      'Each night with its 95 % interval; it links to its report. A triangle is a regression, a cross a night without figures, a line with a figure a change of the level, a dotted one a change of versions or of the machine.',
  });
}

function jobSection(job: TrendJob, index: number, figure: Html | undefined): Section {
  const lead = `${job.metric}: ${job.summary}`;
  const content = [
    html`<p class="lead">${lead}</p>`,
    figure,
    job.changes.length > 0 && changesList(job),
    nightsTable(job),
  ];
  return { id: jobId(index), heading: job.name, content };
}

function changesList({ changes }: TrendJob): Html {
  const items = changes.toReversed().map(({ startedAt, change, causes }) => {
    const what = causes.length === 0 ? 'nothing that is recorded changed then' : causes.join(', ');
    const amount = `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`;
    return html`<div>
      <dt>${dayOf(startedAt)}</dt>
      <dd><b>${amount}</b> ${what}</dd>
    </div>`;
  });
  return html`<dl class="facts" aria-label="Changes of the level">${items}</dl>`;
}

function nightsTable({ points, gaps, marks }: TrendJob): Html {
  const changed = new Map(marks.map(({ startedAt, texts }) => [startedAt, texts.join(', ')]));
  const empty = gaps.map((gap) => ({ ...gap, ratio: null, status: 'invalid' as const }));
  const rows = [...points, ...empty]
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(0, LISTED_NIGHTS)
    .map(
      (night) =>
        html`<tr class="${night.status === 'regressed' ? 'failed' : ''}">
          <td><a href="${night.href}">${moment(night.startedAt)}</a></td>
          <td class="number">${night.ratio === null ? NOTHING : rangeText(night.ratio)}</td>
          <td><div>${night.summary}</div></td>
          <td><div>${changed.get(night.startedAt) ?? ''}</div></td>
        </tr> `,
    );
  return html`<div class="scroll">
    <table class="data">
      <thead>
        <tr>
          <th scope="col">night</th>
          <th scope="col">times the control</th>
          <th scope="col">verdict</th>
          <th scope="col">changed since the night before</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function rangeText({ value, low, high }: TrendJob['points'][number]['ratio']): string {
  return ratioWithRange(value, { low: low ?? 0, high });
}
