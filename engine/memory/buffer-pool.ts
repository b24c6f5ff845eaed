import { UserError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { FreeBlocks } from './free-blocks.ts';
import { LeakWatch, type LeakReport } from './leak-watch.ts';
import { Lease } from './lease.ts';
import { PoolBlock, type BlockOwner, type BlockTicket } from './pool-block.ts';
import { PoolLedger } from './pool-ledger.ts';
import type { MemoryBacking, PoolMemory } from './pool-memory.ts';
import type { PoolStatistics } from './pool-statistics.ts';
import { sizeClassBytes, sizeClassOf } from './size-classes.ts';

export interface PoolOptions {
  /** Bytes that the pool may hold, lent and free together; a take beyond throws. Default 2 GiB. */
  readonly limitBytes?: number;
  /**
   * Names takers by their stacks, and fills blocks with 0xFF when they are
   * released, which reads as NaN. About 10 us a take. Default false.
   */
  readonly debug?: boolean;
  /** Hears of each lost lease, some time after it was collected. */
  readonly onLeak?: (leak: LeakReport) => void;
}

const DEFAULTS = Object.freeze({ limitBytes: 2 * 2 ** 30, debug: false });

/** With up to so many leases out, a small request may borrow any larger block. */
const FEW_LEASES = 16;

/** Beyond it a request borrows at most twice its size: four classes further. */
const ONE_DOUBLING = 4;

/**
 * Lends blocks of memory and keeps what comes back, by size class, for the next
 * taker. It holds at most 1.25 times the bytes that were live at once in the
 * last 8192 to 16384 takes (and up to 64 KiB whatever was live): when a block
 * has to be allocated, or one comes back, those that waited longest are freed
 * down to that. It holds more only while everything that it holds is lent, and
 * where rounding alone takes more, as it does with many tensors of a few bytes.
 *
 * Not shared between threads: each has a pool of its own.
 */
export class BufferPool<Memory extends PoolMemory = PoolMemory> implements BlockOwner<Memory> {
  readonly #backing: MemoryBacking<Memory>;
  readonly #limitBytes: number;
  readonly #debug: boolean;
  readonly #free = new FreeBlocks<Memory>();
  readonly #ledger = new PoolLedger();
  readonly #watch: LeakWatch<Memory>;
  /** Memory of lost leases that no garbage collector frees. */
  readonly #lost: Memory[] = [];
  #isClosed = false;

  constructor(backing: MemoryBacking<Memory>, options: PoolOptions = {}) {
    const { limitBytes, debug, onLeak } = { ...DEFAULTS, ...options };
    if (!(limitBytes > 0)) throw new RangeError(`limitBytes must be positive, not ${limitBytes}`);
    this.#backing = backing;
    this.#limitBytes = limitBytes;
    this.#debug = debug;
    this.#watch = new LeakWatch<Memory>((ticket) => {
      this.#noteLeak(ticket);
      onLeak?.({ sizeBytes: ticket.askedBytes, taker: ticket.taker });
    });
  }

  /**
   * At least `sizeBytes`, until the lease is released. `taker` names the caller
   * should the lease be lost; debug mode takes the stack without one. Throws
   * UserError when the pool is closed, at its limit, or without memory.
   */
  take(sizeBytes: number, taker?: string): Lease<Memory> {
    if (this.#isClosed) throw new UserError(`the ${this.#backing.name} pool is closed`);
    const classIndex = sizeClassOf(sizeBytes, this.#backing);
    const neededBytes = sizeClassBytes(classIndex, this.#backing);
    const block =
      this.#free.popExact(classIndex) ??
      this.#borrow(classIndex, sizeBytes) ??
      this.#allocate(classIndex, sizeBytes);
    const { ticket } = block;
    ticket.askedBytes = sizeBytes;
    ticket.neededBytes = neededBytes;
    ticket.taker = this.#debug && taker === undefined ? stackOfTaker() : taker;
    this.#ledger.noteTaken(ticket);
    return new Lease(block);
  }

  statistics(): PoolStatistics {
    return this.#ledger.statistics();
  }

  /** Frees every block that nobody has taken, for a pause that is known to be long. */
  trim(): void {
    this.#freeDownTo(0);
  }

  /**
   * Refuses further takes and frees the memory: at once where nobody has it,
   * else when it is released. Idempotent.
   */
  close(): void {
    this.#isClosed = true;
    this.trim();
    for (const memory of this.#lost.splice(0)) memory.free();
    this.#ledger.noteLostFreed();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For the lease alone. */
  giveBack(block: PoolBlock<Memory>): void {
    const { ticket } = block;
    this.#ledger.noteReturned(ticket);
    ticket.memory.retire?.();
    if (this.#debug) poison(ticket.memory);
    block.idleSince = this.#ledger.ended;
    this.#free.push(block);
    this.#freeDownTo(this.#isClosed ? 0 : this.#ledger.boundBytes(0, 0));
  }

  /**
   * A larger block: up to twice the size at once; beyond that only where a new
   * block would exceed the bound, and only with few leases out, else many small
   * tensors would keep the large blocks from the large ones. In simulated traces
   * of 12 sizes and 2 to 64 leases this hit more often than either limit alone.
   */
  #borrow(classIndex: number, sizeBytes: number): PoolBlock<Memory> | undefined {
    const doubled = this.#free.popLarger(classIndex, classIndex + ONE_DOUBLING);
    if (doubled !== undefined || this.#ledger.outstanding >= FEW_LEASES) return doubled;
    const neededBytes = sizeClassBytes(classIndex, this.#backing);
    const boundBytes = this.#ledger.boundBytes(sizeBytes, neededBytes);
    if (this.#ledger.heldBytes + neededBytes <= boundBytes) return undefined;
    return this.#free.popLarger(classIndex + ONE_DOUBLING, Infinity);
  }

  #allocate(classIndex: number, sizeBytes: number): PoolBlock<Memory> {
    const blockBytes = sizeClassBytes(classIndex, this.#backing);
    const boundBytes = this.#ledger.boundBytes(sizeBytes, blockBytes);
    this.#freeDownTo(Math.min(boundBytes, this.#limitBytes) - blockBytes);
    if (this.#ledger.heldBytes + blockBytes > this.#limitBytes) throw this.#limitError(sizeBytes);
    const ticket: BlockTicket<Memory> = {
      memory: this.#backing.allocate(blockBytes),
      classIndex,
      blockBytes,
      askedBytes: 0,
      neededBytes: 0,
      taker: undefined,
    };
    this.#ledger.noteAllocated(blockBytes);
    const block = new PoolBlock(ticket, this);
    this.#watch.add(block);
    return block;
  }

  #freeDownTo(boundBytes: number): void {
    while (this.#ledger.heldBytes > boundBytes) {
      const block = this.#free.popOldest();
      if (block === undefined) return;
      this.#watch.remove(block);
      this.#ledger.noteFreed(block.ticket.blockBytes);
      block.ticket.memory.free();
    }
  }

  #noteLeak(ticket: BlockTicket<Memory>): void {
    this.#ledger.noteReturned(ticket);
    const isLost = !this.#backing.isCollected && !this.#isClosed;
    this.#ledger.noteLeaked(ticket.blockBytes, isLost);
    if (isLost) this.#lost.push(ticket.memory);
    else ticket.memory.free();
  }

  #limitError(sizeBytes: number): UserError {
    const { heldBytes } = this.#ledger;
    return new UserError(
      `the ${this.#backing.name} pool may hold ${formatBytes(this.#limitBytes)}: ` +
        `${formatBytes(heldBytes)} are lent, and ${formatBytes(sizeBytes)} more were asked for`,
      { remedy: 'release leases earlier, send fewer requests at once, or raise limitBytes' },
    );
  }
}

function stackOfTaker(): string {
  const stack = new Error('taken').stack ?? '';
  // The message, this function and `take` tell nothing.
  return stack.split('\n').slice(3).join('\n');
}

function poison({ buffer, byteOffset, sizeBytes }: PoolMemory): void {
  new Uint8Array(buffer, byteOffset, sizeBytes).fill(0xff);
}
