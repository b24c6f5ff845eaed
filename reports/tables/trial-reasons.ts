import { formatDuration } from '../../engine/base/units.ts';
import {
  describeInvalid,
  describeWarning,
  type TrialWarning,
} from '../../suites/trial-findings.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { html, type Html } from '../html.ts';
import { describeArmFully } from '../knobs.ts';
import { doubtsOf, type RunView } from '../run-view.ts';

/** Trials named one by one before the rest is only counted. */
const MOST_NAMED = 6;

/** Why a trial does not count; undefined for one that does. */
export function reasonOf(trial: TrialRecord): string | undefined {
  switch (trial.state) {
    case 'completed':
      return undefined;
    case 'invalid':
      return trial.reasons.map(describeInvalid).join('; ');
    case 'timeout':
      return `stopped after ${formatDuration(trial.limitMs)}`;
    case 'failed':
    case 'out-of-memory':
      return trial.message;
  }
}

/** Trials that do not count, those with the same kind of reason together. */
export function failuresTable(view: RunView): Html | undefined {
  const failed = view.trials.filter((trial) => trial.state !== 'completed');
  if (failed.length === 0) return undefined;
  const groups = grouped(failed, kindOf);
  return html`<table class="plain">
    <thead>
      <tr>
        <th scope="col">State</th>
        <th scope="col">Reason</th>
        <th scope="col" class="number">Trials</th>
        <th scope="col">Which</th>
      </tr>
    </thead>
    <tbody>
      ${groups.map(
        (group) =>
          html`<tr>
            <td><span class="tag">${group[0].state}</span></td>
            <td class="message">${reasonsOf(group)}</td>
            <td class="number">${group.length}</td>
            <td>${whichArms(view, group)}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}

/** Invalid trials differ in figures, such as by how much the machine was busy: those are no other kind. */
function kindOf(trial: TrialRecord): string {
  const reason =
    trial.state === 'invalid' ? trial.reasons.map(({ kind }) => kind) : reasonOf(trial);
  return JSON.stringify([trial.state, reason]);
}

/** What was said of the trials, each text once. */
function reasonsOf(trials: readonly TrialRecord[]): readonly Html[] {
  const texts = [...new Set(trials.map((trial) => reasonOf(trial) ?? ''))];
  const named = texts.slice(0, MOST_NAMED).map((text) => html`<div>${text}</div>`);
  return [...named, more(texts.length)];
}

/** Warnings by kind, with how often each came up and its messages. */
export function warningsTable(view: RunView): Html | undefined {
  const warnings = view.trials.flatMap((trial) =>
    doubtsOf(trial).map((warning) => ({ trial, warning })),
  );
  if (warnings.length === 0) return undefined;
  const groups = grouped(warnings, ({ warning }) => warning.kind).toSorted(
    (left, right) => right.length - left.length,
  );
  return html`<table class="plain">
    <thead>
      <tr>
        <th scope="col">Warning</th>
        <th scope="col" class="number">Trials</th>
        <th scope="col">What was said</th>
      </tr>
    </thead>
    <tbody>
      ${groups.map((group) => warningRow(group, view.trials.length))}
    </tbody>
  </table>`;
}

interface RaisedWarning {
  readonly trial: TrialRecord;
  readonly warning: TrialWarning;
}

function warningRow(group: readonly [RaisedWarning, ...RaisedWarning[]], trials: number): Html {
  const named = group
    .slice(0, MOST_NAMED)
    .map(({ trial, warning }) => html`<div>#${trial.sequence}: ${describeWarning(warning)}</div>`);
  const affected = new Set(group.map(({ trial }) => trial.id)).size;
  return html`<tr>
    <td><span class="tag">${group[0].warning.kind}</span></td>
    <td class="number">${affected} of ${trials}</td>
    <td>${named}${more(group.length)}</td>
  </tr> `;
}

function whichArms(view: RunView, trials: readonly TrialRecord[]): readonly Html[] {
  const named = trials
    .slice(0, MOST_NAMED)
    .map(
      (trial) =>
        html`<div>
          #${trial.sequence}: ${describeArmFully(trial.config, view.baseline?.config)}
        </div>`,
    );
  return [...named, more(trials.length)];
}

function more(total: number): Html {
  const rest = total - MOST_NAMED;
  return rest > 0
    ? html`<div class="note">and ${`${rest} more`} (in the table of all trials)</div>`
    : html``;
}

/** Groups in order of their first item. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
