import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { observeShapes } from '../../../engine/artifacts/observe-shapes.ts';
import { gatherFacts } from '../../../engine/artifacts/session-memory/gather-facts.ts';
import { executedGraph } from '../../../engine/artifacts/session-memory/executed-graph.ts';
import { UserError } from '../../../engine/base/errors.ts';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { SimulatedArena } from '../../../engine/graph/memory-plan/arena.ts';
import { assignBuffers } from '../../../engine/graph/memory-plan/assign-buffers.ts';
import { memoryEvents, runInArena } from '../../../engine/graph/memory-plan/run-memory.ts';
import { bytesAt } from '../../../engine/graph/memory-plan/size-law.ts';
import type { OnnxGraph } from '../../../engine/graph/model.ts';
import { saveModel } from '../../../engine/graph/model-file.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { GRAPH_LEVELS } from '../../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { exportedEncoder } from '../../../suites/models/exported-encoder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { normal } from '../graph/passes/check-pass.ts';
import {
  oneAndTwo,
  pictures,
  PLANE_BYTES,
  writeBranchingNetwork,
} from './session-memory/branching-network.ts';

test.each(GRAPH_LEVELS)(
  'at level %s every tensor has the size that its shape says',
  async (level) => {
    const path = writeBranchingNetwork(temporaryFolder());
    const observed = await observeShapes(path, { graphLevel: level, requests: oneAndTwo() });
    const { nodes, outputs } = executedGraph(observed.model, observed.nodes);
    const made = nodes.flatMap(({ makes }) => makes);
    const largest = Math.max(...made.map(({ size }) => bytesAt(size, 8)));
    expect(largest).toBe(8 * PLANE_BYTES);
    expect(made.find(({ name }) => name === 'y')?.size).toEqual({ fixedBytes: 0, sampleBytes: 16 });
    expect(outputs).toEqual(['y']);
  },
);

test.each(GRAPH_LEVELS)(
  'at level %s the simulated arena hands out as much as the real one',
  async (level) => {
    const path = writeBranchingNetwork(temporaryFolder());
    const observed = await observeShapes(path, { graphLevel: level, requests: oneAndTwo() });
    const buffers = assignBuffers(executedGraph(observed.model, observed.nodes));
    const arena = new SimulatedArena();
    const simulated = [1, 2].map((batch) => {
      runInArena(arena, memoryEvents({ buffers, workspaces: [] }, batch));
      return { batch, bytes: arena.peakBytes };
    });
    expect(observed.arena?.peaks).toEqual(simulated);
  },
);

test.each(['basic', 'extended', 'all'] as const)(
  'at level %s the real arena’s peaks follow from tensors and kernels’ work, of a transformer too',
  async (graphLevel) => {
    const modelPath = join(temporaryFolder(), 'encoder.onnx');
    await saveModel(modelPath, exportedEncoder({ layers: 2, width: 64, heads: 2, length: 32 }));
    const hidden = (rows: number): Tensors => ({ hidden: normal([rows, 32, 64]) });
    const requests = [
      { batch: 1, feeds: hidden(1) },
      { batch: 8, feeds: hidden(8) },
    ] as const;
    const observed = await observeShapes(modelPath, { graphLevel, requests });
    const creation = { createdBytes: 0, peakBytes: 0, sharedBytes: 0 };
    const facts = gatherFacts(observed, requests, creation);
    const arena = new SimulatedArena();
    const simulated = requests.map(({ batch }) => {
      runInArena(arena, memoryEvents(facts, batch));
      return { batch, bytes: arena.peakBytes };
    });
    expect(observed.arena?.peaks).toEqual(simulated);
  },
);

test('nodes come in the order in which they ran, under names that the exporter never gave', async () => {
  const path = writeBranchingNetwork(temporaryFolder());
  const observed = await observeShapes(path, { graphLevel: 'disabled', requests: oneAndTwo() });
  const { nodes } = executedGraph(observed.model, observed.nodes);
  expect(nodes.map(({ operator }) => operator)).toEqual([
    'Conv',
    'Relu',
    'Conv',
    'Add',
    'Relu',
    'GlobalAveragePool',
    'Flatten',
    'MatMul',
  ]);
});

/** If(flag): the square of 2 x, else its double, in graphs that read 2 x from outside. */
function writeBranches(folder: string): string {
  const branch = (name: string, operator: string): OnnxGraph => {
    const inner = new ModelBuilder({ name, opset: 17 });
    inner.node(operator, ['doubled', 'doubled'], { outputs: [`${name}_out`] });
    inner.output(`${name}_out`, 'float32', ['N', 4]);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'choice', opset: 17 });
  const flag = builder.input('flag', 'bool', []);
  const x = builder.input('x', 'float32', ['N', 4]);
  builder.node('Add', [x, x], { outputs: ['doubled'] });
  builder.node('If', [flag], {
    outputs: ['y'],
    attributes: {
      then_branch: { graph: branch('then', 'Mul') },
      else_branch: { graph: branch('else', 'Add') },
    },
  });
  builder.output('y', 'float32', ['N', 4]);
  const path = join(folder, 'choice.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

test('what a subgraph reads from outside stays alive until it has run', async () => {
  const feeds = {
    flag: { type: 'bool', dims: [], data: Uint8Array.of(1) },
    x: { type: 'float32', dims: [2, 4], data: new Float32Array(8) },
  } as const;
  const requests = [{ batch: 2, feeds }] as const;
  const path = writeBranches(temporaryFolder());
  const observed = await observeShapes(path, { graphLevel: 'disabled', requests });
  const { nodes } = executedGraph(observed.model, observed.nodes);
  expect(nodes.map(({ operator }) => operator)).toEqual(['Add', 'If']);
  expect(nodes[1]?.reads).toContain('doubled');
});

test('a batch that the model fixes is observed alone', async () => {
  const requests = [{ batch: 2, feeds: pictures(2) }] as const;
  const path = writeBranchingNetwork(temporaryFolder());
  const { model, nodes } = await observeShapes(path, { graphLevel: 'all', requests });
  const made = executedGraph(model, nodes).nodes.flatMap(({ makes }) => makes);
  expect(made.find(({ name }) => name === 'y')?.size).toEqual({ fixedBytes: 32, sampleBytes: 0 });
});

test('feeds that the model refuses fail in the runtime’s own words', async () => {
  const path = writeBranchingNetwork(temporaryFolder());
  const feeds = { x: { type: 'float32', dims: [1, 5], data: new Float32Array(5) } } as const;
  const observing = observeShapes(path, { graphLevel: 'all', requests: [{ batch: 1, feeds }] });
  await expect(observing).rejects.toThrow('rank');
});

test('a file that is no model is a UserError', async () => {
  const path = join(temporaryFolder(), 'text.onnx');
  writeFileSync(path, 'not a model');
  const observing = observeShapes(path, { graphLevel: 'all', requests: oneAndTwo() });
  await expect(observing).rejects.toThrow(UserError);
});
