import { sha256 } from '../engine/base/files.ts';
import { html, type Html, type HtmlValue, scriptJson, trusted } from './html.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { DrawnChart } from './draw-chart.ts';

/** The parts of a page that differ from report to report. */
export interface PageParts {
  readonly title: string;
  readonly body: HtmlValue;
  /** Vega's bundle; a page without charts does without. */
  readonly vega: string | undefined;
}

/** A whole page in one text. Its policy lets nothing be fetched and no script run but its own. */
export function renderPage({ title, body, vega }: PageParts): string {
  const scripts = vega === undefined ? [PAGE_SCRIPT] : [vega, PAGE_SCRIPT];
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy(scripts)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <style>
          ${trusted(PAGE_STYLE)}
        </style>
      </head>
      <body>
        <main class="page">${body}</main>
        ${scripts.map(scriptElement)}
      </body>
    </html> `;
  return page.markup;
}

/** Without a byte around the text: the policy holds the hash of exactly that. */
function scriptElement(text: string): Html {
  return trusted(`<script>${text}</script>\n`);
}

/** A drawn chart in its figure; the specification beside it brings it to life. */
export function chartFigure(
  id: string,
  chart: DrawnChart,
  texts: { description: string; before?: HtmlValue; caption?: HtmlValue },
): Html {
  return html`<figure id="${id}">
    ${texts.before}
    <div class="chart" data-spec="${id}-spec" role="img" aria-label="${texts.description}">
      ${trusted(chart.svg)}
    </div>
    <script type="application/json" id="${id}-spec">
      ${scriptJson(chart.spec)}
    </script>
    ${texts.caption !== undefined && html`<figcaption>${texts.caption}</figcaption>`}
  </figure>`;
}

/** A part of the page with a heading, which the table of contents names. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly content: HtmlValue;
}

/** Links to the sections, then the sections. */
export function renderSections(sections: readonly Section[]): Html {
  const links = sections.map(({ id, heading }) => html`<a href="#${id}">${heading}</a> `);
  return html`<nav class="contents" aria-label="Contents">${links}</nav>
    ${sections.map(
      ({ id, heading, content }) =>
        html`<section id="${id}">
          <h2>${heading}</h2>
          ${content}
        </section> `,
    )}`;
}

/**
 * Scripts run by the hash of their text, so markup that slipped in cannot run.
 * Vega compiles its expressions with `Function`: hence `unsafe-eval`.
 */
function policy(scripts: readonly string[]): string {
  const hashes = scripts.map(
    (script) => `'sha256-${Buffer.from(sha256(script), 'hex').toString('base64')}'`,
  );
  return [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data:',
    `script-src 'unsafe-eval' ${hashes.join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
