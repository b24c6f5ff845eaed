import { drawChart } from '../draw-chart.ts';
import { counted, moment } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { chartFigure, renderPage, renderSections, type Section } from '../page.ts';
import { factList } from '../tables/facts.ts';
import { loadVegaRuntime } from '../vega-runtime.ts';
import { trendChart } from './trend-chart.ts';
import { trendHeadline } from './trend-headline.ts';
import { jobsTable, nightsTable } from './trend-tables.ts';
import { changeText, dayOf } from './trend-text.ts';
import type { TrendJob, TrendPageInput } from './trend-view.ts';

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
    body: [
      masthead(input),
      verdict(input),
      jobsTable(input.jobs, hrefOfJob),
      renderSections(sections),
    ],
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

function jobId(index: number): string {
  return `job-${index + 1}`;
}

function hrefOfJob(index: number): string {
  return `#${jobId(index)}`;
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
  const facts = changes.toReversed().map(({ startedAt, change, causes }) => {
    const what = causes.length === 0 ? 'nothing that is recorded changed then' : causes.join(', ');
    return { term: dayOf(startedAt), value: html`<b>${changeText(change)}</b> ${what}` };
  });
  return html`<div role="group" aria-label="Changes of the level">${factList(facts)}</div>`;
}
