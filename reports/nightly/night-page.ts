import { moment, NOTHING } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { renderPage, renderSections, type Section } from '../page.ts';
import { factList } from '../tables/facts.ts';
import type { VerdictText } from '../verdict-text.ts';
import { trendHeadline } from './trend-headline.ts';
import { rangeText } from './trend-text.ts';
import type { NightStatus, RatioRange } from './trend-view.ts';

/** One measurement of a night: blocks of control and candidate in turns. */
export interface MeasuredView {
  readonly title: string;
  readonly ratio: RatioRange;
  /** Candidate over control, one a block, as it was measured. */
  readonly blocks: readonly number[];
  readonly lost: number;
  /** With their unit, for people. */
  readonly control: string;
  readonly candidate: string;
  readonly broken: readonly string[];
  /** Where its trials are in the store. */
  readonly benchId: string;
}

export interface NightJobView {
  readonly name: string;
  readonly status: NightStatus;
  readonly summary: string;
  readonly measured: readonly MeasuredView[];
  readonly changed: readonly string[];
  /** Names and texts: what ran, against what, on which machine. */
  readonly facts: readonly (readonly [string, string])[];
}

export interface NightPageInput {
  readonly id: string;
  readonly startedAt: string;
  readonly state: string;
  readonly host: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly jobs: readonly NightJobView[];
}

/** The report of one night: every job's figures and what they rest on. */
export function renderNightPage(input: NightPageInput): string {
  const { tone, headline } = verdictOf(input.jobs);
  const sections = [
    ...input.jobs.map(jobSection),
    { id: 'circumstances', heading: 'Versions and machine', content: pairList(input.facts) },
  ];
  return renderPage({
    title: `night ${input.id}: ${headline}`,
    body: [
      html`<header class="masthead">
        <div><b>claw nightly</b> night ${input.id} on ${input.host}</div>
        <div><a href="../index.html">all nights</a></div>
      </header>`,
      html`<div class="verdict ${tone}">
        <div>
          <h1>${headline}</h1>
          <p class="details">${moment(input.startedAt)}, ${input.state}</p>
        </div>
      </div>`,
      renderSections(sections),
    ],
    vega: undefined,
  });
}

/** Everything that broke, since a night has no section that says it first; else as on the page of all nights. */
function verdictOf(jobs: readonly NightJobView[]): Pick<VerdictText, 'tone' | 'headline'> {
  const broken = jobs.filter(({ status }) => status === 'regressed' || status === 'invalid');
  if (broken.length === 0) return trendHeadline(jobs.map((job) => ({ ...job, changes: [] })));
  const headline = broken.map(({ name, summary }) => `${name}: ${summary}`).join('; ');
  return { tone: 'failure', headline };
}

function jobSection(job: NightJobView, index: number): Section {
  return {
    id: `job-${index + 1}`,
    heading: job.name,
    content: [
      html`<p class="lead">${job.summary}</p>`,
      job.measured.map(measurement),
      job.changed.length > 0 &&
        html`<p class="note">Changed since the night before: ${job.changed.join(', ')}.</p>`,
      job.facts.length > 0 && html`<h3>What ran</h3>`,
      pairList(job.facts),
    ],
  };
}

function measurement(view: MeasuredView): Html {
  const { title, ratio, blocks, lost, control, candidate, broken, benchId } = view;
  const rows: readonly (readonly [string, string])[] = [
    ['times the control', rangeText(ratio)],
    ['control', control],
    ['candidate', candidate],
    ['candidate ÷ control, by block', blocks.map((one) => one.toFixed(3)).join(', ')],
    ['blocks without figures', lost === 0 ? 'none' : String(lost)],
    ['broken constraints', broken.length === 0 ? 'none' : broken.join('; ')],
    ['trials in the store', benchId],
  ];
  return html`<h3>${title}</h3>
    ${pairList(rows)}`;
}

/** What is not known has no text: it reads as a dash. */
function pairList(pairs: readonly (readonly [string, string])[]): Html {
  return factList(pairs.map(([term, text]) => ({ term, value: text === '' ? NOTHING : text })));
}
