import { formatCount, formatNumber } from '../../engine/base/units.ts';
import type {
  BreakEven,
  HostComparison,
  HostResult,
  Ranking,
  Threshold,
} from '../../tuner/compare/comparison.ts';
import { demandText } from '../constraint-check.ts';
import { percent, rate, ratio, ratioWithRange } from '../figure-format.ts';
import { money } from './host-figures.ts';

/** `p99 below 66 ms, in server`, what every host had to meet. */
export function footingText({ constraints, load }: HostComparison): string {
  const bound = constraints.length === 0 ? 'no bound' : constraints.map(demandText).join(', ');
  return `${bound}; load: ${load}`;
}

/** The answer by throughput. */
export function headline(comparison: HostComparison): string {
  const order = orderOf(comparison, 'qps')?.order ?? [];
  const [first, second] = order;
  if (first === undefined) return 'No host meets the bound.';
  const serves = `${first.id} serves ${rate(first.value)} samples/s at the bound`;
  if (second === undefined) return `Only ${serves}.`;
  return `${serves}, ${contrastShort(comparison, second.id)}.`;
}

function contrastShort({ contrasts }: HostComparison, over: string): string {
  const contrast = contrasts.find((one) => one.over === over);
  if (contrast === undefined) return `more than ${over}`;
  if (contrast.state === 'judged') {
    return `${ratioWithRange(contrast.ratio.value, contrast.ratio)} times this unit of ${over}`;
  }
  return `${ratio(contrast.ratio)} times ${over}`;
}

/** What else there is to say of the order: one sentence each. */
export function answers(comparison: HostComparison): string[] {
  return [
    ...comparison.contrasts.map((contrast) => contrastText(contrast)),
    ...(['inferencesPerJoule', 'cost'] as const).flatMap((by) => {
      const ranking = orderOf(comparison, by);
      return ranking === undefined ? [] : [rankingText(comparison, ranking)];
    }),
  ];
}

function orderOf({ rankings }: HostComparison, by: Ranking['by']): Ranking | undefined {
  return rankings.find((one) => one.by === by);
}

/** Of two units: how sure the order is. */
function contrastText(contrast: HostComparison['contrasts'][number]): string {
  const { id, over } = contrast;
  if (contrast.state === 'too-few-sessions') {
    return `This unit of ${id} came to ${ratio(contrast.ratio)} times this unit of ${over}: whether that is more than chance cannot be said below ${formatCount(contrast.wanted, 'session')} of each.`;
  }
  const { confidence, margin, verdict } = contrast;
  const between = `This unit of ${id} serves ${ratioWithRange(contrast.ratio.value, contrast.ratio)} times what this unit of ${over} does`;
  const judged = {
    better: `more, beyond the margin of ${percent(margin)}`,
    worse: `less, beyond the margin of ${percent(margin)}`,
    equivalent: `equal within the margin of ${percent(margin)}`,
    'different-within-margin': `different, but not by more than ${percent(margin)}`,
    inconclusive: 'which is faster cannot be said from these sessions',
  }[verdict];
  return `${between} (Welch, ${percent(confidence)}): ${judged}. Another unit of the same kind may differ.`;
}

function rankingText(comparison: HostComparison, { by, order, basis, unranked }: Ranking): string {
  const [first, second] = order;
  const left = unranked.map(({ id, reason }) => `${id}: ${reason}`).join('; ');
  const rest = left === '' ? '' : ` Not ranked: ${left}.`;
  const what = by === 'cost' ? 'cost' : 'inferences per joule';
  if (first === undefined || second === undefined) {
    return `By ${what} there is no order.${rest}`;
  }
  if (by === 'cost') {
    const currency = comparison.hosts.find(({ prices }) => prices !== null)?.prices?.currency;
    return `${first.id} costs least, ${money(first.value, currency)} a million (${basis}); ${second.id} ${money(second.value, currency)}.${rest}`;
  }
  return `${first.id} does most with a joule, ${formatNumber(first.value)} inferences (${basis}); ${second.id} ${formatNumber(second.value)}.${rest}`;
}

/** One thing that would have to change, and to what. */
export interface BreakEvenRow {
  readonly what: string;
  readonly at: string;
}

/** What it would take for another host to cost no more than the cheapest. */
export function breakEvenRows({ hosts }: HostComparison, even: BreakEven): readonly BreakEvenRow[] {
  const challenger = hosts.find(({ id }) => id === even.challenger);
  const currency = challenger?.prices?.currency;
  const now = money(challenger?.prices?.capex ?? null, currency);
  const { commonUtilisation: use, pricePerKwh } = even;
  const cheaper = (id: string | undefined): string => `${id ?? ''} is the cheaper`;
  return [
    {
      what: `Use of ${even.challenger}, ${even.leader} as it is`,
      at: threshold(even.utilisation, (at) => `${percent(at)} or more${nowAt(challenger)}`),
    },
    {
      what: 'Use of both alike',
      at: threshold(use, (at) => `${percent(at)}: below it ${cheaper(use.cheaperBelow)}`),
    },
    {
      what: `Price of ${even.challenger}`,
      at: threshold(even.capex, (at) => `${money(at, currency)} or less (now ${now})`),
    },
    {
      what: 'Price of a kilowatt-hour, for both',
      at: threshold(
        pricePerKwh,
        (at) => `${money(at, currency)}: above it ${cheaper(pricePerKwh.cheaperAbove)}`,
      ),
    },
  ];
}

function nowAt(host: HostResult | undefined): string {
  return host?.prices === null || host === undefined
    ? ''
    : ` (now ${percent(host.prices.utilisation)})`;
}

function threshold(at: Threshold, show: (value: number) => string): string {
  return at.state === 'at' ? show(at.value) : `none: ${at.reason}`;
}
