import type { SessionFacts } from './session-facts.ts';
import { bytesAt } from './size-law.ts';

/** What the activations of one run take, in bytes; weights and kernels' own work aside. */
export interface MemoryPlan {
  readonly batch: number;
  /** The most that is alive at a time, where memory is used again. */
  readonly peakBytes: number;
  /** Every tensor in memory of its own to the end. */
  readonly withoutReuseBytes: number;
  /** The node at which it is the most, by its place in the order of execution. */
  readonly peakNode: number;
  /** What is alive there, the largest first. */
  readonly peakTensors: readonly PlannedTensor[];
  /** Of each node: alive when it has run and its inputs are not yet given back. */
  readonly aliveBytes: readonly number[];
}

export interface PlannedTensor {
  readonly name: string;
  readonly bytes: number;
}

/** O(nodes + buffers). */
export function planMemory(facts: SessionFacts, batch: number): MemoryPlan {
  const aliveBytes = aliveByNode(facts, batch);
  const peakBytes = aliveBytes.reduce((most, bytes) => Math.max(most, bytes), 0);
  const peakNode = Math.max(0, aliveBytes.indexOf(peakBytes));
  return {
    batch,
    peakBytes,
    withoutReuseBytes: bytesAt(facts.tensors, batch),
    peakNode,
    peakTensors: tensorsAt(facts, { node: peakNode, batch }),
    aliveBytes,
  };
}

function aliveByNode({ nodes, buffers }: SessionFacts, batch: number): number[] {
  const changes = Array.from({ length: nodes + 1 }, () => 0);
  for (const { size, first, last } of buffers) {
    const bytes = bytesAt(size, batch);
    changes[first] = (changes[first] ?? 0) + bytes;
    changes[last + 1] = (changes[last + 1] ?? 0) - bytes;
  }
  let alive = 0;
  return changes.slice(0, nodes).map((change) => (alive += change));
}

/** A buffer by the last tensor that was put into it by then. */
function tensorsAt(
  { buffers }: SessionFacts,
  at: { readonly node: number; readonly batch: number },
): PlannedTensor[] {
  return buffers
    .filter(({ first, last }) => first <= at.node && at.node <= last)
    .map(({ size, tensors }) => ({
      name: tensors.findLast(({ madeBy }) => madeBy <= at.node)?.name ?? '',
      bytes: bytesAt(size, at.batch),
    }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
}
