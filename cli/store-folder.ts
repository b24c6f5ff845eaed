import { join } from 'node:path';

export const DEFAULT_STORE = '.claw';

/** Where things lie below the store's folder. */
export function storePaths(storeFolder: string): {
  readonly database: string;
  readonly cache: string;
  runFolder(runId: string): string;
} {
  return {
    database: join(storeFolder, 'store.sqlite'),
    cache: join(storeFolder, 'cache'),
    runFolder: (runId) => join(storeFolder, 'runs', runId),
  };
}

/** What to type to go on with a run. */
export function resumeCommand(runId: string, storeFolder: string): string {
  const store = storeFolder === DEFAULT_STORE ? '' : ` --store ${storeFolder}`;
  return `claw tune --resume=${runId}${store}`;
}
