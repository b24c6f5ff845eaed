import type { Comparison } from '../comparison.ts';
import { html, type Html } from '../html.ts';

/** The column headings that both tables of a comparison share. */
export function comparisonHeading(
  { before, after, afterTitle }: Comparison,
  withChange: boolean,
): Html {
  const both = before !== undefined && after !== undefined;
  return html`<thead>
    <tr>
      <td></td>
      ${before !== undefined && html`<th scope="col">Default</th>`}
      ${after !== undefined && html`<th scope="col" class="after">${afterTitle}</th>`}
      ${both && withChange && html`<th scope="col">Change</th>`}
    </tr>
  </thead>`;
}
