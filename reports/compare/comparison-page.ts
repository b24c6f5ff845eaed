import type { HostComparison } from '../../tuner/compare/comparison.ts';
import { counted } from '../figure-format.ts';
import { html, type Html } from '../html.ts';
import { renderPage, renderSections, type Section } from '../page.ts';
import { definitionsSection } from '../sections/definitions.ts';
import { factList } from '../tables/facts.ts';
import { loadVegaRuntime } from '../vega-runtime.ts';
import { withoutLooseNumbers } from '../verdict-text.ts';
import { barsSection, loadSection, priceSection } from './comparison-charts.ts';
import { COMPARISON_DEFINITIONS } from './comparison-definitions.ts';
import { configurationsTable, hostsTable } from './comparison-tables.ts';
import { answers, breakEvenRows, footingText, headline } from './comparison-text.ts';

/** The page of a comparison: a whole HTML file that needs nothing else. The same input gives the same text. */
export async function renderComparison(comparison: HostComparison): Promise<string> {
  const charts = [
    await barsSection(comparison),
    await priceSection(comparison),
    await loadSection(comparison),
  ];
  const sections = [
    hostsSection(comparison),
    ...charts,
    breakEvenSection(comparison),
    configurationsSection(comparison),
    circumstancesSection(comparison),
    definitionsSection(COMPARISON_DEFINITIONS),
  ].filter((section) => section !== undefined);
  const hasCharts = charts.some((chart) => chart !== undefined);
  return renderPage({
    title: `${comparison.model.name}: ${counted(comparison.hosts.length, 'host')} compared`,
    body: [
      masthead(comparison),
      answer(comparison),
      unlikeBanner(comparison),
      renderSections(sections),
    ],
    vega: hasCharts ? (await loadVegaRuntime()).script : undefined,
  });
}

function masthead({ model, runtime, hosts }: HostComparison): Html {
  return html`<div class="masthead">
    <span><b>OpenClaw harness</b> comparison of ${counted(hosts.length, 'host')}</span>
    <span>${model.name}, ${runtime}</span>
  </div>`;
}

function answer(comparison: HostComparison): Html {
  const hasAnswer = comparison.hosts.some(({ best }) => best.state === 'found');
  return html`<header class="verdict ${hasAnswer ? 'gain' : 'failure'}">
    <div>
      <h1>${withoutLooseNumbers(headline(comparison))}</h1>
      ${answers(comparison).map((text) => html`<p class="details">${text}</p>`)}
    </div>
  </header>`;
}

function unlikeBanner({ flags }: HostComparison): Html | undefined {
  if (flags.length === 0) return undefined;
  return html`<div class="banner" role="note">
    <b>Before you trust an order</b>
    ${flags.map((flag) => html`<div>${flag}</div>`)}
  </div>`;
}

function hostsSection(comparison: HostComparison): Section {
  const notes = comparison.hosts.flatMap(({ id, notes: own }) =>
    own.map((note) => html`<p class="note">${id}: ${note}.</p>`),
  );
  const isUncertified = comparison.hosts.some(
    ({ best }) => best.state === 'found' && !best.certified,
  );
  return {
    id: 'hosts',
    heading: 'Each host at its best',
    content: html`<p class="lead">At ${footingText(comparison)}.</p>
      ${hostsTable(comparison)} ${notes}
      ${
        isUncertified &&
        html`<p class="note">
          * Uncertified: what the measured requests took, not a bound that holds with a stated
          confidence.
        </p>`
      }`,
  };
}

function breakEvenSection(comparison: HostComparison): Section | undefined {
  const { breakEvens } = comparison;
  if (breakEvens.length === 0) return undefined;
  return {
    id: 'break-even',
    heading: 'What would change the answer',
    content: html`<p class="lead">
        Where another host would cost as little as the cheapest, one thing changed at a time.
      </p>
      ${breakEvens.map(
        (even) =>
          html`<table class="compare plain">
            <caption>
              ${even.challenger} against ${even.leader}
            </caption>
            <tbody>
              ${breakEvenRows(comparison, even).map(
                ({ what, at }) =>
                  html`<tr>
                    <th scope="row">${what}</th>
                    <td>${at}</td>
                  </tr> `,
              )}
            </tbody>
          </table> `,
      )}`,
  };
}

function configurationsSection(comparison: HostComparison): Section {
  return {
    id: 'configurations',
    heading: 'Configurations',
    content: configurationsTable(comparison),
  };
}

function circumstancesSection({ model, workload, runtime, hosts }: HostComparison): Section {
  return {
    id: 'circumstances',
    heading: 'What was compared',
    content: factList([
      {
        term: 'Model',
        value: html`${model.name}<br /><small>SHA-256 <code>${model.sha256}</code></small>`,
      },
      { term: 'Workload', value: workload },
      { term: 'Runtime', value: runtime },
      ...hosts.map(({ id, host, sources }) => ({
        term: id,
        value: html`${host.cpu}, ${host.os}, key <code>${host.key}</code><br />
          <small>${sources.join(', ')}</small>`,
      })),
    ]),
  };
}
