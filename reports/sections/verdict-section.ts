import { compareArms } from '../comparison.ts';
import { html, type Html } from '../html.ts';
import type { RunView } from '../run-view.ts';
import { variedKnobs } from '../run-view.ts';
import { figuresTable } from '../tables/figures-table.ts';
import { settingsTable } from '../tables/settings-table.ts';
import type { VerdictText } from '../verdict-text.ts';

/** The answer, what qualifies it, and default against winner. */
export function verdictSection(view: RunView, verdict: VerdictText): Html {
  const { figure } = verdict;
  return html`<header class="verdict ${verdict.tone}${figure !== undefined && ' with-figure'}">
      ${figure !== undefined && html`<div class="figure">${figure.value}<span>${figure.caption}</span></div>`}
      <div>
        <h1>${verdict.headline}</h1>
        ${verdict.details.length > 0 && html`<p class="details">${verdict.details.join(' ')}</p>`}
      </div>
    </header>
    ${randomDataBanner(view)} ${comparison(view)}`;
}

/** Speed on random input is real; everything that depends on the content is not. */
function randomDataBanner({ run }: RunView): Html | undefined {
  if (run.workload.data.kind !== 'random') return undefined;
  return html`<p class="banner" role="note">
    <b>Random data.</b> No data was given: ${run.workload.data.description}. Accuracy says nothing
    here, and a model whose work depends on its input may run at another speed on yours. Give
    <code>--data file.npz</code> to measure on real inputs.
  </p>`;
}

function comparison(view: RunView): Html | undefined {
  const arms = compareArms(view);
  if (arms.before === undefined && arms.after === undefined) return undefined;
  return html`<div class="sides">
    <div>${figuresTable(arms, view.run.constraints)}</div>
    <div>${settingsTable(arms, variedKnobs(view))}</div>
  </div>`;
}
