import { UserError } from '../engine/base/errors.ts';
import { discoverSensors } from '../hosts/power/discover-sensors.ts';
import type { PowerContext, PowerSensor } from '../hosts/power/power-sensor.ts';
import { systemPowerContext } from '../hosts/power/system-context.ts';

/**
 * The sensors that trials read: those of this machine, and the meters at the addresses given.
 * Throws UserError where an address is wrong, or where power decides and there is none.
 */
export async function powerSensors(
  options: {
    readonly meters: readonly string[];
    /** Nothing can be judged without a sensor. */
    readonly isNeeded: boolean;
    readonly signal: AbortSignal;
  },
  context: PowerContext = systemPowerContext(),
): Promise<readonly PowerSensor[]> {
  const { meters, isNeeded, signal } = options;
  const { sensors } = await discoverSensors(context, { meters, signal });
  if (sensors.length === 0 && isNeeded) {
    throw new UserError('power decides here, and this machine has no sensor that can be read', {
      remedy: 'see `claw host` for what is missing, or give a power meter: --meter shelly://HOST',
    });
  }
  return sensors;
}
