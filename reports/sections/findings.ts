import { html, type Html } from '../html.ts';
import type { Section } from '../page.ts';
import type { RunView } from '../run-view.ts';
import { trialsTable } from '../tables/trials.ts';
import { failuresTable, warningsTable } from '../tables/trial-reasons.ts';

/** Trials that gave no figure, and why. */
export function failuresSection(view: RunView): Section | undefined {
  const table = failuresTable(view);
  if (table === undefined) return undefined;
  return {
    id: 'failures',
    heading: 'Trials that do not count',
    content: html`<p class="lead">They count as tried; none of their figures is used.</p>
      ${wide(table)}`,
  };
}

/** What the measurement itself doubts. */
export function warningsSection(view: RunView): Section | undefined {
  const table = warningsTable(view);
  if (table === undefined) return undefined;
  return {
    id: 'warnings',
    heading: 'Warnings',
    content: html`<p class="lead">
        These trials have figures, but something about them was not as it should be.
      </p>
      ${wide(table)}`,
  };
}

/** Every trial; what never varied stands above the table instead of in it. */
export function trialsSection(view: RunView): Section | undefined {
  if (view.trials.length === 0) return undefined;
  const { table, constants } = trialsTable(view);
  const same = constants.map(
    ({ title, content }) => html`<span>${title.toLowerCase()} <b>${content}</b></span>`,
  );
  return {
    id: 'trials',
    heading: 'Every trial',
    content: html`${same.length > 0 && html`<p class="note constants">The same in all ${view.trials.length}: ${same.map((item, index) => [index > 0 && ', ', item])}.</p>`}
      <div class="scroll" tabindex="0" role="region" aria-label="Every trial">${table}</div>`,
  };
}

function wide(table: Html): Html {
  return html`<div class="wide">${table}</div>`;
}
