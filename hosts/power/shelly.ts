import { z } from 'zod';
import { openHttpMeter } from './http-meter.ts';
import type { MeterAddress } from './meter-address.ts';
import { type Sample, unavailable } from './open-sensor.ts';
import type { PowerContext, PowerSensor } from './power-sensor.ts';

const statusSchema = z.object({ apower: z.number() });

/**
 * A Shelly plug or relay of the second generation or later (Shelly: Switch component).
 * `apower` in W is used though there is a counter, `aenergy.total` in Wh: it moves in
 * steps that are coarse beside what a trial uses, and falls to 0 when the user clears it.
 */
export function openShelly(
  { origin, channel }: MeterAddress,
  context: PowerContext,
  options: { readonly timeoutMs?: number } = {},
): PowerSensor {
  const id = channel ?? 0;
  const url = `${origin}/rpc/Switch.GetStatus?id=${id}`;
  const read = (json: unknown): Sample => {
    const status = statusSchema.safeParse(json);
    return status.success
      ? { state: 'power', watts: status.data.apower }
      : unavailable(`${url} does not say "apower": this switch measures no power`);
  };
  const meter = { id: `shelly:${origin}?id=${id}`, kind: 'shelly', url, read };
  return openHttpMeter(meter, context, options);
}
