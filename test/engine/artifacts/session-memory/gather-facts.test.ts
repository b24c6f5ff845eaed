import { expect, test } from 'vitest';
import type { ObservedGraph } from '../../../../engine/artifacts/observe-shapes.ts';
import { gatherFacts } from '../../../../engine/artifacts/session-memory/gather-facts.ts';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { SessionFacts } from '../../../../engine/graph/memory-plan/session-facts.ts';
import { weights } from '../../graph/passes/check-pass.ts';
import { oneAndTwo, SIDE } from './branching-network.ts';

const CREATION = { createdBytes: 30, peakBytes: 40, sharedBytes: 10 };

/** Relu(x) reshaped and multiplied by w [4, 2]; a sample has 16, 16 and 8 bytes. */
function observed(arena: ObservedGraph['arena']): ObservedGraph {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 4]);
  const shape = { type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 4n) } as const;
  const view = builder.node('Reshape', [
    builder.node('Relu', [x], { outputs: ['a'] }),
    builder.initializer('shape', shape),
  ]);
  builder.node('MatMul', [view, builder.initializer('w', weights([4, 2]))], { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 2]);
  const nodes = [16, 16, 8].map((bytes, position) => ({
    position,
    outputs: [
      [
        { batch: 1, bytes },
        { batch: 2, bytes: 2 * bytes },
      ] as const,
    ],
  }));
  return { model: builder.build(), nodes, arena };
}

function facts(arena: ObservedGraph['arena'] = null): SessionFacts {
  return gatherFacts(observed(arena), oneAndTwo(), CREATION);
}

test('facts say what runs and sessions take', () => {
  const { buffers, ...others } = facts();
  expect(buffers.map(({ tensors }) => tensors.length)).toEqual([2, 1]);
  expect(others).toEqual({
    batches: [1, 2],
    nodes: 3,
    // A view is no tensor of its own.
    tensors: { fixedBytes: 0, sampleBytes: 24 },
    workspaces: [],
    feeds: { fixedBytes: 0, sampleBytes: 4 * 3 * SIDE * SIDE },
    outputs: { fixedBytes: 0, sampleBytes: 8 },
    // w, and the shape in int64.
    weightsBytes: 32 + 16,
    packedBytes: 0,
    createdBytes: 30,
    createPeakBytes: 40,
    sharedBytes: 10,
  });
});

test('kernels’ own work follows the batch, or is fixed', () => {
  const workspaces = [
    { node: 0, sizes: [at(1, 100), at(2, 160)] as const },
    { node: 1, sizes: [at(1, 64), at(2, 64)] as const },
    { node: 2, sizes: [at(1, 64)] as const },
    { node: 3, sizes: [at(2, 64)] as const },
  ];
  const found = facts({ packedBytes: 7, peaks: [], workspaces });
  expect(found.packedBytes).toBe(7);
  expect(found.workspaces).toEqual([
    { node: 0, size: { fixedBytes: 40, sampleBytes: 60 } },
    { node: 1, size: { fixedBytes: 64, sampleBytes: 0 } },
    { node: 2, size: { fixedBytes: 64, sampleBytes: 0 } },
    // Hidden at batch 1 by a higher peak.
    { node: 3, size: { fixedBytes: 0, sampleBytes: 32 } },
  ]);
});

function at(batch: number, bytes: number): { readonly batch: number; readonly bytes: number } {
  return { batch, bytes };
}
