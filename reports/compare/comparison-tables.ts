import type { HostComparison } from '../../tuner/compare/comparison.ts';
import { NOTHING } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { type Knob, KNOBS, knobText } from '../knobs.ts';
import { figureRows } from './host-figures.ts';

/** Every figure of every host, the first of each ranking marked. */
export function hostsTable(comparison: HostComparison): Html {
  return html`<div class="scroll">
    <table class="compare">
      <caption class="sr">
        Figures of each host at the bound
      </caption>
      ${heading(comparison)}
      <tbody>
        ${figureRows(comparison).map(
          ({ title, cells, best }) =>
            html`<tr>
              <th scope="row">${title}</th>
              ${cells.map((cell, index) =>
                index === best
                  ? html`<td class="after">${cell}<span class="sr"> (first)</span></td>`
                  : html`<td>${cell}</td>`,
              )}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function heading({ hosts }: HostComparison): Html {
  return html`<thead>
    <tr>
      <td></td>
      ${hosts.map(
        ({ id, host }) =>
          html`<th scope="col">
            <b>${id}</b><br />${host.cpu}, ${host.usableCores} of ${host.cores} cores
          </th>`,
      )}
    </tr>
  </thead>`;
}

/** The configurations side by side: settings that differ as marked rows, the rest in a line. */
export function configurationsTable(comparison: HostComparison): Html {
  const texts = KNOBS.map((knob) => ({ knob, cells: cellsOf(comparison, knob) }));
  const differing = texts.filter(({ cells }) => varies(cells));
  const same = texts.filter(({ cells }) => !varies(cells));
  const shared = same.map(
    ({ knob, cells }) =>
      `${knob.title.toLowerCase()} ${cells.find((cell) => cell !== NOTHING) ?? NOTHING}`,
  );
  return html`${
    differing.length > 0 &&
    html`<div class="scroll">
      <table class="compare">
        <caption class="sr">
          Settings that differ between the hosts
        </caption>
        ${heading(comparison)}
        <tbody>
          ${differing.map(({ knob, cells }) => settingRow(knob, cells))}
        </tbody>
      </table>
    </div>`
  }
  ${shared.length > 0 && html`<p class="note">The same on all: ${shared.join(', ')}.</p>`}`;
}

/** Bold is what differs from what most hosts have. */
function settingRow(knob: Knob, cells: readonly string[]): Html {
  const usual = mostFrequent(cells);
  return html`<tr class="differs">
    <th scope="row">${knob.title}<span class="sr"> (differs)</span></th>
    ${cells.map((cell) => {
      const weight = cell === usual || cell === NOTHING ? 400 : 650;
      return html`<td style="font-weight: ${weight}">${cell}</td>`;
    })}
  </tr> `;
}

/** Of equally frequent ones the first. */
function mostFrequent(cells: readonly string[]): string | undefined {
  const counts = [...Map.groupBy(cells, (cell) => cell)];
  return counts.toSorted(([, left], [, right]) => right.length - left.length)[0]?.[0];
}

function cellsOf({ hosts }: HostComparison, knob: Knob): readonly string[] {
  return hosts.map(({ best }) =>
    best.state === 'none' ? NOTHING : knobText(knob.read(best.config)),
  );
}

/** A host without a configuration differs from nobody. */
function varies(cells: readonly string[]): boolean {
  return new Set(cells.filter((cell) => cell !== NOTHING)).size > 1;
}
