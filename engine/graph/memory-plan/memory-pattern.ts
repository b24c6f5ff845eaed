/** One allocation of a run, in the order of the run. */
export type MemoryEvent =
  | { readonly kind: 'take'; readonly buffer: number; readonly bytes: number }
  | { readonly kind: 'give-back'; readonly buffer: number };

interface PlacedBlock {
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Size of the one block that the runtime takes for all activations once it has seen a run
 * of the same shapes (its memory pattern), in bytes: every buffer in the gap that it fills
 * best, else behind the last, as `mem_pattern_planner.h` places them.
 */
export function memoryPatternBytes(events: readonly MemoryEvent[]): number {
  /** What is taken now, by offset. */
  const placed: PlacedBlock[] = [];
  let patternBytes = 0;
  for (const event of events) {
    if (event.kind === 'give-back') {
      const index = placed.findIndex(({ buffer }) => buffer === event.buffer);
      if (index >= 0) placed.splice(index, 1);
    } else if (event.bytes > 0) {
      const { offset, index } = bestGap(placed, event.bytes);
      placed.splice(index, 0, { buffer: event.buffer, offset, bytes: event.bytes });
      patternBytes = Math.max(patternBytes, offset + event.bytes);
    }
  }
  return patternBytes;
}

function bestGap(
  placed: readonly PlacedBlock[],
  bytes: number,
): { readonly offset: number; readonly index: number } {
  const last = placed.at(-1);
  let best = { offset: last === undefined ? 0 : last.offset + last.bytes, index: placed.length };
  let leastWaste = Infinity;
  let end = 0;
  for (const [index, block] of placed.entries()) {
    const waste = block.offset - end - bytes;
    if (waste >= 0 && waste < leastWaste) {
      leastWaste = waste;
      best = { offset: end, index };
    }
    end = block.offset + block.bytes;
  }
  return best;
}
