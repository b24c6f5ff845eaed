import { fstatSync } from 'node:fs';
import { loadLibC, SystemCallError } from './libc.ts';
import { mapFile, reserveFile, type Mapping } from './mapping.ts';

/**
 * Shared memory without a name, for a child that inherits its descriptor: no
 * death of a process, at any time, leaves it behind. It does not count against
 * the size of /dev/shm. Linux only.
 */
export interface SharedFile {
  /** Programs that are started get it only as one of their `stdio`. */
  readonly fd: number;
  /** What it holds now; the other process may have grown it. */
  sizeBytes(): number;
  /**
   * Grows it to at least this size; mappings keep theirs. It never shrinks.
   * Throws SystemCallError when memory is short, and stays as it was.
   */
  grow(sizeBytes: number): void;
  /** Maps all that it holds now; throws while it is empty. */
  map(): Mapping;
  /** Closes the descriptor; mappings stay. Idempotent. */
  close(): void;
}

/** Not for programs that are started, unless passed on by name. */
const MFD_CLOEXEC = 0x1;

/** An empty one; `label` shows in /proc/PID/maps. */
export function createSharedFile(label: string): SharedFile {
  const libc = loadLibC();
  const fd = libc.memfdCreate(label, MFD_CLOEXEC);
  if (fd < 0) throw new SystemCallError(`cannot create shared memory '${label}'`, libc.errno());
  return adoptSharedFile(fd, label);
}

/** The one that this process inherited as `fd`, which it now owns. */
export function adoptSharedFile(fd: number, label: string): SharedFile {
  const what = `shared memory '${label}'`;
  let isOpen = true;
  return {
    fd,
    sizeBytes: () => fstatSync(fd).size,
    grow: (sizeBytes) => reserveFile(fd, sizeBytes, what),
    map: () => mapFile(fd, fstatSync(fd).size, what),
    close: () => {
      if (isOpen) loadLibC().close(fd);
      isOpen = false;
    },
  };
}
