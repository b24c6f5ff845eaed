import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, UserError } from '../../engine/base/errors.ts';
import {
  makeFolder,
  readFailure,
  sha256OfFile,
  writeError,
  writeFileAtomic,
} from '../../engine/base/files.ts';
import { isManifestPart } from './export-manifest.ts';
import type { ExportFile } from './export-target.ts';

/** Files that are whole and on the disk, but not yet in their places. */
export interface StagedFiles {
  /** Beside their places, on the same file system. */
  readonly folder: string;
  /** SHA-256 of each file by its path. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Not how the names of locks begin: those are other processes' own. */
const PREFIX = '.claw-export-stage-';

/**
 * Makes the files in a new folder within `root`. Throws UserError that names the place where a
 * file was to be, not the one where it was made; what was made until then is removed.
 */
export async function stageFiles(
  root: string,
  files: readonly ExportFile[],
  signal: AbortSignal,
): Promise<StagedFiles> {
  const folder = join(root, `${PREFIX}${randomBytes(4).toString('hex')}`);
  const digests = new Map<string, string>();
  try {
    for (const file of files) {
      signal.throwIfAborted();
      const path = join(folder, file.path);
      await stage(file, path).catch((thrown: unknown) => {
        throw asPlaced(join(root, file.path), thrown);
      });
      digests.set(file.path, await sha256OfFile(path));
    }
  } catch (thrown) {
    await removeLeftovers(root);
    throw thrown;
  }
  return { folder, digests };
}

/** Removes what earlier exports to `root` left when they were killed; the caller holds the lock. */
export async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(PREFIX) && !isManifestPart(name)) continue;
    await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function stage(file: ExportFile, path: string): Promise<void> {
  if ('text' in file) await writeFileAtomic(path, file.text);
  else await copy(file, path);
}

/** A failure to write, of which the name of the staging folder would tell nobody anything. */
function asPlaced(place: string, thrown: unknown): unknown {
  const cause = thrown instanceof UserError ? thrown.cause : thrown;
  return codeOf(cause) === undefined ? thrown : writeError(place, cause);
}

async function copy(
  { copyOf, sha256 }: Extract<ExportFile, { copyOf: string }>,
  path: string,
): Promise<void> {
  await checkReadable(copyOf);
  await makeFolder(dirname(path));
  await copyFile(copyOf, path, constants.COPYFILE_FICLONE);
  await flush(path);
  if (sha256 === undefined || (await sha256OfFile(path)) === sha256) return;
  throw new UserError(`${copyOf} is not the file that was tuned: its SHA-256 is another`, {
    remedy: 'restore the file, or tune the model again',
  });
}

async function checkReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (thrown) {
    // Without a cause: it is no failure to write.
    throw new UserError(
      `cannot read ${path}, which belongs to the export: ${readFailure(thrown)}`,
      {
        remedy: 'restore the file, or tune the model again',
      },
    );
  }
}

/** To the disk, before its name says that it is there. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
