import { UsageError } from '../../engine/base/errors.ts';
import { findBattery } from './battery.ts';
import { findEstimate } from './estimate.ts';
import { findHwmon } from './hwmon.ts';
import { findJetson } from './jetson.ts';
import { type MeterAddress, parseMeterAddress } from './meter-address.ts';
import { findNvidia } from './nvidia.ts';
import type { FoundSensors, PowerContext, PowerSensor } from './power-sensor.ts';
import { findRapl } from './rapl.ts';
import { findRaspberryPi } from './raspberry-pi.ts';
import { openShelly } from './shelly.ts';
import { openTasmota } from './tasmota.ts';

export interface DiscoverOptions {
  /**
   * Meters between this machine and the wall, `shelly://HOST[:PORT][?id=N]` or
   * `tasmota://HOST[:PORT][?channel=N]`. Each feeds this machine: several are added up.
   */
  readonly meters: readonly string[];
  /** The processor's thermal design power in W; without it nothing is estimated. */
  readonly tdpWatts?: number;
  readonly signal?: AbortSignal;
}

/**
 * Finds the sensors that work now: each has been read once. What does not work is
 * listed with the reason. Throws UsageError for a meter or a TDP that cannot be,
 * before anything is read; rejects with the signal's reason when it aborts.
 */
export async function discoverSensors(
  context: PowerContext,
  options: DiscoverOptions,
): Promise<FoundSensors> {
  const meters = [...new Set(options.meters)].map(parseMeterAddress);
  const tdpWatts = checkTdp(options.tdpWatts);
  options.signal?.throwIfAborted();
  const found = [
    openMeters(meters, context),
    findRapl(context),
    findHwmon(context),
    findJetson(context),
    await findNvidia(context, options),
    findRaspberryPi(context),
    findBattery(context),
    findMac(context),
  ];
  const working = await readOnce(found, options.signal);
  options.signal?.throwIfAborted();
  // Not read: a load needs two readings.
  const estimate = findEstimate(context, { tdpWatts });
  return {
    sensors: [...working.sensors, ...estimate.sensors],
    unavailable: [...working.unavailable, ...estimate.unavailable],
  };
}

async function readOnce(
  found: readonly FoundSensors[],
  signal: AbortSignal | undefined,
): Promise<FoundSensors> {
  const sensors = found.flatMap((one) => one.sensors);
  const readings = await Promise.all(sensors.map((sensor) => sensor.read(signal)));
  const failed = readings.flatMap((reading, index) => {
    const kind = sensors[index]?.kind ?? '';
    return reading.state === 'unavailable' ? [{ kind, reason: reading.reason }] : [];
  });
  return {
    sensors: sensors.filter((_, index) => readings[index]?.state !== 'unavailable'),
    unavailable: [...found.flatMap((one) => one.unavailable), ...failed],
  };
}

function openMeters(meters: readonly MeterAddress[], context: PowerContext): FoundSensors {
  const open = (meter: MeterAddress): PowerSensor =>
    meter.kind === 'shelly' ? openShelly(meter, context) : openTasmota(meter, context);
  return { sensors: meters.map(open), unavailable: [] };
}

function findMac({ platform }: PowerContext): FoundSensors {
  const reason = 'powermetrics needs root, and what it prints is a model of the chip';
  return {
    sensors: [],
    unavailable: platform === 'darwin' ? [{ kind: 'powermetrics', reason }] : [],
  };
}

function checkTdp(tdpWatts: number | undefined): number | null {
  if (tdpWatts === undefined) return null;
  if (tdpWatts > 0 && tdpWatts <= 2000) return tdpWatts;
  throw new UsageError(`a TDP of ${tdpWatts} W cannot be: it must be above 0 and at most 2000`, {
    remedy: 'Give the thermal design power of the processor in watts, from its data sheet.',
  });
}
