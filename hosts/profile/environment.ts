import { systemClock } from '../../engine/base/clock.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { readControlGroup } from './control-group.ts';
import { readCpuState } from './cpu-state.ts';
import type { HostEnvironment } from './environment-record.ts';
import { readLoadAverage, readSwapUsedBytes, readTicks } from './load.ts';
import { readPressures } from './pressure.ts';
import { readHottest, readThermalThrottles } from './thermal.ts';
import { readContainer, readHypervisor } from './virtualization.ts';

/** Reads the state of a machine: some thirty small files and five for each core, a few ms. */
export function readEnvironment(
  files: SystemFiles,
  now: Date = systemClock.date(),
): HostEnvironment {
  return {
    takenAt: now.toISOString(),
    cpu: readCpuState(files),
    controlGroup: readControlGroup(files),
    pressure: readPressures(files, (resource) => `/proc/pressure/${resource}`),
    ticks: readTicks(files),
    thermalThrottles: readThermalThrottles(files),
    hottest: readHottest(files),
    loadAverage: readLoadAverage(files),
    swapUsedBytes: readSwapUsedBytes(files),
    hypervisor: readHypervisor(files),
    container: readContainer(files),
  };
}
