import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf, UserError } from '../../engine/base/errors.ts';
import { sha256OfFile, writeError, writeFileAtomic } from '../../engine/base/files.ts';
import { ownership, readManifest, writeManifest, type WrittenDigests } from './export-manifest.ts';
import type { ExportFile } from './export-target.ts';

export interface WriteExportOptions {
  /** Replaces files that no export wrote, or that were changed since. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

const NAMED_IN_MESSAGE = 5;

/**
 * Writes files to a folder, by their paths in it. All of them are made in a folder of their
 * own first: a full disk or an abort leaves what was there. Then each takes its place in one
 * step. Throws UserError before anything is written where a file is in the way.
 */
export async function writeExport(
  folder: string,
  files: readonly ExportFile[],
  { force, signal }: WriteExportOptions,
): Promise<readonly string[]> {
  const root = resolve(folder);
  const written = await readManifest(root);
  if (!force) await refuseForeign(root, files, written);
  const isNew = await makeFolder(root);
  const staging = join(root, `.claw-export-${randomBytes(4).toString('hex')}.tmp`);
  try {
    const digests = await stage(staging, files, signal);
    signal.throwIfAborted();
    await place(root, staging, { digests, written });
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
    // Nothing came of it: the folder that was made for it is empty, and goes.
    if (isNew) await rmdir(root).catch(() => undefined);
  }
  return files.map(({ path }) => join(folder, path));
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

/**
 * Whether it was not there before. One level at a time: below /proc, making several at once
 * never ends.
 */
async function makeFolder(root: string): Promise<boolean> {
  try {
    await mkdir(root);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST' && (await stat(root)).isDirectory()) return false;
    const parent = dirname(root);
    const isTop = parent === root;
    if (codeOf(thrown) !== 'ENOENT' || isTop) throw writeError(root, thrown);
    if (await isThere(parent)) {
      throw new UserError(`cannot write ${root}: no folder can be made there`, {
        remedy: 'choose another folder',
        cause: thrown,
      });
    }
    await makeFolder(parent);
  }
  return makeFolder(root);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/** SHA-256 of each file by its path. */
async function stage(
  staging: string,
  files: readonly ExportFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const file of files) {
    signal.throwIfAborted();
    const path = join(staging, file.path);
    await ('text' in file ? writeFileAtomic(path, file.text) : copy(file, path));
    digests.set(file.path, await sha256OfFile(path));
  }
  return digests;
}

async function copy(
  { copyOf, sha256 }: Extract<ExportFile, { copyOf: string }>,
  path: string,
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await copyFile(copyOf, path, constants.COPYFILE_FICLONE);
  } catch (thrown) {
    throw writeError(path, thrown);
  }
  if (sha256 === undefined || (await sha256OfFile(path)) === sha256) return;
  throw new UserError(`${copyOf} is not the file that was tuned: its SHA-256 is another`, {
    remedy: 'restore the file, or tune the model again',
  });
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
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  } catch (thrown) {
    throw writeError(to, thrown);
  }
}
