import { formatNumber } from '../../engine/base/units.ts';
import type { HostComparison, HostResult, RankedFigure } from '../../tuner/compare/comparison.ts';
import { drawChart } from '../draw-chart.ts';
import { milliseconds, rate } from '../figure-format.ts';
import { html, type Html, type HtmlValue } from '../html.ts';
import { chartFigure, type Section } from '../page.ts';
import { type Bar, hostBarsChart } from './host-bars.ts';
import { leaderOf, money, throughputText } from './host-figures.ts';
import { curvePercentile, loadCurvesChart } from './load-curves.ts';
import { priceThroughputChart, type PricedHost } from './price-throughput.ts';

/** Bars with intervals: throughput, and energy and cost where there are figures. */
export async function barsSection(comparison: HostComparison): Promise<Section | undefined> {
  const figures = [
    await barsFigure(comparison, 'qps', 'Throughput at the bound (samples/s)'),
    await barsFigure(comparison, 'inferencesPerJoule', 'Inferences per joule'),
    await barsFigure(comparison, 'cost', 'Cost of a million inferences'),
  ].filter((figure) => figure !== undefined);
  if (figures.length === 0) return undefined;
  return {
    id: 'figures',
    heading: 'Side by side',
    content: html`<p class="lead">
        The first of each order is in colour. A thick line is a 95 % interval over at least five
        sessions; a thin one holds within a single session, and says nothing of other days. Hollow:
        not ranked.
      </p>
      ${figures}`,
  };
}

async function barsFigure(
  comparison: HostComparison,
  by: RankedFigure,
  title: string,
): Promise<Html | undefined> {
  const bars = comparison.hosts.flatMap((host, index) => barOf(comparison, host, { by, index }));
  const chart = hostBarsChart(bars, title);
  if (chart === undefined) return undefined;
  const description = `${title}: ${bars.map(({ host, text }) => `${host} ${text}`).join('; ')}`;
  return chartFigure(`bars-${by}`, await drawChart(chart), { description });
}

function barOf(
  comparison: HostComparison,
  host: HostResult,
  { by, index }: { readonly by: RankedFigure; readonly index: number },
): Bar[] {
  const figure = figureOf(host, by);
  if (figure === null) return [];
  const ranking = comparison.rankings.find((one) => one.by === by);
  return [
    {
      ...figure,
      host: host.id,
      isBest: leaderOf(comparison, by) === index,
      isRanked: ranking?.order.some(({ id }) => id === host.id) ?? false,
    },
  ];
}

function figureOf(
  host: HostResult,
  by: RankedFigure,
): Pick<Bar, 'value' | 'interval' | 'withinSession' | 'text'> | null {
  const { best, cost, prices } = host;
  if (best.state === 'none') return null;
  const { interval } = best.qps;
  const withinSession = interval.over === 'trials';
  if (by === 'qps') {
    const range = interval.over === 'none' ? null : { low: interval.low, high: interval.high };
    return { value: best.qps.value, interval: range, withinSession, text: throughputText(host) };
  }
  if (by === 'cost') {
    if (cost.state === 'unavailable' || prices === null) return null;
    const basis = cost.basis === 'machine and electricity' ? '' : `, ${cost.basis}`;
    const text = `${money(cost.perMillion, prices.currency)}${basis}`;
    return { value: cost.perMillion, interval: cost.interval, withinSession, text };
  }
  const { energy } = best;
  if (energy.state === 'unavailable') return null;
  const state = energy.state === 'estimated' ? ' estimated' : '';
  const text = `${formatNumber(1 / energy.value)}${state} (${energy.source}, ${energy.scope})`;
  return { value: 1 / energy.value, interval: null, withinSession: false, text };
}

/** Price against throughput, where at least two hosts have a price. */
export async function priceSection(comparison: HostComparison): Promise<Section | undefined> {
  const priced = comparison.hosts.flatMap(pricedHost);
  const currency = comparison.hosts.find(({ prices }) => prices !== null)?.prices?.currency ?? '';
  const chart = priceThroughputChart(priced, currency);
  if (chart === undefined) return undefined;
  return {
    id: 'price',
    heading: 'Price against throughput',
    content: html`<p class="lead">
        Up and to the left is better. The line joins the hosts that no other beats in both; squares
        are beaten.
      </p>
      ${chartFigure('price-throughput', await drawChart(chart), {
        description: `Price of the machine against throughput: ${priced.map(({ host, text }) => `${host} ${text}`).join('; ')}`,
      })}`,
  };
}

function pricedHost({ id, best, prices }: HostResult): PricedHost[] {
  if (best.state === 'none' || prices === null || prices.capex === null) return [];
  const { value, interval } = best.qps;
  return [
    {
      host: id,
      price: prices.capex,
      qps: value,
      interval: interval.over === 'sessions' ? { low: interval.low, high: interval.high } : null,
      text: `${money(prices.capex, prices.currency)}, ${rate(value)} samples/s`,
    },
  ];
}

/** Latency over load, where rates were tried. */
export async function loadSection(comparison: HostComparison): Promise<Section | undefined> {
  const chart = loadCurvesChart(comparison);
  if (chart === undefined) return undefined;
  const percentile = curvePercentile(comparison);
  const bound = comparison.constraints.find((one) => one.kind === 'latency');
  const without = comparison.hosts.filter(({ curve }) => curve.length < 2).map(({ id }) => id);
  const caption: HtmlValue =
    without.length === 0 ? undefined : `No rates were tried on ${without.join(', ')}.`;
  return {
    id: 'load',
    heading: `${percentile} latency over load`,
    content: html`<p class="lead">
        Single requests with random gaps, each timed from when it was
        due.${bound !== undefined && ` The dashed line is the bound of ${milliseconds(bound.limitMs)}.`}
      </p>
      ${chartFigure('load-curves', await drawChart(chart), {
        description: `${percentile} latency over the rate of arrivals, one line a host`,
        ...(caption !== undefined && { caption }),
      })}`,
  };
}
