import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf, UserError } from '../../engine/base/errors.ts';
import { writeFileAtomic } from '../../engine/base/files.ts';
import type { RunOwner } from '../store/store.ts';

const ownerSchema = z.object({
  hostName: z.string(),
  pid: z.int(),
  startTicks: z.string().nullable(),
});

export interface LockOptions {
  readonly owner: RunOwner;
  /** Whether the process that left a lock still runs. */
  readonly isAlive: (owner: RunOwner) => boolean;
}

/**
 * Takes the right to run nights in a folder, and returns what gives it back. Throws
 * UserError while another live process has it.
 *
 * Each process first writes a file of its own, then looks at all the others: of two that
 * come at once at least one sees the other, so never both go on (at worst neither does).
 * What a dead process left is removed, so that nothing has to be cleaned up by hand.
 */
export async function takeNightLock(
  folder: string,
  { owner, isAlive }: LockOptions,
): Promise<() => Promise<void>> {
  const name = `lock-${owner.pid}-${randomBytes(4).toString('hex')}.json`;
  const path = join(folder, name);
  await writeFileAtomic(path, JSON.stringify(owner));
  const release = (): Promise<void> => rm(path, { force: true });
  try {
    const other = await liveOwner(folder, { except: name, isAlive });
    if (other !== null) throw heldBy(other);
    return release;
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

/** The first live owner of another lock; locks of dead ones are removed. */
async function liveOwner(
  folder: string,
  options: { readonly except: string; readonly isAlive: LockOptions['isAlive'] },
): Promise<{ readonly owner: RunOwner; readonly path: string } | null> {
  const names = (await readdir(folder)).filter((name) => /^lock-.*\.json$/.test(name));
  for (const name of names) {
    if (name === options.except) continue;
    const path = join(folder, name);
    const owner = await readOwner(path);
    if (owner === 'gone') continue;
    if (owner !== 'damaged' && options.isAlive(owner)) return { owner, path };
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
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return 'damaged';
  }
}

function heldBy({ owner, path }: { readonly owner: RunOwner; readonly path: string }): UserError {
  return new UserError(
    `another night is running: process ${owner.pid} on ${owner.hostName}, ${path}`,
    { remedy: 'wait for it, or stop it; if that host is gone, remove the file', exitCode: 2 },
  );
}
