import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../engine/base/files.ts';
import { renderRunReport } from '../../reports/run-report.ts';
import { storeOptionsSchema } from '../option-values.ts';
import { openStore } from '../results.ts';
import { storePaths } from '../store-folder.ts';
import { findRun } from '../stored-run.ts';

const optionsSchema = storeOptionsSchema.extend({ output: z.string().optional() });

/** `claw report RUN`: writes the report from the store's records. */
export async function report(name: string, rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const store = await openStore(options.store);
  try {
    const run = await findRun(store, name);
    const path = options.output ?? join(storePaths(options.store).runFolder(run.id), 'report.html');
    const trials = await store.listTrials(run.id);
    await writeFileAtomic(path, await renderRunReport({ run, trials }));
    console.log(options.json === true ? JSON.stringify({ run: run.id, report: path }) : path);
    return 0;
  } finally {
    await store.close();
  }
}
