import { assignBuffers } from '../../engine/graph/memory-plan/assign-buffers.ts';
import type { SessionFacts } from '../../engine/graph/memory-plan/session-facts.ts';
import { sumOfSizes } from '../../engine/graph/memory-plan/size-law.ts';
import { sketchedExecution } from '../engine/graph/memory-plan/sketched-execution.ts';

const MIB = 2 ** 20;

/**
 * Facts of three convolutions with a shortcut, MiB a sample: a 4, b 2 and c 1 are alive at
 * the third node. A session of 20 MiB, 8 of which others share.
 */
export function sessionFacts(changes: Partial<SessionFacts> = {}): SessionFacts {
  const { nodes, outputs } = sketchedExecution(
    [
      `Conv(x) -> a:${4 * MIB}`,
      `Conv(a) -> b:${2 * MIB}`,
      `Conv(b) -> c:${MIB}`,
      `Mul(a, c) -> y:${MIB / 2}`,
    ],
    ['y'],
  );
  const made = nodes.flatMap(({ makes }) => makes.map(({ size }) => size));
  const buffers = assignBuffers({ nodes, outputs }).map(({ tensors, ...rest }) => ({
    ...rest,
    tensors: [...tensors],
  }));
  return {
    batches: [1, 2],
    nodes: nodes.length,
    buffers,
    tensors: sumOfSizes(made),
    workspaces: [],
    feeds: { fixedBytes: 0, sampleBytes: MIB },
    outputs: { fixedBytes: 0, sampleBytes: MIB / 2 },
    weightsBytes: 6 * MIB,
    packedBytes: 2 * MIB,
    createdBytes: 20 * MIB,
    createPeakBytes: 22 * MIB,
    sharedBytes: 8 * MIB,
    ...changes,
  };
}
