import type { PoolBlock, ViewType } from './pool-block.ts';
import type { PoolMemory } from './pool-memory.ts';

/**
 * The right to use a block until `release`, also with `using`. Each take makes
 * a lease of its own, a few words large: were they reused, a second release by
 * an earlier taker would end the lease of a later one.
 *
 * A released lease throws when it is used. Views that were taken from it are
 * not revoked: whoever keeps one reads the data of the next taker.
 */
export class Lease<Memory extends PoolMemory = PoolMemory> implements Disposable {
  #block: PoolBlock<Memory> | null;

  constructor(block: PoolBlock<Memory>) {
    this.#block = block;
  }

  /** The block's memory; may be larger than what was asked for. */
  get memory(): Memory {
    return this.#held().ticket.memory;
  }

  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  /** Where the lease begins in `buffer`. Bytes, a multiple of 64. */
  get byteOffset(): number {
    return this.memory.byteOffset;
  }

  /** What was asked for. Bytes. */
  get sizeBytes(): number {
    return this.#held().ticket.askedBytes;
  }

  /**
   * The first `length` elements as a typed array. Their content is what the
   * last lease left. Throws RangeError beyond the size that was asked for.
   */
  view<View>(type: ViewType<View>, length: number): View {
    const block = this.#held();
    if (!(length >= 0 && length * type.BYTES_PER_ELEMENT <= block.ticket.askedBytes)) {
      throw new RangeError(
        `${length} elements of ${type.BYTES_PER_ELEMENT} B do not fit in a lease of ${block.ticket.askedBytes} B`,
      );
    }
    return block.view(type, length);
  }

  /** Gives the block back. A second call does nothing, whoever has the block by then. */
  release(): void {
    const block = this.#block;
    if (block === null) return;
    this.#block = null;
    block.owner.giveBack(block);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #held(): PoolBlock<Memory> {
    if (this.#block === null) throw new Error('the lease was released: take another one');
    return this.#block;
  }
}
