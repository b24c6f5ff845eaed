import { html, type Html, type HtmlValue } from '../html.ts';

export interface Fact {
  readonly term: string;
  readonly value: HtmlValue;
}

/** Terms and values, one below the other; facts without a value are left out. */
export function factList(facts: readonly (Fact | undefined)[]): Html {
  const given = facts.filter((fact) => fact !== undefined);
  return html`<dl class="facts">
    ${given.map(
      (fact) =>
        html`<div>
          <dt>${fact.term}</dt>
          <dd>${fact.value}</dd>
        </div> `,
    )}
  </dl>`;
}
