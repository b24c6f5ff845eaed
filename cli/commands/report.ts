import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/base/errors.ts';
import { writeFileAtomic } from '../../engine/base/files.ts';
import { renderRunReport } from '../../reports/run-report.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import type { Store } from '../../tuner/store/store.ts';
import { storeOptionsSchema } from '../option-values.ts';
import { openStore, storePaths } from '../results.ts';

const optionsSchema = storeOptionsSchema.extend({ output: z.string().optional() });

/** `claw report RUN`: writes the report from the store's records. */
export async function report(name: string, rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const store = await openStore(options.store);
  try {
    const run = await findRun(store, name);
    const path =
      options.output ?? join(storePaths(options.store).runFolder(run.id), 'report.html');
    const trials = await store.listTrials(run.id);
    await writeFileAtomic(path, await renderRunReport({ run, trials }));
    console.log(options.json === true ? JSON.stringify({ run: run.id, report: path }) : path);
    return 0;
  } finally {
    await store.close();
  }
}

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
    throw new UserError(`the store ${store.location} has no runs`, { remedy: 'start with: claw tune' });
  }
  if (name === 'latest') return latest;
  const newest = all.slice(0, NAMED_IN_MESSAGE).map((run) => run.id);
  throw new UserError(`there is no run '${name}' in ${store.location}`, {
    remedy: `the newest are ${newest.join(', ')}`,
  });
}
