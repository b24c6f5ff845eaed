import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import { UserError } from '../base/errors.ts';

/**
 * The few functions of the C library that Node has no name for. The only file
 * that touches koffi. Each is called in the caller's thread and returns what C
 * returns, with `errno` beside it.
 */
export interface LibC {
  shmOpen(name: string, flags: number, mode: number): number;
  shmUnlink(name: string): number;
  memfdCreate(name: string, flags: number): number;
  close(fd: number): number;
  /** The error itself, 0 when it worked; errno is left alone. */
  posixFallocate(fd: number, offset: number, sizeBytes: number): number;
  /** An address, or MAP_FAILED. */
  mmap(
    address: null,
    sizeBytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): bigint;
  munmap(address: bigint, sizeBytes: number): number;
  mlock(address: bigint, sizeBytes: number): number;
  munlock(address: bigint, sizeBytes: number): number;
  /** Sends `signal` to this process when the thread that started it ends. */
  signalOnParentDeath(signal: number): number;
  /** Why the last call failed. */
  errno(): number;
  /**
   * The memory as a buffer that owns nothing. Whoever unmaps it must detach the
   * buffer first: a later access would end the process.
   */
  view(address: bigint, sizeBytes: number): ArrayBuffer;
}

/** What mmap returns when it fails: `(void *) -1`. */
export const MAP_FAILED = 2n ** 64n - 1n;

/**
 * Loads the bindings at the first call, 11 ms and 7 MB that nobody pays who does
 * not share memory. Throws UserError elsewhere than on Linux: the constants of
 * `native-memory.ts` are Linux's.
 */
export function loadLibC(): LibC {
  return (loaded ??= bind());
}

let loaded: LibC | null = null;

type Koffi = typeof import('koffi');

const require = createRequire(import.meta.url);

function bind(): LibC {
  if (process.platform !== 'linux') {
    throw new UserError(
      `memory shared between processes needs Linux, not ${process.platform} (${process.arch})`,
      { remedy: "use isolation 'thread', whose replicas share memory within one process" },
    );
  }
  const koffi = require('koffi') as Koffi;
  // Before glibc 2.34 shm_open is in librt; a search in librt reaches libc too.
  const library = koffi.load('librt.so.1');
  const bound = (definition: string): unknown => library.func(definition);
  const prctl = bound('int prctl(int option, ...)') as Prctl;
  return {
    shmOpen: bound('int shm_open(const char *, int, uint32_t)') as LibC['shmOpen'],
    shmUnlink: bound('int shm_unlink(const char *)') as LibC['shmUnlink'],
    memfdCreate: bound('int memfd_create(const char *, unsigned int)') as LibC['memfdCreate'],
    close: bound('int close(int)') as LibC['close'],
    posixFallocate: bound('int posix_fallocate(int, int64_t, int64_t)') as LibC['posixFallocate'],
    mmap: bound('void *mmap(void *, size_t, int, int, int, int64_t)') as LibC['mmap'],
    munmap: bound('int munmap(void *, size_t)') as LibC['munmap'],
    mlock: bound('int mlock(void *, size_t)') as LibC['mlock'],
    munlock: bound('int munlock(void *, size_t)') as LibC['munlock'],
    signalOnParentDeath: (signal) => prctl(PR_SET_PDEATHSIG, 'ulong', signal),
    errno: () => koffi.errno(),
    view: (address, sizeBytes) => koffi.view(address, sizeBytes),
  };
}

type Prctl = (option: number, type: 'ulong', value: number) => number;

const PR_SET_PDEATHSIG = 1;

/** A call of the system that failed; `code` is its error's name, such as ENOSPC. */
export class SystemCallError extends UserError {
  readonly code: string;

  constructor(what: string, errno: number, remedies: Readonly<Record<string, string>> = {}) {
    const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
    const remedy = remedies[code];
    super(`${what}: ${text} (${code})`, remedy === undefined ? {} : { remedy });
    this.code = code;
  }
}
