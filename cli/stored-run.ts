import { UsageError, UserError } from '../engine/base/errors.ts';
import { sha256OfFile } from '../engine/base/files.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import type { Store } from '../tuner/store/store.ts';
import { thisHost, versions } from './measuring.ts';

const NAMED_IN_MESSAGE = 5;

/** A run by its name or `latest`; the message of a miss names the newest ones. */
export async function findRun(store: Store, name: string): Promise<RunRecord> {
  if (name !== 'latest') {
    const run = await store.findRun(name);
    if (run !== null) return run;
  }
  const all = await store.listRuns();
  const [latest] = all;
  if (latest === undefined) {
    throw new UserError(`the store ${store.location} has no runs`, {
      remedy: 'start with: claw tune',
    });
  }
  if (name === 'latest') return latest;
  const newest = all.slice(0, NAMED_IN_MESSAGE).map((run) => run.id);
  throw new UserError(`there is no run '${name}' in ${store.location}`, {
    remedy: `the newest are ${newest.join(', ')}`,
  });
}

/** A resumed run keeps its own options: mixing others in would make its trials incomparable. */
export function checkResumeAlone(target: string | undefined, given: ReadonlySet<string>): void {
  if (target !== undefined) {
    throw new UsageError(`--resume goes on with a run's own target; leave '${target}' out`, {
      remedy: 'a run is named as --resume=RUN',
    });
  }
  const extra = [...given].find((name) => !['resume', 'store', 'json'].includes(name));
  if (extra !== undefined) {
    const flag = extra.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--resume goes on with the run's own options; leave --${flag} out`);
  }
}

/**
 * The run to go on with. Throws when its trials would not be comparable with
 * new ones: another machine, another version, another model.
 */
export async function resumedRun(store: Store, name: string): Promise<RunRecord> {
  const run = await findRun(store, name);
  if (run.state === 'finished') return run;
  const host = thisHost();
  if (host.key !== run.host.key || host.usableCores !== run.host.usableCores) {
    throw new UserError(`run ${run.id} was started on another machine, or with other cores`, {
      remedy: 'its trials would not be comparable: start a new run',
    });
  }
  const now = versions();
  if (JSON.stringify(now) !== JSON.stringify(run.versions)) {
    throw new UserError(
      `run ${run.id} was started with other versions of claw, Node or the runtime`,
      {
        remedy: 'its trials would not be comparable: start a new run',
      },
    );
  }
  for (const { path, sha256 } of run.workload.artifacts) {
    const found = await sha256OfFile(path).catch(() => null);
    if (found === sha256) continue;
    throw new UserError(
      `a model of run ${run.id}, ${path}, ${found === null ? 'is gone' : 'has changed'}`,
      { remedy: 'start a new run' },
    );
  }
  return run;
}
