import { UserError } from '../engine/base/errors.ts';
import { join } from 'node:path';
import type { ExportInput } from '../tuner/export/export-input.ts';
import { readTuned, resolveTuned, createTuned, type Tuned } from '../tuner/export/tuned.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { EXIT } from './exit-codes.ts';
import { openStore } from './results.ts';
import { storePaths } from './store-folder.ts';
import { findRun } from './stored-run.ts';

export interface ExportSource {
  /** With absolute paths. */
  readonly tuned: Tuned;
  readonly history: ExportInput['history'];
}

/** A tuned.json by its path, which ends so; else a run of the store with its trials. */
export async function findExportSource(result: string, storeFolder: string): Promise<ExportSource> {
  if (result.endsWith('.json')) return { tuned: await readTuned(result), history: null };
  const store = await openStore(storeFolder);
  try {
    const run = await findRun(store, result);
    const tuned = tunedOf(run, storeFolder);
    return { tuned, history: { run, trials: await store.listTrials(run.id) } };
  } finally {
    await store.close();
  }
}

function tunedOf(run: RunRecord, storeFolder: string): Tuned {
  if (run.outcome?.kind === 'nothing-feasible') {
    throw new UserError(`nothing ships of run ${run.id}: ${run.outcome.reason}`, {
      exitCode: EXIT.nothingFeasible,
      remedy: 'relax the constraints and tune again',
    });
  }
  const path = join(storePaths(storeFolder).runFolder(run.id), 'tuned.json');
  const tuned = createTuned(run, path);
  if (tuned === null) {
    throw new UserError(`run ${run.id} has no result yet: it is ${run.state}`, {
      remedy: `finish it with: claw tune --resume=${run.id}`,
    });
  }
  return resolveTuned(tuned, path);
}
