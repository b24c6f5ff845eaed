import { fstatSync } from 'node:fs';
import { UserError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { loadLibC, SystemCallError } from './libc.ts';
import { mapAnonymous, mapFile, reserveFile, type Mapping } from './mapping.ts';

/** Memory that other processes map too. Linux only: elsewhere every function throws a UserError. */
export interface SharedMapping extends Mapping {
  readonly name: string;
  /** Tells this memory from another that had, or will have, the same name. */
  readonly id: string;
}

/** Linux's numbers, equal on x64 and arm64. */
const O_RDWR = 0o2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const OWNER_ONLY = 0o600;

/**
 * Creates zeroed memory that other processes of the same user open by `name`,
 * which stands in /dev/shm until somebody unlinks it: also when every process is
 * gone. Throws SystemCallError: EEXIST where the name is taken, ENOSPC where
 * /dev/shm is full; nothing is left behind then.
 */
export function createSharedMemory(name: string, sizeBytes: number): SharedMapping {
  const fd = openName(name, O_RDWR | O_CREAT | O_EXCL);
  try {
    reserveFile(fd, sizeBytes, describe(name));
    return mapNamed(name, fd);
  } catch (thrown) {
    unlinkSharedMemory(name);
    throw thrown;
  } finally {
    loadLibC().close(fd);
  }
}

/** Maps what another process created. Throws SystemCallError: ENOENT where nothing has the name. */
export function openSharedMemory(name: string): SharedMapping {
  const fd = openName(name, O_RDWR);
  try {
    return mapNamed(name, fd);
  } finally {
    loadLibC().close(fd);
  }
}

/** Takes the name away; memory that is mapped stays until it is closed. Idempotent. */
export function unlinkSharedMemory(name: string): void {
  const libc = loadLibC();
  if (libc.shmUnlink(pathOf(name)) === 0) return;
  const failure = new SystemCallError(`cannot unlink ${describe(name)}`, libc.errno());
  if (failure.code !== 'ENOENT') throw failure;
}

/**
 * The shared memory of this process that has this buffer, or null: what lies
 * there can be told to another process by name and offset.
 */
export function sharedMappingOf(buffer: ArrayBufferLike): SharedMapping | null {
  return mappings.get(buffer) ?? null;
}

const mappings = new WeakMap<ArrayBufferLike, SharedMapping>();

function mapNamed(name: string, fd: number): SharedMapping {
  const { size, dev, ino } = fstatSync(fd);
  const mapping = { ...mapFile(fd, size, describe(name)), name, id: `${dev}:${ino}` };
  mappings.set(mapping.buffer, mapping);
  return mapping;
}

function openName(name: string, flags: number): number {
  const libc = loadLibC();
  const fd = libc.shmOpen(pathOf(name), flags, OWNER_ONLY);
  if (fd < 0) throw new SystemCallError(`cannot open ${describe(name)}`, libc.errno());
  return fd;
}

function describe(name: string): string {
  return `shared memory /dev/shm/${name}`;
}

function pathOf(name: string): string {
  if (/^(?!\.)[\w.-]{1,250}$/.test(name)) return `/${name}`;
  throw new UserError(`shared memory cannot be named '${name}'`, {
    remedy: 'use up to 250 letters, digits, dots, dashes and underscores, and no dot in front',
  });
}

/** Memory of this process alone, which can be kept from being swapped out. */
export interface PageMapping extends Mapping {
  /** Keeps every page in memory, seen as VmLck in /proc/self/status. A limit is a value, no error. */
  lock(): PageLock;
  /** Idempotent. */
  unlock(): void;
}

export type PageLock =
  { readonly state: 'locked' } | { readonly state: 'refused'; readonly reason: string };

/** Zeroed memory outside of the JavaScript heap. `close` unlocks it too. */
export function allocatePages(sizeBytes: number): PageMapping {
  const libc = loadLibC();
  const pages = mapAnonymous(sizeBytes);
  const isOpen = (): boolean => !pages.buffer.detached;
  return {
    sizeBytes,
    buffer: pages.buffer,
    close: () => pages.close(),
    lock: () => {
      // The address may be another's by now.
      if (!isOpen()) return { state: 'refused', reason: 'the pages are closed' };
      if (libc.mlock(pages.address, sizeBytes) === 0) return { state: 'locked' };
      const what = `cannot lock ${formatBytes(sizeBytes)} of memory`;
      return { state: 'refused', reason: describeRefusal(what, libc.errno()) };
    },
    unlock: () => {
      if (isOpen()) libc.munlock(pages.address, sizeBytes);
    },
  };
}

const MORE_LOCKED =
  'raise the limit: ulimit -l unlimited, docker run --ulimit memlock=-1, LimitMEMLOCK=infinity in systemd';

function describeRefusal(what: string, errno: number): string {
  const remedies = { ENOMEM: MORE_LOCKED, EPERM: MORE_LOCKED, EAGAIN: MORE_LOCKED };
  const { message, remedy } = new SystemCallError(what, errno, remedies);
  return remedy === undefined ? message : `${message}; ${remedy}`;
}
