import { z } from 'zod';
import type { Clock } from '../../engine/base/clock.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { discoverSensors } from '../../hosts/power/discover-sensors.ts';
import type { PowerContext } from '../../hosts/power/power-sensor.ts';
import { systemPowerContext } from '../../hosts/power/system-context.ts';
import { adviseHost } from '../../hosts/profile/advice.ts';
import { listCapabilities } from '../../hosts/profile/capabilities.ts';
import { compareEnvironments } from '../../hosts/profile/environment-change.ts';
import { readEnvironment } from '../../hosts/profile/environment.ts';
import { describeHost } from '../../hosts/this-host.ts';
import { keptNoise, measureHostNoise } from '../host-noise.ts';
import { interruptible } from '../interruption.ts';
import type { HostReport } from '../host-report.ts';
import { summarizeHost } from '../host-summary.ts';

/** Long enough for 50 clock ticks a core, short enough not to be noticed. */
const WINDOW_MS = 500;

const optionsSchema = z.object({
  json: z.boolean().optional(),
  meter: z.array(z.string()).default([]),
  noise: z.boolean().optional(),
  store: z.string(),
});

/** `claw host`. */
export async function host(rawOptions: unknown): Promise<number> {
  const { json, meter, noise, store } = optionsSchema.parse(rawOptions);
  return interruptible('stopped', async ({ signal, progress }) => {
    const onProgress = (message: string): void => progress.step(message);
    // Before the probe, which would show in the pressure of the last seconds.
    const found = await inspectHost(systemPowerContext(), { meters: meter });
    const measured = noise === true ? await measureHostNoise({ store, signal, onProgress }) : null;
    const report = { ...found, noise: measured ?? (await keptNoise(store)) };
    progress.end();
    console.log(json === true ? JSON.stringify(report) : summarizeHost(report));
    return 0;
  });
}

async function inspectHost(
  context: PowerContext,
  options: { readonly meters: readonly string[] },
): Promise<Omit<HostReport, 'noise'>> {
  const { files, clock } = context;
  const profile = describeHost(files);
  // Before the window, in which nothing of ours runs: it starts the tools of drivers.
  const found = await discoverSensors(context, options);
  const { environment, recent } = await observe(files, clock);
  return {
    schema: 'openclaw.host/1',
    profile,
    environment,
    recent,
    capabilities: listCapabilities(files, environment),
    sensors: found.sensors.map(({ id, kind, scope, quality }) => ({ id, kind, scope, quality })),
    missingSensors: found.unavailable,
    advice: adviseHost({ profile, environment, recent, missingSensors: found.unavailable }),
  };
}

/** The state of the machine at the end of a short time, and what happened in it. */
async function observe(
  files: SystemFiles,
  clock: Clock,
): Promise<Pick<HostReport, 'environment' | 'recent'>> {
  const startMs = clock.nowMs();
  const before = readEnvironment(files, clock.date());
  await clock.sleep(WINDOW_MS);
  const elapsedMs = clock.nowMs() - startMs;
  const environment = readEnvironment(files, clock.date());
  return { environment, recent: compareEnvironments(before, environment, elapsedMs) };
}
