import { certifiesBound, type TrialRecord } from '../../suites/trial-record.ts';
import { milliseconds, rate } from '../figure-format.ts';
import { html, type Html, type HtmlValue } from '../html.ts';
import { describeArmFully } from '../knobs.ts';
import type { Section } from '../page.ts';
import type { RunView } from '../run-view.ts';

/** The rates of single requests that were tried, arm by arm, the lowest first. */
export function servedSection(view: RunView): Section | undefined {
  const probes = lastAttempts(view.trials.filter(({ purpose }) => purpose.kind === 'probe'));
  if (probes.length === 0) return undefined;
  const arms = [...Map.groupBy(probes, ({ armKey }) => armKey).values()];
  return {
    id: 'served',
    heading: 'Single requests, when they come',
    content: html`<p class="lead">
        Requests of one sample each come at random times, whether earlier ones are answered or not;
        the batcher merges those that wait. The highest rate that kept the bound twice is what an
        arm serves.
      </p>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Arm</th>
            <th scope="col" class="number">Requests/s</th>
            <th scope="col" class="number">p50</th>
            <th scope="col" class="number">Certified</th>
            <th scope="col">Bound</th>
          </tr>
        </thead>
        ${arms.map((own) => armRows(view, own))}
      </table>`,
  };
}

/** A trial that the machine disturbed was repeated: what came of it in the end. */
function lastAttempts(probes: readonly TrialRecord[]): readonly TrialRecord[] {
  const identity = ({ armKey, purpose }: TrialRecord): string => JSON.stringify([armKey, purpose]);
  return [...new Map(probes.map((trial) => [identity(trial), trial])).values()];
}

/** One arm, named once and in full: two may differ in what a short name leaves out. */
function armRows(view: RunView, probes: readonly TrialRecord[]): Html {
  const rows = probes.toSorted((a, b) => rateOf(a) - rateOf(b));
  return html`<tbody>
    ${rows.map((trial, index) =>
      probeRow(
        trial,
        index === 0 &&
          html`<th scope="rowgroup" rowspan="${rows.length}">
            ${describeArmFully(trial.config, view.baseline?.config)}
          </th>`,
      ),
    )}
  </tbody>`;
}

/** `arm` is the cell that names the arm; false where an earlier row has it. */
function probeRow(trial: TrialRecord, arm: HtmlValue): Html {
  const bound = trial.scenario.name === 'server' ? trial.scenario.bound : null;
  const latency = trial.state === 'completed' ? trial.metrics.latencyMs : undefined;
  const certified = bound === null ? null : (latency?.certified[bound.percentile] ?? null);
  return html`<tr>
    ${arm}
    <td class="number">${rate(rateOf(trial))}</td>
    <td class="number">${milliseconds(latency?.p50 ?? Number.NaN)}</td>
    <td class="number">${milliseconds(certified ?? Number.NaN)}</td>
    <td>${bound !== null && verdictOf(trial, bound)}</td>
  </tr> `;
}

function verdictOf(trial: TrialRecord, bound: Parameters<typeof certifiesBound>[1]): string {
  const text = `${bound.percentile} < ${milliseconds(bound.limitMs)}`;
  if (trial.state !== 'completed') return `${text}: ${trial.state}`;
  return certifiesBound(trial, bound) ? `${text}: kept` : `${text}: not kept`;
}

function rateOf({ purpose }: TrialRecord): number {
  return purpose.kind === 'probe' ? purpose.ratePerSecond : Number.NaN;
}
