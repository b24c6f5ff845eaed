import type { PoolBlock } from './pool-block.ts';
import type { PoolMemory } from './pool-memory.ts';

/**
 * Blocks that wait for a taker, by size class, the last one used on top: its
 * bytes are the likeliest to be in the caches.
 */
export class FreeBlocks<Memory extends PoolMemory> {
  readonly #stacks: PoolBlock<Memory>[][] = [];

  push(block: PoolBlock<Memory>): void {
    const { classIndex } = block.ticket;
    while (this.#stacks.length <= classIndex) this.#stacks.push([]);
    this.#stacks[classIndex]?.push(block);
  }

  popExact(classIndex: number): PoolBlock<Memory> | undefined {
    return this.#stacks[classIndex]?.pop();
  }

  /** The smallest block of a larger class up to `maxClass`. */
  popLarger(classIndex: number, maxClass: number): PoolBlock<Memory> | undefined {
    const end = Math.min(maxClass + 1, this.#stacks.length);
    for (let index = classIndex + 1; index < end; index += 1) {
      const block = this.#stacks[index]?.pop();
      if (block !== undefined) return block;
    }
    return undefined;
  }

  /** The block that has waited longest. O(classes): the bottom of a stack is its oldest. */
  popOldest(): PoolBlock<Memory> | undefined {
    let oldest: PoolBlock<Memory>[] | undefined;
    for (const stack of this.#stacks) {
      const [bottom] = stack;
      const best = oldest?.[0];
      if (bottom !== undefined && (best === undefined || bottom.idleSince < best.idleSince)) {
        oldest = stack;
      }
    }
    return oldest?.shift();
  }
}
