import { z } from 'zod';
import { systemClock, type Clock } from '../../engine/base/clock.ts';
import { systemFiles, type SystemFiles } from '../../engine/devices/system-files.ts';
import { adviseHost } from '../../hosts/profile/advice.ts';
import { listCapabilities } from '../../hosts/profile/capabilities.ts';
import { compareEnvironments } from '../../hosts/profile/environment-change.ts';
import { readEnvironment } from '../../hosts/profile/environment.ts';
import { describeHost } from '../../hosts/this-host.ts';
import { summarizeHost, type HostReport } from '../host-summary.ts';

/** Long enough for 50 clock ticks a core, short enough not to be noticed. */
const WINDOW_MS = 500;

/** `claw host`. */
export async function host(rawOptions: unknown): Promise<number> {
  const { json } = z.object({ json: z.boolean().optional() }).parse(rawOptions);
  const report = await inspectHost(systemFiles(), systemClock);
  console.log(json === true ? JSON.stringify(report) : summarizeHost(report));
  return 0;
}

/** What is done with a machine before it is measured: look at it, and do nothing else meanwhile. */
async function inspectHost(files: SystemFiles, clock: Clock): Promise<HostReport> {
  const profile = describeHost(files);
  const startMs = clock.nowMs();
  const before = readEnvironment(files, clock.date());
  await clock.sleep(WINDOW_MS);
  const environment = readEnvironment(files, clock.date());
  const recent = compareEnvironments(before, environment, clock.nowMs() - startMs);
  return {
    schema: 'openclaw.host/1',
    profile,
    environment,
    recent,
    capabilities: listCapabilities(files, environment),
    advice: adviseHost({ profile, environment, recent, missingSensors: [] }),
  };
}
