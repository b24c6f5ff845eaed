import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../engine/base/errors.ts';
import { writeFileAtomic } from '../engine/base/files.ts';
import type { RunOwner } from './store/store.ts';

/** Who holds a lock, as its file says. */
export const runOwnerSchema = z.object({
  hostName: z.string(),
  pid: z.int(),
  startTicks: z.string().nullable(),
});

export interface FolderLockOptions {
  /** What the names of the lock's files begin with: a folder may have locks for several things. */
  readonly prefix: string;
  readonly owner: RunOwner;
  /** Whether the process that left a lock still runs. */
  readonly isAlive: (owner: RunOwner) => boolean;
}

export type FolderLock =
  | { readonly state: 'taken'; readonly release: () => Promise<void> }
  /** A live process has it; `path` is its file. */
  | { readonly state: 'held'; readonly owner: RunOwner; readonly path: string };

/**
 * Takes the right to work in a folder, which is made where it is not there. Throws what the
 * file system does where the folder cannot be written.
 *
 * Each process first writes a file of its own, then looks at all the others: of two that
 * come at once at least one sees the other, so never both go on (at worst neither does).
 * What a dead process left is removed, so that nothing has to be cleaned up by hand.
 */
export async function takeFolderLock(
  folder: string,
  options: FolderLockOptions,
): Promise<FolderLock> {
  const { prefix, owner } = options;
  const name = `${prefix}${owner.pid}-${randomBytes(4).toString('hex')}.json`;
  const path = join(folder, name);
  await writeFileAtomic(path, JSON.stringify(owner));
  const release = (): Promise<void> => rm(path, { force: true });
  try {
    const other = await liveOwner(folder, { ...options, except: name });
    if (other === null) return { state: 'taken', release };
    await release();
    return { state: 'held', ...other };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

/** The first live owner of another lock; locks of dead ones are removed. */
async function liveOwner(
  folder: string,
  { except, prefix, isAlive }: FolderLockOptions & { readonly except: string },
): Promise<{ readonly owner: RunOwner; readonly path: string } | null> {
  const names = await readdir(folder);
  for (const name of names) {
    if (name === except || !name.startsWith(prefix) || !name.endsWith('.json')) continue;
    const path = join(folder, name);
    const owner = await readOwner(path);
    if (owner === 'gone') continue;
    if (owner !== 'damaged' && isAlive(owner)) return { owner, path };
    await rm(path, { force: true });
  }
  return null;
}

/** Locks are written whole: one that makes no sense is no process's. */
async function readOwner(path: string): Promise<RunOwner | 'gone' | 'damaged'> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return 'gone';
    throw thrown;
  }
  try {
    return runOwnerSchema.parse(JSON.parse(text));
  } catch {
    return 'damaged';
  }
}
