import { moment, NOTHING, ratioWithRange } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { renderPage, renderSections, type Section } from '../page.ts';
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
  const bad = input.jobs.filter(({ status }) => status === 'regressed' || status === 'invalid');
  const headline =
    bad.length === 0
      ? 'Nothing regressed'
      : bad.map(({ name, summary }) => `${name}: ${summary}`).join('; ');
  const sections = [
    ...input.jobs.map(jobSection),
    { id: 'circumstances', heading: 'Versions and machine', content: factList(input.facts) },
  ];
  return renderPage({
    title: `night ${input.id}: ${headline}`,
    body: [
      html`<header class="masthead">
        <div><b>claw nightly</b> night ${input.id} on ${input.host}</div>
        <div><a href="../index.html">all nights</a></div>
      </header>`,
      html`<div class="verdict ${bad.length > 0 ? 'failure' : ''}">
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

function jobSection(job: NightJobView, index: number): Section {
  return {
    id: `job-${index + 1}`,
    heading: job.name,
    content: [
      html`<p class="lead">${job.summary}</p>`,
      job.measured.map(measurement),
      job.changed.length > 0 &&
        html`<p class="note">Changed since the night before: ${job.changed.join(', ')}.</p>`,
      factList(job.facts),
    ],
  };
}

function measurement(view: MeasuredView): Html {
  const { title, blocks, lost, control, candidate, broken, benchId } = view;
  const { value, low, high } = view.ratio;
  const rows: readonly (readonly [string, string])[] = [
    ['times the control', ratioWithRange(value, { low: low ?? 0, high })],
    ['control', control],
    ['candidate', candidate],
    ['candidate ÷ control, by block', blocks.map((one) => one.toFixed(3)).join(', ')],
    ['blocks without figures', lost === 0 ? 'none' : String(lost)],
    ['broken constraints', broken.length === 0 ? 'none' : broken.join('; ')],
    ['trials in the store', benchId],
  ];
  return html`<h3>${title}</h3>
    ${factList(rows)}`;
}

function factList(facts: readonly (readonly [string, string])[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([name, text]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${text === '' ? NOTHING : text}</dd>
        </div> `,
    )}
  </dl>`;
}
