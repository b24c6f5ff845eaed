import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildInProcess, cachedArtifact } from '../../../engine/artifacts/artifact-cache.ts';
import { buildArtifact } from '../../../engine/artifacts/build-artifact.ts';
import { compareOutputs } from '../../../engine/artifacts/compare-models.ts';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { visitNodes, type Pass } from '../../../engine/graph/passes/pass.ts';
import { removeDead } from '../../../engine/graph/passes/remove-dead.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { normal, weights } from '../graph/passes/check-pass.ts';

const options = { timeoutMs: 60_000, signal: new AbortController().signal };

/** Relu(x) with a dead branch that a pass takes away. */
function writeModelWithDeadBranch(folder: string): string {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 4]);
  const w = builder.initializer('w', weights([4, 4]));
  builder.node('MatMul', [x, w]);
  builder.output(builder.node('Relu', [x], { outputs: ['y'] }), 'float32', ['N', 4]);
  const path = join(folder, 'model.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

function job(folder: string, samples: readonly Tensors[]): Parameters<typeof buildInProcess>[0] {
  return {
    modelPath: writeModelWithDeadBranch(folder),
    outPath: join(folder, 'out', 'clean.onnx'),
    pipeline: 'clean',
    switches: { on: [], off: [] },
    provider: 'cpu',
    samples,
  };
}

describe('an artifact', () => {
  test('is built in a process of its own, with what each pass did', async () => {
    const folder = temporaryFolder();
    const report = await buildInProcess(job(folder, [{ x: normal([1, 4]) }]), options);
    expect(report).toMatchObject({
      nodesBefore: 2,
      nodesAfter: 1,
      operatorsBefore: { MatMul: 1, Relu: 1 },
      operatorsAfter: { Relu: 1 },
      difference: 0,
      compared: { samples: 1, of: 1 },
    });
    expect(readdirSync(join(folder, 'out'))).toEqual(['clean.onnx']);
  });

  test('leaves out samples that the original refuses, but wants one that it takes', async () => {
    const folder = temporaryFolder();
    const good = { x: normal([2, 4]) };
    const wrong = { x: normal([2, 5]) };
    const report = await buildInProcess(job(folder, [wrong, good]), options);
    expect(report.compared).toEqual({ samples: 1, of: 2 });
    await expect(buildInProcess(job(folder, [wrong]), options)).rejects.toThrow(/does not run/);
  });

  test('is taken from the cache the second time, and made again when it was damaged', async () => {
    const folder = temporaryFolder();
    const { outPath: _, ...rest } = job(folder, [{ x: normal([1, 4]) }]);
    const cache = { ...options, cacheFolder: join(folder, 'cache') };
    const first = await cachedArtifact(rest, cache);
    const startedMs = performance.now();
    expect(await cachedArtifact(rest, cache)).toEqual(first);
    expect(performance.now() - startedMs).toBeLessThan(150);
    writeFileSync(first.path, 'damaged');
    expect(await cachedArtifact(rest, cache)).toEqual(first);
    const other = await cachedArtifact({ ...rest, pipeline: 'none' }, cache);
    expect(other.path).not.toBe(first.path);
  });

  test('of a file that is no model is refused, and nothing is left behind', async () => {
    const folder = temporaryFolder();
    const broken = { ...job(folder, [{ x: normal([1, 4]) }]) };
    writeFileSync(broken.modelPath, 'no model');
    await expect(buildInProcess(broken, options)).rejects.toThrow(/is not a valid ONNX model/);
    expect(existsSync(broken.outPath)).toBe(false);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });
});

describe('a rewrite that changes what the model computes', () => {
  /** Turns the sign of every Relu's input: what no pass may do. */
  const faulty: Pass = {
    name: 'break-relu',
    summary: 'wrong on purpose',
    pipeline: 'clean',
    run: (model) =>
      visitNodes(model, (node, log) => {
        const [input] = node.inputs;
        if (!node.is('Relu') || input?.producer?.is('Neg') === true) return;
        node.setInput(0, node.graph.addNode({ opType: 'Neg', inputs: [input ?? null] }).output);
        log.rewrote();
      }),
  };

  test('is refused, the pass named, and nothing is written', async () => {
    const folder = temporaryFolder();
    const broken = job(folder, [{ x: normal([2, 4]) }]);
    const built = buildArtifact(broken, undefined, [removeDead, faulty]);
    await expect(built).rejects.toThrow(/the pass 'break-relu' changes what the model computes/);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });
});

describe('comparing outputs', () => {
  const of = (...values: number[]): Tensors => ({
    y: { type: 'float32', dims: [values.length], data: Float32Array.from(values) },
  });

  test('gives the largest difference over the largest output', () => {
    expect(compareOutputs(of(1, -4), of(1.5, -4)).relative).toBeCloseTo(0.5 / 4, 10);
    expect(compareOutputs(of(1, 2), of(1, 2)).relative).toBe(0);
  });

  test('counts infinities and NaN as equal only where both have them', () => {
    expect(compareOutputs(of(Infinity, NaN, 1), of(Infinity, NaN, 1)).relative).toBe(0);
    expect(compareOutputs(of(NaN), of(1)).relative).toBe(Infinity);
    expect(compareOutputs(of(Infinity), of(-Infinity)).relative).toBe(Infinity);
  });

  test('names what cannot be compared', () => {
    expect(compareOutputs(of(1, 2), of(1)).mismatch).toMatch(/'y' was \[2\] and is \[1\]/);
    expect(compareOutputs(of(1), {}).mismatch).toMatch(/'y' is gone/);
  });
});
