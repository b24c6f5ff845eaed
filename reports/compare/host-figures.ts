import { formatCount, formatNumber } from '../../engine/base/units.ts';
import type {
  Energy,
  HostComparison,
  HostResult,
  RankedFigure,
} from '../../tuner/compare/comparison.ts';
import { bytes, milliseconds, NOTHING, percent, rate } from '../figure-format.ts';
import { describeArm } from '../knobs.ts';

/** One figure of every host, as text: the page, Markdown and the terminal show the same. */
export interface FigureRow {
  readonly title: string;
  /** One a host, in the comparison's order. */
  readonly cells: readonly string[];
  /** The position of the host that is first in the ranking of this figure; null: none is. */
  readonly best: number | null;
}

/** What is known of each host at the bound; rows that nobody has a figure for are left out. */
export function figureRows(comparison: HostComparison): FigureRow[] {
  const row = (
    title: string,
    read: (host: HostResult) => string,
    by?: RankedFigure,
  ): FigureRow => ({
    title,
    cells: comparison.hosts.map(read),
    best: by === undefined ? null : leaderOf(comparison, by),
  });
  const rows = [
    row('Throughput, samples/s', throughputText, 'qps'),
    row('Sessions', sessionsText),
    row(
      'p50 latency',
      found(({ latencyMs }) => milliseconds(latencyMs.p50)),
    ),
    row(
      'p99 latency',
      found(({ latencyMs, certified }) => `${milliseconds(latencyMs.p99)}${certified ? '' : ' *'}`),
    ),
    row(
      'Memory',
      found(({ memoryBytes }) => bytes(memoryBytes)),
    ),
    row(
      'Accuracy',
      found(({ accuracy }) => (accuracy === null ? NOTHING : percent(accuracy))),
    ),
    row(
      'Power under load',
      found(({ energy }) => wattsText(energy)),
    ),
    row(
      'Inferences per joule',
      found(({ energy }) => perJouleText(energy)),
      'inferencesPerJoule',
    ),
    row(
      'Power read by',
      found(({ energy }) => provenance(energy)),
    ),
    row('Price of the machine', ({ prices }) => money(prices?.capex ?? null, prices?.currency)),
    row('In use', ({ prices }) => (prices === null ? NOTHING : percent(prices.utilisation))),
    row('Cost per million', costText, 'cost'),
    row(
      'Configuration',
      found(({ config }) => describeArm(config)),
    ),
  ];
  return rows.filter(({ cells }) => cells.some((cell) => cell !== NOTHING));
}

type Best = Extract<HostResult['best'], { state: 'found' }>;

function found(read: (best: Best) => string): (host: HostResult) => string {
  return ({ best }) => (best.state === 'none' ? NOTHING : read(best));
}

/** The first of a ranking that places at least two: one alone beats nobody. */
export function leaderOf({ rankings, hosts }: HostComparison, by: RankedFigure): number | null {
  const order = rankings.find((one) => one.by === by)?.order ?? [];
  const [first] = order;
  return order.length < 2 || first === undefined
    ? null
    : hosts.findIndex(({ id }) => id === first.id);
}

/** `1,234 [1,200, 1,260]`; an interval within one session says so. */
export function throughputText({ best }: HostResult): string {
  if (best.state === 'none') return best.reason;
  const { value, interval } = best.qps;
  if (interval.over === 'none') return rate(value);
  const range = `[${rate(interval.low)}, ${rate(interval.high)}]`;
  return `${rate(value)} ${range}${interval.over === 'trials' ? ' within the session' : ''}`;
}

function sessionsText({ best }: HostResult): string {
  if (best.state === 'none') return NOTHING;
  const sessions = formatCount(best.sessions.length, 'session');
  return `${sessions}, ${formatCount(best.trials, 'trial')}${best.evidence === 'search' ? ', of the search alone' : ''}`;
}

function wattsText(energy: Energy): string {
  if (energy.state === 'unavailable') return NOTHING;
  const idle = energy.idleWatts === null ? '' : `, idle ${formatNumber(energy.idleWatts)} W`;
  return `${marked(energy)}${formatNumber(energy.watts)} W${idle}`;
}

function perJouleText(energy: Energy): string {
  return energy.state === 'unavailable'
    ? NOTHING
    : `${marked(energy)}${formatNumber(1 / energy.value)}`;
}

/** An estimate is never to be taken for a measurement. */
function marked(energy: Energy): string {
  return energy.state === 'estimated' ? 'estimated, not ranked: ' : '';
}

/** `rapl:package-0 (package, counter)`, or why there is nothing. */
function provenance(energy: Energy): string {
  if (energy.state === 'unavailable') return `not measured: ${energy.reason}`;
  const { source, scope, quality, notes } = energy;
  return `${source} (${[scope, quality, ...notes].join(', ')})`;
}

function costText({ cost, prices }: HostResult): string {
  if (prices === null) return NOTHING;
  if (cost.state === 'unavailable') return `not known: ${cost.reason}`;
  const range =
    cost.interval === null
      ? ''
      : ` [${formatNumber(cost.interval.low)}, ${formatNumber(cost.interval.high)}]`;
  const counted = cost.basis === 'machine and electricity' ? '' : `, ${cost.basis}`;
  const missing = cost.missing === null ? '' : ` (${cost.missing})`;
  return `${money(cost.perMillion, prices.currency)}${range}${counted}${missing}`;
}

/** `6,500 EUR`. */
export function money(value: number | null, currency: string | undefined): string {
  return value === null || currency === undefined ? NOTHING : `${formatNumber(value)} ${currency}`;
}
