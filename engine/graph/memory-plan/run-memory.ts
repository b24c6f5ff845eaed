import { SimulatedArena, type ArenaBlock } from './arena.ts';
import type { Buffer } from './assign-buffers.ts';
import { memoryPatternBytes, type MemoryEvent } from './memory-pattern.ts';
import { bytesAt } from './size-law.ts';

/** What a run takes and gives back, in order: each node takes for its outputs, then inputs go. */
export function memoryEvents(buffers: readonly Buffer[], batch: number): MemoryEvent[] {
  const timed = buffers.flatMap(({ size, first, last }, buffer) => {
    const bytes = bytesAt(size, batch);
    return [
      { at: first, rank: 0, event: { kind: 'take' as const, buffer, bytes } },
      { at: last, rank: 1, event: { kind: 'give-back' as const, buffer } },
    ];
  });
  return timed.sort((a, b) => a.at - b.at || a.rank - b.rank).map(({ event }) => event);
}

/** Lets an arena serve one run, tensor by tensor. */
export function runInArena(arena: SimulatedArena, events: readonly MemoryEvent[]): void {
  const taken = new Map<number, ArenaBlock | null>();
  for (const event of events) {
    if (event.kind === 'take') taken.set(event.buffer, arena.allocate(event.bytes));
    else arena.free(taken.get(event.buffer) ?? null);
  }
}

export interface RunSettings {
  readonly batch: number;
  readonly arena: boolean;
  readonly memPattern: boolean;
}

/**
 * What runs of one shape make resident beyond the session itself, in bytes: the tensors,
 * and `workspaceBytes` that kernels take for themselves. With an arena, what it was ever
 * made to hand out; a memory pattern comes on top of the first run, which is traced
 * tensor by tensor, with a block that no piece of the arena may be large enough for.
 * Without an arena, what is alive at a time.
 */
export function residentRunBytes(
  buffers: readonly Buffer[],
  { batch, arena: hasArena, memPattern }: RunSettings,
  held: { readonly packedBytes: number; readonly workspaceBytes: number },
): number {
  const events = memoryEvents(buffers, batch);
  const patternBytes = memPattern ? memoryPatternBytes(events) : 0;
  if (!hasArena) return Math.max(mostAlive(events), patternBytes) + held.workspaceBytes;
  const arena = new SimulatedArena();
  arena.allocate(held.packedBytes);
  const before = arena.touchedBytes;
  runInArena(arena, events);
  if (memPattern) arena.free(arena.allocate(patternBytes));
  else runInArena(arena, events);
  return arena.touchedBytes - before + held.workspaceBytes;
}

function mostAlive(events: readonly MemoryEvent[]): number {
  const sizes = new Map<number, number>();
  let alive = 0;
  let most = 0;
  for (const event of events) {
    if (event.kind === 'take') {
      sizes.set(event.buffer, event.bytes);
      alive += event.bytes;
      most = Math.max(most, alive);
    } else alive -= sizes.get(event.buffer) ?? 0;
  }
  return most;
}
