import type { ObservedSize } from '../../graph/memory-plan/size-law.ts';
import type { KernelEvent } from './kernel-events.ts';

export interface ObservedArena {
  /** Handed out before the first run: weights in the layout that kernels multiply. */
  readonly packedBytes: number;
  /** The most that was handed out beyond that, at each batch, kernels' own work included. */
  readonly peaks: readonly ObservedSize[];
  /** What kernels took for themselves where it made the peak, by their place in `nodes`. */
  readonly workspaces: readonly ObservedWorkspace[];
}

interface ObservedWorkspace {
  readonly node: number;
  /** At the batches at which it showed. */
  readonly sizes: readonly [ObservedSize, ...ObservedSize[]];
}

/** How the events of a profile belong to runs. */
interface RunsOfEvents {
  /** Of each run, in their order. */
  readonly batches: readonly number[];
  /** Whether a kernel is one of the main graph. */
  readonly isOwn: (event: KernelEvent) => boolean;
}

/** What the arena told while the kernels ran; null where the runtime's build does not tell. */
export function observedArena(
  events: readonly KernelEvent[],
  runs: RunsOfEvents,
): ObservedArena | null {
  const first = events[0]?.arena ?? null;
  if (first === null) return null;
  const packedBytes = first.inUseBytes - first.addedBytes;
  const split = splitByRun(events, runs.batches);
  const peaks = split.flatMap(({ batch, kernels }) => {
    const last = kernels.at(-1)?.arena ?? null;
    return last === null ? [] : [{ batch, bytes: last.peakBytes - packedBytes }];
  });
  return {
    packedBytes,
    peaks,
    workspaces: observedWorkspaces(split, { packedBytes, isOwn: runs.isOwn }),
  };
}

interface ObservedRun {
  readonly batch: number;
  readonly kernels: readonly KernelEvent[];
}

/** Subgraphs may take other branches in each run: their kernels count to the run as a share. */
function splitByRun(events: readonly KernelEvent[], batches: readonly number[]): ObservedRun[] {
  const each = events.length / batches.length;
  return batches.map((batch, run) => ({
    batch,
    kernels: events.slice(Math.round(run * each), Math.round((run + 1) * each)),
  }));
}

/** A kernel's work shows only where the arena's peak rises above what is handed out after it. */
function observedWorkspaces(
  runs: readonly ObservedRun[],
  { packedBytes, isOwn }: { readonly packedBytes: number } & Pick<RunsOfEvents, 'isOwn'>,
): ObservedWorkspace[] {
  const seen: { readonly node: number; readonly size: ObservedSize }[] = [];
  let peakBytes = packedBytes;
  for (const { batch, kernels } of runs) {
    for (const [node, { arena }] of kernels.filter(isOwn).entries()) {
      if (arena === null) continue;
      const bytes = arena.peakBytes - arena.inUseBytes;
      if (arena.peakBytes > peakBytes && bytes > 0) seen.push({ node, size: { batch, bytes } });
      peakBytes = Math.max(peakBytes, arena.peakBytes);
    }
  }
  return [...Map.groupBy(seen, ({ node }) => node)].flatMap(([node, all]) => {
    const [first, ...others] = all.map(({ size }) => size);
    return first === undefined ? [] : [{ node, sizes: [first, ...others] as const }];
  });
}
