import { formatPercent } from '../../engine/base/units.ts';
import type { JobNight } from './job-history.ts';
import type { NightJob, NightRecord } from './night-record.ts';

/** What a job was measured with and on. */
export interface Surroundings {
  readonly versions: NightRecord['versions'];
  readonly host: NightRecord['host'];
  readonly environment: NightJob['environment'];
}

/**
 * What was different on a night from the one before, for people: versions, the machine, and
 * what the job ran. A change of the ratio on the same night is put down to these.
 */
export function changesBetween(before: JobNight, after: JobNight): string[] {
  const [was, is] = [surroundingsOf(before), surroundingsOf(after)];
  const software = softwareChanges(was, is);
  const drift = after.job.upgrade?.controlChange ?? null;
  return [
    ...software,
    ...(software.length > 0 && drift !== null
      ? [`the control ${signedPercent(drift)} with it`]
      : []),
    ...machineChanges(was, is),
    ...differences(sidesOf(before), sidesOf(after)),
    ...(after.job.setup?.retuned === true ? ['tuned again'] : []),
  ];
}

function surroundingsOf({ night, job }: JobNight): Surroundings {
  return { versions: night.versions, host: night.host, environment: job.environment };
}

/** Changes of what runs the control and the candidate alike. */
export function softwareChanges(before: Surroundings, after: Surroundings): string[] {
  const software = ({ versions }: Surroundings): Facts => [
    ['onnxruntime', versions.onnxruntime],
    ['claw', versions.openclaw],
    ['Node', versions.node],
  ];
  return differences(software(before), software(after));
}

/** Changes of the machine, and of the system on it. */
export function machineChanges(before: Surroundings, after: Surroundings): string[] {
  const machine = ({ host, environment }: Surroundings): Facts => [
    ['kernel', host.kernel],
    ['CPU', host.cpu],
    ['host', host.key],
    ...Object.entries(environment),
  ];
  return differences(machine(before), machine(after));
}

type Facts = readonly (readonly [name: string, value: string])[];

/** Of the facts that both know: one that was not read is no change. */
function differences(before: Facts, after: Facts): string[] {
  const was = new Map(before);
  return after.flatMap(([name, to]) => {
    const from = was.get(name);
    return from === undefined || from === to ? [] : [`${name} ${from} -> ${to}`];
  });
}

/** A digest is told by its beginning: it only has to be seen to differ. */
const DIGEST_LENGTH = 8;

function sidesOf({ job: { setup } }: JobNight): Facts {
  if (setup === null) return [];
  const { candidate, control } = setup;
  const digest = (sha256: string): string => sha256.slice(0, DIGEST_LENGTH);
  return [
    ['model', digest(candidate.modelSha256)],
    ['artifact', digest(candidate.artifactSha256)],
    ['configuration', candidate.armKey],
    ['control model', digest(control.modelSha256)],
    ['control configuration', control.armKey],
  ];
}

/** `+6 %`, `-5.1 %`. */
export function signedPercent(change: number): string {
  const text = formatPercent(Math.abs(change));
  return change < 0 && text !== '0 %' ? `-${text}` : `+${text}`;
}
