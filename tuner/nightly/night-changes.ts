import type { JobNight } from './job-history.ts';

/**
 * What was different on a night from the one before, for people: versions, the machine, and
 * what the job ran. A change of the ratio on the same night is put down to these.
 */
export function changesBetween(before: JobNight, after: JobNight): string[] {
  const [was, is] = [factsOf(before), factsOf(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const changed = names.flatMap((name) => {
    const [from, to] = [was.get(name), is.get(name)];
    return from === undefined || to === undefined || from === to
      ? []
      : [`${name} ${from} -> ${to}`];
  });
  return after.job.setup?.retuned === true ? [...changed, 'tuned again'] : changed;
}

/** A digest is told by its beginning: it only has to be seen to differ. */
const DIGEST_LENGTH = 8;

function factsOf({ night, job }: JobNight): ReadonlyMap<string, string> {
  const { host, versions } = night;
  const { setup } = job;
  const digest = (sha256: string): string => sha256.slice(0, DIGEST_LENGTH);
  return new Map([
    ['onnxruntime', versions.onnxruntime],
    ['claw', versions.openclaw],
    ['Node', versions.node],
    ['kernel', host.kernel],
    ['CPU', host.cpu],
    ['host', host.key],
    ...Object.entries(job.environment),
    ...(setup === null
      ? []
      : ([
          ['model', digest(setup.candidate.modelSha256)],
          ['artifact', digest(setup.candidate.artifactSha256)],
          ['configuration', setup.candidate.armKey],
          ['control model', digest(setup.control.modelSha256)],
          ['control configuration', setup.control.armKey],
        ] as const)),
  ]);
}
