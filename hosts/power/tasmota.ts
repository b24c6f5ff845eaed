import { z } from 'zod';
import { openHttpMeter } from './http-meter.ts';
import type { MeterAddress } from './meter-address.ts';
import { type Sample, unavailable } from './open-sensor.ts';
import type { PowerContext, PowerSensor } from './power-sensor.ts';

/** A plug with several channels lists their powers. */
const statusSchema = z.object({
  StatusSNS: z.object({
    ENERGY: z.object({ Power: z.union([z.number(), z.array(z.number()).min(1)]) }),
  }),
});

/** A plug with Tasmota. Its meter chip counts pulses, which at a low load come slowly. */
export function openTasmota(
  { origin, channel }: MeterAddress,
  context: PowerContext,
  options: { readonly timeoutMs?: number } = {},
): PowerSensor {
  const url = `${origin}/cm?cmnd=Status%208`;
  const id = `tasmota:${origin}${channel === null ? '' : `?channel=${channel}`}`;
  const read = (json: unknown): Sample => {
    const status = statusSchema.safeParse(json);
    return status.success
      ? channelPower(status.data.StatusSNS.ENERGY.Power, channel, url)
      : unavailable(`${url} does not say StatusSNS.ENERGY.Power: this plug measures no power`);
  };
  return openHttpMeter({ id, kind: 'tasmota', url, read }, context, options);
}

function channelPower(
  power: number | readonly number[],
  channel: number | null,
  url: string,
): Sample {
  const powers = typeof power === 'number' ? [power] : power;
  if (channel === null && powers.length > 1) {
    return unavailable(`${url} has ${powers.length} channels: add ?channel=1 or another`);
  }
  const watts = powers[(channel ?? 1) - 1];
  return watts === undefined
    ? unavailable(`${url} has no channel ${channel ?? 1}`)
    : { state: 'power', watts };
}
