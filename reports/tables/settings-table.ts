import type { ArmFigures } from '../arm-figures.ts';
import type { Comparison } from '../comparison.ts';
import { NOTHING } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { type Knob, KNOBS, knobText } from '../knobs.ts';
import { comparisonHeading } from './comparison-heading.ts';

/** The settings of both arms: those that were searched or that differ as rows, the rest in a line. */
export function settingsTable(comparison: Comparison, searched: readonly Knob[]): Html {
  const { before, after } = comparison;
  const listed = KNOBS.filter((knob) => searched.includes(knob) || differs(knob, comparison));
  const rest = KNOBS.filter((knob) => !listed.includes(knob));
  const either = before ?? after;
  const same = rest.map((knob) => `${knob.title.toLowerCase()} ${settingText(knob, either)}`);
  return html`<table class="compare">
      <caption>
        Configuration
      </caption>
      ${comparisonHeading(comparison, false)}
      <tbody>
        ${listed.map((knob) => settingRow(knob, comparison))}
      </tbody>
    </table>
    ${same.length > 0 && html`<p class="note">${after === undefined ? 'Also' : 'The same in both'}: ${same.join(', ')}.</p>`}`;
}

function differs(knob: Knob, { before, after }: Comparison): boolean {
  if (before === undefined || after === undefined) return false;
  return knob.read(before.config) !== knob.read(after.config);
}

function settingRow(knob: Knob, comparison: Comparison): Html {
  const { before, after } = comparison;
  const mark = differs(knob, comparison);
  return html`<tr${mark && html` class="differs"`}><th scope="row">${knob.title}</th>
    ${before !== undefined && html`<td>${settingText(knob, before)}</td>`}
    ${after !== undefined && html`<td>${settingText(knob, after)}${mark && html`<span class="sr"> (differs)</span>`}</td>`}</tr>`;
}

function settingText(knob: Knob, arm: ArmFigures | undefined): string {
  return arm === undefined ? NOTHING : knobText(knob.read(arm.config));
}
