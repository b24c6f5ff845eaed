import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { quotaCores } from '../../engine/devices/usable-cores.ts';
import type { ControlGroupState } from './environment-record.ts';
import { known, mapKnown, unavailable, type Known } from './known.ts';
import { locateGroup, type LocatedGroup } from './locate-group.ts';
import { readPressures } from './pressure.ts';
import { parseField, readEach } from './read-known.ts';

const NO_GROUP = 'the system has no control groups';

/** The limits that the control group of this process sets, and how often they struck. */
export function readControlGroup(files: SystemFiles): ControlGroupState {
  const cpu = locateGroup(files, 'cpu');
  const memory = locateGroup(files, 'memory');
  return {
    version: cpu === null ? unavailable(NO_GROUP) : known(cpu.version),
    quotaCores: cpu === null ? unavailable(NO_GROUP) : known(quotaCores(files)),
    throttling: cpu === null ? unavailable(NO_GROUP) : readThrottling(files, cpu),
    memoryLimitBytes: memory === null ? unavailable(NO_GROUP) : readMemoryLimit(files, memory),
    pressure: readGroupPressure(files),
  };
}

/**
 * A group's counters cover its own quota only, so that the ancestors are added.
 * v2 counts microseconds, v1 nanoseconds.
 */
function readThrottling(files: SystemFiles, group: LocatedGroup): ControlGroupState['throttling'] {
  const paths = group.folders.map((folder) => `${folder}/cpu.stat`);
  const counters = readEach(files, paths, {
    absent: `no ${group.folders.at(-1) ?? ''}/cpu.stat: the CPU is not controlled here`,
    parse: (text) => text,
  });
  if (counters.state === 'unavailable') return counters;
  const levels = counters.value.flatMap(parseThrottling);
  // The root of v2 has no quota, and so no such counters.
  if (levels.length === 0) return unavailable('no quota on the CPU, so that nothing is counted');
  const sum = (of: (level: Throttling) => number): number =>
    levels.reduce((total, level) => total + of(level), 0);
  return known({
    periods: sum(({ periods }) => periods),
    throttledPeriods: sum(({ throttledPeriods }) => throttledPeriods),
    throttledUs: sum(({ throttledUs }) => throttledUs),
  });
}

interface Throttling {
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledUs: number;
}

function parseThrottling(text: string): Throttling[] {
  const periods = parseField(text, 'nr_periods');
  const throttledPeriods = parseField(text, 'nr_throttled');
  const nanoseconds = parseField(text, 'throttled_time');
  const throttledUs =
    parseField(text, 'throttled_usec') ?? (nanoseconds === null ? null : nanoseconds / 1000);
  return periods === null || throttledPeriods === null || throttledUs === null
    ? []
    : [{ periods, throttledPeriods, throttledUs }];
}

/** v1 writes the largest multiple of a page below 2^63 for "no limit". */
const NO_LIMIT_BYTES = 2 ** 60;

/** The root of v2 has no such file: nothing above it could set a limit. */
const NO_LIMIT_FILE = 'no limit can be set here';

function readMemoryLimit(files: SystemFiles, group: LocatedGroup): Known<number | null> {
  const name = group.version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
  const paths = group.folders.map((folder) => `${folder}/${name}`);
  const limits = readEach(files, paths, {
    absent: NO_LIMIT_FILE,
    parse: (text) => (text === 'max' ? Infinity : /^\d+$/.test(text) ? Number(text) : null),
  });
  if (limits.state === 'unavailable' && limits.reason === NO_LIMIT_FILE) return known(null);
  return mapKnown(limits, (all) => {
    const tightest = Math.min(...all);
    return tightest < NO_LIMIT_BYTES ? tightest : null;
  });
}

/**
 * Only v2 accounts for pressure by group. Its root covers the whole machine: it
 * is told from a container's own group by having no `cgroup.events`.
 */
function readGroupPressure(files: SystemFiles): ControlGroupState['pressure'] {
  const folders = locateGroup(files, 'unified')?.folders ?? [];
  const exists = (path: string): boolean => files.probe(path).state !== 'absent';
  const own = folders.findLast((folder) => exists(`${folder}/cpu.pressure`));
  const isRoot = own === undefined || !exists(`${own}/cgroup.events`);
  return readPressures(
    files,
    (resource) => (isRoot ? '' : `${own}/${resource}.pressure`),
    'no pressure of a group of our own: it needs control groups v2, PSI, and another than the root',
  );
}
