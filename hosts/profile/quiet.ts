import type { Clock } from '../../engine/base/clock.ts';
import { formatNumber, formatPercent } from '../../engine/base/units.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { pressureShares, tickShares } from './environment-change.ts';
import type { HostEnvironment } from './environment-record.ts';
import { readTicks } from './load.ts';
import { readPressures } from './pressure.ts';
import { readHottest } from './thermal.ts';

export interface QuietOptions {
  readonly files: SystemFiles;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** No window starts that would end later; one window is looked at in any case. */
  readonly maxWaitMs: number;
  /** Default 200. */
  readonly windowMs?: number;
  /** Share of a window in which a task may wait for a core; default 0.05. */
  readonly maxCpuShare?: number;
  /**
   * Share of all cores that may be busy. Default 0.05 where there is no PSI, else
   * not looked at: one busy core among idle ones lets no task wait, and yet is
   * missing to a trial that uses all of them. Such a trial sets it.
   */
  readonly maxBusyShare?: number;
  /** Share of a window in which a task may wait for memory or a disk; default 0.01. */
  readonly maxStallShare?: number;
  /** Temperature at the start of the work: it must be reached again, within 1 degree. */
  readonly referenceCelsius?: number;
}

export type Quietness =
  | { readonly state: 'quiet'; readonly waitedMs: number }
  | { readonly state: 'busy'; readonly waitedMs: number; readonly reason: string }
  /** The machine tells neither pressure nor CPU time: nothing was waited for. */
  | { readonly state: 'unavailable'; readonly waitedMs: number; readonly reason: string };

const DEFAULTS = Object.freeze({ windowMs: 200, maxCpuShare: 0.05, maxStallShare: 0.01 });

const MAX_BUSY_SHARE = 0.05;

/** Sensors show whole degrees, and flicker by one. */
const TOLERANCE_CELSIUS = 1;

/**
 * Waits until nothing else runs on the machine and it has cooled down. The
 * caller's own processes must be idle meanwhile. Looks at what the totals grew
 * by in a window: averages over 10 s would still show what ended long ago.
 */
export async function waitUntilQuiet(options: QuietOptions): Promise<Quietness> {
  const settings: Settings = { ...DEFAULTS, ...options };
  const { clock, windowMs, signal } = settings;
  const startMs = clock.nowMs();
  let before = takeSample(settings);
  for (;;) {
    await clock.sleep(windowMs, signal);
    const after = takeSample(settings);
    const waitedMs = after.atMs - startMs;
    const verdict = judge(before, after, settings);
    if (verdict.state !== 'busy') return { ...verdict, waitedMs };
    if (waitedMs + windowMs > settings.maxWaitMs) return { ...verdict, waitedMs };
    before = after;
  }
}

type Settings = QuietOptions &
  Required<Pick<QuietOptions, 'windowMs' | 'maxCpuShare' | 'maxStallShare'>>;
type Sample = Pick<HostEnvironment, 'pressure' | 'ticks'> & { readonly atMs: number };
type Verdict =
  { readonly state: 'quiet' } | { readonly state: 'busy' | 'unavailable'; readonly reason: string };

function takeSample({ files, clock }: Settings): Sample {
  return {
    atMs: clock.nowMs(),
    pressure: readPressures(files, (resource) => `/proc/pressure/${resource}`),
    ticks: readTicks(files),
  };
}

function judge(before: Sample, after: Sample, settings: Settings): Verdict {
  const load = judgeLoad(before, after, settings);
  return load.state === 'quiet' ? judgeHeat(settings) : load;
}

function judgeLoad(before: Sample, after: Sample, settings: Settings): Verdict {
  const shares = pressureShares(before.pressure, after.pressure, after.atMs - before.atMs);
  const limits = [
    ['cpu', 'a core', settings.maxCpuShare],
    ['memory', 'memory', settings.maxStallShare],
    ['io', 'a disk', settings.maxStallShare],
  ] as const;
  for (const [resource, what, limit] of limits) {
    const share = shares[resource];
    if (share.state === 'known' && share.value.some > limit) {
      const reason = `tasks waited for ${what} ${formatPercent(share.value.some)} of the time, more than ${formatPercent(limit)}`;
      return { state: 'busy', reason };
    }
  }
  const isTold = shares.cpu.state === 'known';
  if (isTold && settings.maxBusyShare === undefined) return { state: 'quiet' };
  return judgeTicks(before, after, settings.maxBusyShare ?? MAX_BUSY_SHARE);
}

function judgeTicks(before: Sample, after: Sample, maxShare: number): Verdict {
  const shares = tickShares(before, after);
  if (shares.state === 'unavailable') return shares;
  const { busy } = shares.value;
  if (busy <= maxShare) return { state: 'quiet' };
  const reason = `the cores were busy ${formatPercent(busy)} of the time, more than ${formatPercent(maxShare)}`;
  return { state: 'busy', reason };
}

/** A machine without a sensor cannot be waited for. */
function judgeHeat({ files, referenceCelsius }: Settings): Verdict {
  if (referenceCelsius === undefined) return { state: 'quiet' };
  const hottest = readHottest(files);
  if (hottest.state === 'unavailable') return { state: 'quiet' };
  const { celsius, name } = hottest.value;
  return celsius <= referenceCelsius + TOLERANCE_CELSIUS
    ? { state: 'quiet' }
    : {
        state: 'busy',
        reason: `${name} is at ${formatNumber(celsius)} °C, above the ${formatNumber(referenceCelsius)} °C of the start`,
      };
}
