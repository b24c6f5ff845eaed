import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../engine/base/errors.ts';
import { writeError } from '../../engine/base/files.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { takeFolderLock, type FolderLock } from '../folder-lock.ts';
import { isAlive, thisOwner } from '../store/run-owner.ts';

/** An export takes seconds: whoever waits longer waits for something that hangs. */
const MAX_WAIT_MS = 60_000;
const LEAST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 200;

/**
 * Takes the right to write an export to a folder, and returns what gives it back. Waits while
 * another live process has it. Throws UserError where that takes a minute, and what the file
 * system does where the folder cannot be written; rejects with the signal's reason.
 */
export async function takeExportLock(
  root: string,
  { signal, files }: { readonly signal: AbortSignal; readonly files: SystemFiles },
): Promise<() => Promise<void>> {
  const lock = {
    prefix: '.claw-export-lock-',
    owner: thisOwner(files),
    isAlive: (owner: Parameters<typeof isAlive>[0]) => isAlive(owner, files),
  };
  for (let waitedMs = 0; ;) {
    signal.throwIfAborted();
    const taken = await takeFolderLock(root, lock).catch((thrown: unknown) => {
      // The name of the lock's own file would tell nobody anything.
      throw writeError(root, thrown instanceof UserError ? thrown.cause : thrown);
    });
    if (taken.state === 'taken') return taken.release;
    if (waitedMs >= MAX_WAIT_MS) throw heldBy(root, taken);
    // Of different lengths: two that saw each other would otherwise meet again.
    const pauseMs = randomInt(LEAST_PAUSE_MS, MOST_PAUSE_MS);
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    waitedMs += pauseMs;
  }
}

function heldBy(root: string, { owner, path }: Extract<FolderLock, { state: 'held' }>): UserError {
  return new UserError(
    `another export is writing to ${root}: process ${owner.pid} on ${owner.hostName}, ${path}`,
    { remedy: 'wait for it, or stop it; if that host is gone, remove the file' },
  );
}
