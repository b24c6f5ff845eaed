import type { BlockTicket } from './pool-block.ts';
import type { PoolMemory } from './pool-memory.ts';
import type { PoolStatistics } from './pool-statistics.ts';
import { RecentPeak } from './recent-peak.ts';

/** Takes that a peak is remembered for, up to twice as many. */
const PEAK_WINDOW = 8192;

/** Held bytes over the peak of live bytes. */
const SLACK = 1.25;

/** Below it trimming is not worth a system call. Bytes. */
const FLOOR_BYTES = 64 * 1024;

/** The counts of a pool, and the bound on what it may hold. Allocates nothing per lease. */
export class PoolLedger {
  heldBytes = 0;
  outstanding = 0;
  #takes = 0;
  #misses = 0;
  #leaks = 0;
  #liveBytes = 0;
  /** Of the classes that the live bytes need. */
  #neededBytes = 0;
  /** Of the blocks that are lent. */
  #lentBytes = 0;
  #lostBytes = 0;
  #peakHeldBytes = 0;
  #peakLiveBytes = 0;
  readonly #recentLive = new RecentPeak(PEAK_WINDOW);
  readonly #recentNeeded = new RecentPeak(PEAK_WINDOW);

  /**
   * What the pool may hold once `askedBytes` more are live: 1.25 times the
   * recent peak of live bytes. Where rounding alone exceeds that, as it does
   * with many tensors below the smallest block, what the peak needed.
   */
  boundBytes(askedBytes: number, neededBytes: number): number {
    const live = Math.max(this.#recentLive.value, this.#liveBytes + askedBytes);
    const needed = Math.max(this.#recentNeeded.value, this.#neededBytes + neededBytes);
    return Math.max(FLOOR_BYTES, SLACK * live, needed);
  }

  /** Leases that were released or lost. */
  get ended(): number {
    return this.#takes - this.outstanding;
  }

  noteAllocated(blockBytes: number): void {
    this.#misses += 1;
    this.heldBytes += blockBytes;
    if (this.heldBytes > this.#peakHeldBytes) this.#peakHeldBytes = this.heldBytes;
  }

  noteFreed(blockBytes: number): void {
    this.heldBytes -= blockBytes;
  }

  noteTaken(ticket: BlockTicket<PoolMemory>): void {
    this.#takes += 1;
    this.outstanding += 1;
    this.#liveBytes += ticket.askedBytes;
    this.#neededBytes += ticket.neededBytes;
    this.#lentBytes += ticket.blockBytes;
    if (this.#liveBytes > this.#peakLiveBytes) this.#peakLiveBytes = this.#liveBytes;
    this.#recentLive.note(this.#liveBytes);
    this.#recentNeeded.note(this.#neededBytes);
  }

  noteReturned(ticket: BlockTicket<PoolMemory>): void {
    this.outstanding -= 1;
    this.#liveBytes -= ticket.askedBytes;
    this.#neededBytes -= ticket.neededBytes;
    this.#lentBytes -= ticket.blockBytes;
  }

  /** After `noteReturned`: the lease ended, but its block does not come back. */
  noteLeaked(blockBytes: number, isLost: boolean): void {
    this.#leaks += 1;
    this.heldBytes -= blockBytes;
    if (isLost) this.#lostBytes += blockBytes;
  }

  noteLostFreed(): void {
    this.#lostBytes = 0;
  }

  statistics(): PoolStatistics {
    return {
      hits: this.#takes - this.#misses,
      misses: this.#misses,
      outstanding: this.outstanding,
      leaks: this.#leaks,
      heldBytes: this.heldBytes,
      liveBytes: this.#liveBytes,
      peakHeldBytes: this.#peakHeldBytes,
      peakLiveBytes: this.#peakLiveBytes,
      lostBytes: this.#lostBytes,
      internalFragmentation: this.#lentBytes === 0 ? 0 : 1 - this.#liveBytes / this.#lentBytes,
    };
  }
}
