import { rename, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../engine/base/errors.ts';
import { makeFolder, writeError } from '../../engine/base/files.ts';
import { systemFiles, type SystemFiles } from '../../engine/devices/system-files.ts';
import { takeExportLock } from './export-lock.ts';
import { ownership, readManifest, writeManifest, type WrittenDigests } from './export-manifest.ts';
import type { ExportFile } from './export-target.ts';
import { removeLeftovers, stageFiles } from './stage-files.ts';

export interface WriteExportOptions {
  /** Replaces files that no export wrote, or that were changed since. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  /** The machine's /proc, which tells whether another export still runs. Default: this machine's. */
  readonly files?: SystemFiles;
}

const NAMED_IN_MESSAGE = 5;

/**
 * Writes files to a folder, by their paths in it. All of them are made in a folder of their
 * own first: a full disk or an abort leaves what was there. Then each takes its place in one
 * step. Of several exports to one folder at once each waits for the one before. Throws
 * UserError before anything is written where a file is in the way.
 */
export async function writeExport(
  folder: string,
  files: readonly ExportFile[],
  options: WriteExportOptions,
): Promise<readonly string[]> {
  refuseTwice(files);
  const root = resolve(folder);
  const made = await makeFolder(root).catch((thrown: unknown) => {
    throw writeError(root, thrown);
  });
  try {
    const release = await takeExportLock(root, {
      signal: options.signal,
      files: options.files ?? systemFiles(),
    });
    try {
      await writeLocked(root, files, options);
    } finally {
      await release();
    }
  } finally {
    // Where nothing came of it, the folder that was made for it is empty, and goes.
    if (made !== undefined) await rmdir(root).catch(() => undefined);
  }
  return files.map(({ path }) => join(folder, path));
}

/** Two files of one path: a model's own weights may have the name of one of ours. */
function refuseTwice(files: readonly ExportFile[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) {
      throw new UserError(`the export would write ${path} twice: the model keeps weights there`, {
        remedy: 'give the file of the weights another name',
      });
    }
    paths.add(path);
  }
}

async function writeLocked(
  root: string,
  files: readonly ExportFile[],
  { force, signal }: WriteExportOptions,
): Promise<void> {
  await removeLeftovers(root);
  const written = await readManifest(root);
  if (!force) await refuseForeign(root, files, written);
  const staged = await stageFiles(root, files, signal);
  try {
    signal.throwIfAborted();
    await place(root, staged.folder, { digests: staged.digests, written });
  } finally {
    await removeLeftovers(root);
  }
}

async function refuseForeign(
  root: string,
  files: readonly ExportFile[],
  written: WrittenDigests,
): Promise<void> {
  const foreign: string[] = [];
  for (const { path } of files) {
    if ((await ownership(root, path, written)) === 'foreign') foreign.push(path);
  }
  if (foreign.length === 0) return;
  const named = foreign.slice(0, NAMED_IN_MESSAGE).join(', ');
  const more = foreign.length - NAMED_IN_MESSAGE;
  throw new UserError(
    `${root} has files that no export wrote, or that were changed since: ${named}${more > 0 ? ` and ${more} more` : ''}`,
    { remedy: 'give another folder with -o, or replace them with --force' },
  );
}

interface Placing {
  readonly digests: ReadonlyMap<string, string>;
  readonly written: WrittenDigests;
}

/** After a crash within, every file is the old or the new one, and known as one of ours. */
async function place(root: string, staging: string, { digests, written }: Placing): Promise<void> {
  const replaced = [...digests].map(([path, digest]): [string, string[]] => [
    path,
    [...new Set([...(written[path] ?? []), digest])],
  ]);
  await writeManifest(root, { ...written, ...Object.fromEntries(replaced) });
  for (const path of digests.keys()) await move(join(staging, path), join(root, path));
  const current = [...digests].map(([path, digest]): [string, string[]] => [path, [digest]]);
  await writeManifest(root, { ...written, ...Object.fromEntries(current) });
}

async function move(from: string, to: string): Promise<void> {
  try {
    await makeFolder(dirname(to));
    await rename(from, to);
  } catch (thrown) {
    throw writeError(to, thrown);
  }
}
