import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { openSensor, type Sample, unavailable } from './open-sensor.ts';
import type { FoundSensors, PowerContext } from './power-sensor.ts';

interface CpuTime {
  /** In clock ticks since boot. */
  readonly busy: number;
  readonly total: number;
}

const KIND = 'estimate';
const STAT_PATH = '/proc/stat';
const NO_LOAD = `${STAT_PATH} tells no load`;

/**
 * No sensor at all: TDP x (0.1 + 0.9 load^3), a tenth of it at rest and rising with the
 * cube of the load, as power does with voltage and frequency. For an order of
 * magnitude; such a figure is labelled `estimated` and decides nothing.
 * `tdpWatts` is the user's: a guessed TDP would make a guess of a guess.
 */
export function findEstimate(
  { files, clock }: PowerContext,
  options: { readonly tdpWatts: number | null },
): FoundSensors {
  const { tdpWatts } = options;
  if (tdpWatts === null) {
    const reason = 'no TDP is given; give that of the processor, in watts, from its data sheet';
    return { sensors: [], unavailable: [{ kind: KIND, reason }] };
  }
  const first = readCpuTime(files);
  if (first === null) return { sensors: [], unavailable: [{ kind: KIND, reason: NO_LOAD }] };
  const source = {
    id: 'estimate:cpu',
    kind: KIND,
    scope: 'package' as const,
    quality: 'estimated' as const,
    // A tick is 10 ms: over a second the load is known to about 1 % of a core.
    intervalMs: 1000,
    leastPeriodMs: 10_000,
    sample: createSampler(files, { first, tdpWatts }),
  };
  return { sensors: [openSensor(source, clock)], unavailable: [] };
}

/** Each sample is the mean since the one before; the first since `first`. */
function createSampler(
  files: SystemFiles,
  { first, tdpWatts }: { readonly first: CpuTime; readonly tdpWatts: number },
): () => Sample {
  let last = first;
  return () => {
    const now = readCpuTime(files);
    if (now === null) return unavailable(NO_LOAD);
    const load = loadBetween(last, now);
    last = now;
    if (load === null) return unavailable('no CPU time has passed since the last reading');
    return { state: 'power', watts: tdpWatts * (0.1 + 0.9 * load ** 3) };
  };
}

/** Share of the cores' time that was not idle, 0 to 1; null where no time has passed. */
function loadBetween(before: CpuTime, after: CpuTime): number | null {
  const total = after.total - before.total;
  if (total <= 0) return null;
  return Math.min(1, Math.max(0, (after.busy - before.busy) / total));
}

/** `cpu user nice system idle iowait irq softirq steal guest ...`: guest is part of user. */
function readCpuTime(files: SystemFiles): CpuTime | null {
  const line = /^cpu +(\d+(?: \d+){3,})/m.exec(files.read(STAT_PATH) ?? '')?.[1];
  if (line === undefined) return null;
  const times = line.split(' ').slice(0, 8).map(Number);
  const total = times.reduce((sum, ticks) => sum + ticks, 0);
  // Idle, and idle while a disk works. Stolen time was another guest's work.
  const idle = (times[3] ?? 0) + (times[4] ?? 0) + (times[7] ?? 0);
  return { busy: total - idle, total };
}
