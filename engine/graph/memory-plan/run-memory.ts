import { SimulatedArena, type ArenaBlock } from './arena.ts';
import type { Buffer } from './assign-buffers.ts';
import { memoryPatternBytes, type MemoryEvent } from './memory-pattern.ts';
import { bytesAt, type SizeLaw } from './size-law.ts';

/** What of a session's facts runs follow from. */
export interface RunFacts {
  readonly buffers: readonly Buffer[];
  /** What kernels take for themselves while they run, by their place in the order. */
  readonly workspaces: readonly { readonly node: number; readonly size: SizeLaw }[];
}

export interface RunSettings {
  readonly batch: number;
  readonly arena: boolean;
  readonly memPattern: boolean;
}

/** Of what happens at one node: outputs, then the kernel's own work, then inputs go. */
const RANK = Object.freeze({ take: 0, work: 1, giveBack: 2 });

/**
 * What a run takes and gives back, in order. Buffers have their index as a name, kernels'
 * work those that follow.
 */
export function memoryEvents({ buffers, workspaces }: RunFacts, batch: number): MemoryEvent[] {
  const tensors = buffers.flatMap(({ size, first, last }, buffer) => {
    const bytes = bytesAt(size, batch);
    return [
      { at: first, rank: RANK.take, event: { kind: 'take' as const, buffer, bytes } },
      { at: last, rank: RANK.giveBack, event: { kind: 'give-back' as const, buffer } },
    ];
  });
  const work = workspaces.flatMap(({ node, size }, index) => {
    const buffer = buffers.length + index;
    const bytes = bytesAt(size, batch);
    return [
      { at: node, rank: RANK.work, event: { kind: 'take' as const, buffer, bytes } },
      { at: node, rank: RANK.work, event: { kind: 'give-back' as const, buffer } },
    ];
  });
  return [...tensors, ...work]
    .sort((a, b) => a.at - b.at || a.rank - b.rank)
    .map(({ event }) => event);
}

/** Lets an arena serve one run, piece by piece. */
export function runInArena(arena: SimulatedArena, events: readonly MemoryEvent[]): void {
  const taken = new Map<number, ArenaBlock | null>();
  for (const event of events) {
    if (event.kind === 'take') taken.set(event.buffer, arena.allocate(event.bytes));
    else arena.free(taken.get(event.buffer) ?? null);
  }
}

/**
 * What runs of one shape make resident beyond the session itself, in bytes. With an arena,
 * all that it ever handed out: tensor by tensor in the first run, and with a memory pattern
 * then also a block for all tensors but outputs, which no piece of the arena may be large
 * enough for. Without an arena, what is alive at a time.
 */
export function residentRunBytes(
  facts: RunFacts,
  { batch, arena: hasArena, memPattern }: RunSettings,
): number {
  const events = memoryEvents(facts, batch);
  const isPlanned = ({ buffer }: MemoryEvent): boolean => facts.buffers[buffer]?.isOutput === false;
  const patternBytes = memPattern ? memoryPatternBytes(events.filter(isPlanned)) : 0;
  const rest = memPattern ? events.filter((event) => !isPlanned(event)) : events;
  // Without a pattern the rest is the whole run again.
  if (!hasArena) return Math.max(mostAlive(events), patternBytes + mostAlive(rest));
  const arena = new SimulatedArena();
  runInArena(arena, events);
  arena.allocate(patternBytes);
  runInArena(arena, rest);
  return arena.touchedBytes;
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
