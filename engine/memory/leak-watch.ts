import type { BlockTicket, PoolBlock } from './pool-block.ts';
import type { PoolMemory } from './pool-memory.ts';

export interface LeakReport {
  /** What the lost lease had asked for. */
  readonly sizeBytes: number;
  /** The label of the take, in debug mode its stack; undefined where neither was given. */
  readonly taker: string | undefined;
}

/**
 * Hears when a block was collected while it was lent, which means that its
 * lease was lost without a release. Costs nothing per lease: a block is
 * registered once, and a pool refers to it only while it is free.
 */
export class LeakWatch<Memory extends PoolMemory> {
  readonly #registry: FinalizationRegistry<BlockTicket<Memory>>;

  constructor(onLeak: (ticket: BlockTicket<Memory>) => void) {
    this.#registry = new FinalizationRegistry(onLeak);
  }

  add(block: PoolBlock<Memory>): void {
    this.#registry.register(block, block.ticket, block.ticket);
  }

  /** Before a pool drops a free block: its end is no leak. */
  remove(block: PoolBlock<Memory>): void {
    this.#registry.unregister(block.ticket);
  }
}
