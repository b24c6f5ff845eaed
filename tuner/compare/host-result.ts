import { formatCount } from '../../engine/base/units.ts';
import { meetsBound, type Footing } from './common-load.ts';
import type { HostResult } from './comparison.ts';
import { costOf, type CostFigure } from './cost.ts';
import type { HostGroup } from './host-group.ts';
import { loadCurve } from './load-curve.ts';
import { measuredIn, pickBest } from './pick-best.ts';
import type { HostPrices } from './prices-file.ts';
import type { Session } from './session.ts';

/** One host at its best configuration on a footing, with what that costs. */
export function hostResult(
  { id, host, sources }: HostGroup,
  given: {
    readonly sessions: readonly Session[];
    readonly footing: Footing;
    readonly prices: HostPrices | null;
  },
): HostResult {
  const { sessions, footing, prices } = given;
  const best = pickBest(sessions, footing);
  return {
    id,
    host,
    sources: sources.map((source) => source.id),
    best,
    prices,
    cost: hostCost(best, prices),
    curve: best.state === 'none' ? [] : sources.flatMap(({ trials }) => loadCurve(trials, best)),
    notes: notesOf(best, sessions, footing),
  };
}

function hostCost(best: HostResult['best'], prices: HostPrices | null): CostFigure {
  if (prices === null) return { state: 'unavailable', reason: 'it has no prices' };
  if (best.state === 'none') return { state: 'unavailable', reason: best.reason };
  const { value, interval } = best.qps;
  return costOf(prices, {
    qps: value,
    interval: interval.over === 'none' ? null : { low: interval.low, high: interval.high },
    energy: best.energy,
  });
}

/** What weakens a host's figures. */
function notesOf(
  best: HostResult['best'],
  sessions: readonly Session[],
  footing: Footing,
): string[] {
  if (best.state === 'none') return [];
  const used = measuredIn(sessions, best.armKey, footing);
  const broke = used.filter(({ figures }) => !meetsBound(figures, footing));
  const others = sessions.length - used.length;
  return [
    ...(best.evidence === 'search'
      ? ['its figures are those of the search, and favour what was lucky: measure it again']
      : []),
    ...(broke.length > 0
      ? [`it broke the bound in ${broke.length} of ${formatCount(used.length, 'session')}`]
      : []),
    ...(others > 0
      ? [`${formatCount(others, 'session')} did not measure this configuration again`]
      : []),
  ];
}
