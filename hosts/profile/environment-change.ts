import type { HostEnvironment, Pressures, PressureTotals } from './environment-record.ts';
import { known, mapKnown, unavailable, type Known } from './known.ts';

/** What happened on a machine between two readings. Shares are of the time between them, 0 to 1. */
export interface EnvironmentChange {
  readonly elapsedMs: number;
  /** CPU time of all cores that was used, by this process too. */
  readonly busyShare: Known<number>;
  /** CPU time that a hypervisor gave to other machines. */
  readonly stealShare: Known<number>;
  /** Periods in which a quota stopped this process's control group. */
  readonly throttledPeriods: Known<number>;
  readonly throttledMs: Known<number>;
  readonly thermalThrottles: Known<number>;
  /** Of the whole machine. */
  readonly pressure: PressureShares;
  /** Of this process's control group. */
  readonly groupPressure: PressureShares;
  readonly governorChanged: Known<boolean>;
  readonly boostChanged: Known<boolean>;
  readonly affinityChanged: Known<boolean>;
  readonly quotaChanged: Known<boolean>;
}

export type PressureShares = { readonly [resource in keyof Pressures]: Known<PressureShare> };

export interface PressureShare {
  readonly some: number;
  /** Null where the kernel has no such figure. */
  readonly full: number | null;
}

/** Compares two readings that were taken `elapsedMs` of a monotonic clock apart. */
export function compareEnvironments(
  before: HostEnvironment,
  after: HostEnvironment,
  elapsedMs: number,
): EnvironmentChange {
  const ticks = tickShares(before, after);
  const [cpuBefore, cpuAfter] = [before.cpu, after.cpu];
  const [groupBefore, groupAfter] = [before.controlGroup, after.controlGroup];
  const throttling = [groupBefore.throttling, groupAfter.throttling] as const;
  return {
    elapsedMs,
    busyShare: mapKnown(ticks, ({ busy }) => busy),
    stealShare: mapKnown(ticks, ({ steal }) => steal),
    throttledPeriods: growth(...throttling, ({ throttledPeriods }) => throttledPeriods),
    throttledMs: growth(...throttling, ({ throttledUs }) => throttledUs / 1000),
    thermalThrottles: growth(before.thermalThrottles, after.thermalThrottles, (count) => count),
    pressure: pressureShares(before.pressure, after.pressure, elapsedMs),
    groupPressure: pressureShares(groupBefore.pressure, groupAfter.pressure, elapsedMs),
    governorChanged: changed(cpuBefore.governor, cpuAfter.governor),
    boostChanged: changed(cpuBefore.boost, cpuAfter.boost),
    affinityChanged: changed(cpuBefore.affinity, cpuAfter.affinity),
    quotaChanged: changed(groupBefore.quotaCores, groupAfter.quotaCores),
  };
}

export function pressureShares(
  before: Pressures,
  after: Pressures,
  elapsedMs: number,
): PressureShares {
  const share = (resource: keyof Pressures): Known<PressureShare> =>
    pressureShare(before[resource], after[resource], elapsedMs);
  return { cpu: share('cpu'), memory: share('memory'), io: share('io') };
}

function pressureShare(
  before: Known<PressureTotals>,
  after: Known<PressureTotals>,
  elapsedMs: number,
): Known<PressureShare> {
  if (!(elapsedMs > 0)) return unavailable('no time passed between the two readings');
  const someUs = growth(before, after, (totals) => totals.someUs);
  const fullUs = growth(before, after, (totals) => totals.fullUs ?? 0);
  if (fullUs.state === 'unavailable') return fullUs;
  const hasFull = after.state === 'known' && after.value.fullUs !== null;
  return mapKnown(someUs, (us) => ({
    some: us / 1000 / elapsedMs,
    full: hasFull ? fullUs.value / 1000 / elapsedMs : null,
  }));
}

/** Shares of the CPU time of all cores between two readings. */
export function tickShares(
  before: Pick<HostEnvironment, 'ticks'>,
  after: Pick<HostEnvironment, 'ticks'>,
): Known<{ readonly busy: number; readonly steal: number }> {
  const total = growth(before.ticks, after.ticks, (ticks) => ticks.total);
  const steal = growth(before.ticks, after.ticks, (ticks) => ticks.steal);
  const busy = growth(before.ticks, after.ticks, (ticks) => ticks.busy);
  if (total.state === 'unavailable') return total;
  if (steal.state === 'unavailable') return steal;
  if (busy.state === 'unavailable') return busy;
  if (total.value === 0) return unavailable('no clock tick passed between the two readings');
  return known({ busy: busy.value / total.value, steal: steal.value / total.value });
}

/** How far a counter went; one that went back was reset, and its growth is not known. */
function growth<T>(
  before: Known<T>,
  after: Known<T>,
  countOf: (value: T) => number,
): Known<number> {
  if (before.state === 'unavailable') return before;
  if (after.state === 'unavailable') return after;
  const difference = countOf(after.value) - countOf(before.value);
  return difference < 0
    ? unavailable('the counter went backwards: it was reset between the two readings')
    : known(difference);
}

function changed<T>(before: Known<T>, after: Known<T>): Known<boolean> {
  if (before.state === 'unavailable') return before;
  if (after.state === 'unavailable') return after;
  return known(before.value !== after.value);
}
