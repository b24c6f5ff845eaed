import type { PoolMemory } from './pool-memory.ts';

/** A typed array class, such as Float32Array. */
export interface ViewType<View> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): View;
}

/** What a pool remembers of a block, also when the block itself was lost. */
export interface BlockTicket<Memory extends PoolMemory> {
  readonly memory: Memory;
  readonly classIndex: number;
  /** Header included. */
  readonly blockBytes: number;
  /** Bytes asked for by the present lease. */
  askedBytes: number;
  /** Bytes of the class that the present lease needs; less than the block where it borrows a larger one. */
  neededBytes: number;
  taker: string | undefined;
}

/**
 * A block of a pool. While it is taken only its lease refers to it, so that
 * the garbage collector tells when the lease was lost: the pool keeps no more
 * than the ticket.
 */
export class PoolBlock<Memory extends PoolMemory> {
  readonly ticket: BlockTicket<Memory>;
  readonly owner: BlockOwner<Memory>;
  /** When it was last given back, in leases of the pool that had ended. */
  idleSince = 0;
  #view: unknown = null;
  #viewType: unknown = null;
  #viewLength = -1;

  constructor(ticket: BlockTicket<Memory>, owner: BlockOwner<Memory>) {
    this.ticket = ticket;
    this.owner = owner;
  }

  /**
   * Elements from the start of the block. The last view is kept: a block that
   * carries the same tensor again makes no garbage.
   */
  view<View>(type: ViewType<View>, length: number): View {
    if (this.#viewType === type && this.#viewLength === length) return this.#view as View;
    const { buffer, byteOffset } = this.ticket.memory;
    const view = new type(buffer, byteOffset, length);
    this.#view = view;
    this.#viewType = type;
    this.#viewLength = length;
    return view;
  }
}

export interface BlockOwner<Memory extends PoolMemory> {
  giveBack(block: PoolBlock<Memory>): void;
}
