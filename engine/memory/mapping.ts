import { UserError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { loadLibC, MAP_FAILED, SystemCallError } from './libc.ts';

/** Memory of the system. The garbage collector does not free it: whoever maps it closes it. */
export interface Mapping {
  readonly sizeBytes: number;
  /**
   * The memory itself, aligned to a page. `close` detaches it: its views then
   * have no elements, and a new view throws. It cannot be transferred to a worker.
   */
  readonly buffer: ArrayBuffer;
  /**
   * Unmaps the memory. Nothing native may still read or write it, such as a run
   * of the runtime. Idempotent.
   */
  close(): void;
}

/** Linux's numbers, equal on x64 and arm64. */
const PROT_READ_WRITE = 0x3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** Maps the first `sizeBytes` of a file that is at least as long. */
export function mapFile(fd: number, sizeBytes: number, what: string): Mapping {
  return mapMemory({ fd, sizeBytes, flags: MAP_SHARED, what });
}

/** Maps zeroed memory of this process alone. */
export function mapAnonymous(sizeBytes: number): Mapping & { readonly address: bigint } {
  return mapMemory({ fd: -1, sizeBytes, flags: MAP_PRIVATE_ANONYMOUS, what: 'memory' });
}

interface MapRequest {
  readonly fd: number;
  readonly sizeBytes: number;
  readonly flags: number;
  /** For the error. */
  readonly what: string;
}

function mapMemory(request: MapRequest): Mapping & { readonly address: bigint } {
  const { fd, sizeBytes, flags, what } = request;
  checkSize(sizeBytes, what);
  const libc = loadLibC();
  const address = libc.mmap(null, sizeBytes, PROT_READ_WRITE, flags, fd, 0);
  if (address === MAP_FAILED) {
    throw new SystemCallError(`cannot map ${formatBytes(sizeBytes)} of ${what}`, libc.errno(), {
      ENOMEM: 'free some memory, or raise the limit of the process (ulimit -v)',
    });
  }
  const buffer = libc.view(address, sizeBytes);
  const close = (): void => {
    if (buffer.detached) return;
    // structuredClone refuses to detach a foreign buffer; a transfer to no bytes at all does it.
    buffer.transfer(0);
    libc.munmap(address, sizeBytes);
  };
  return { address, sizeBytes, buffer, close };
}

const MORE_SPACE = {
  ENOSPC:
    'free some of it, or make it larger: docker run --shm-size=1g, mount -o remount,size=1g /dev/shm',
  ENOMEM: 'free some memory, or raise the memory limit of the container',
} as const;

/**
 * Makes the file at least so long, with every page allocated: running out of
 * space is an error here and not a SIGBUS at some later write.
 */
export function reserveFile(fd: number, sizeBytes: number, what: string): void {
  checkSize(sizeBytes, what);
  const libc = loadLibC();
  for (let attempt = 0; attempt < MAX_INTERRUPTED; attempt += 1) {
    const errno = libc.posixFallocate(fd, 0, sizeBytes);
    if (errno === 0) return;
    const failed = `cannot reserve ${formatBytes(sizeBytes)} of ${what}`;
    const failure = new SystemCallError(failed, errno, MORE_SPACE);
    if (failure.code !== 'EINTR') throw failure;
  }
  throw new UserError(`${what} cannot be reserved: signals interrupt it again and again`);
}

/** A signal interrupts an allocation; so many in a row are no accident. */
const MAX_INTERRUPTED = 100;

function checkSize(sizeBytes: number, what: string): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0) return;
  throw new UserError(
    `${what}: its size must be a positive whole number of bytes, not ${sizeBytes}`,
  );
}
