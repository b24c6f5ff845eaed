import { UserError } from '../../engine/base/errors.ts';
import { takeFolderLock, type FolderLock, type FolderLockOptions } from '../folder-lock.ts';

/**
 * Takes the right to run nights in a folder, and returns what gives it back. Throws
 * UserError while another live process has it.
 */
export async function takeNightLock(
  folder: string,
  options: Omit<FolderLockOptions, 'prefix'>,
): Promise<() => Promise<void>> {
  const lock = await takeFolderLock(folder, { ...options, prefix: 'lock-' });
  if (lock.state === 'held') throw heldBy(lock);
  return lock.release;
}

function heldBy({ owner, path }: Extract<FolderLock, { state: 'held' }>): UserError {
  return new UserError(
    `another night is running: process ${owner.pid} on ${owner.hostName}, ${path}`,
    { remedy: 'wait for it, or stop it; if that host is gone, remove the file', exitCode: 2 },
  );
}
