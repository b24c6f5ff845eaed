import { expect, test } from 'vitest';
import { compareOutputs } from '../../../engine/artifacts/compare-models.ts';
import { UserError } from '../../../engine/base/errors.ts';
import { createRandom, type Random } from '../../../engine/base/random.ts';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { optimizeModel } from '../../../engine/graph/optimize.ts';
import { selectPasses } from '../../../engine/graph/passes/registry.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { runChildTask } from '../../../engine/runtime/child-task.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { normal, weights } from './passes/check-pass.ts';
import type { RunModelsReply } from './programs/run-models.ts';

const MUTATIONS = 2000;
const feeds: Tensors = { x: normal([1, 2, 6, 6]) };

/** A bit of everything that a rewrite looks at, small enough that most bytes matter. */
function seedModel(): Uint8Array {
  const branch = (name: string, op: string): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    inner.output(inner.node(op, ['h'], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 2, 6, 6]);
  const vector = (name: string): string => builder.initializer(name, weights([3], name.length));
  const variance = { type: 'float32', dims: [3], data: Float32Array.of(1, 2, 3) };
  const conv = builder.node('Conv', [
    builder.node('Identity', [x]),
    builder.initializer('w', weights([3, 2, 3, 3])),
  ]);
  const normed = builder.node('BatchNormalization', [
    conv,
    vector('s'),
    vector('bb'),
    vector('mmm'),
    builder.initializer('v', variance),
  ]);
  builder.node(
    'Relu',
    [builder.node('Transpose', [normed], { attributes: { perm: { ints: [0, 1, 2, 3] } } })],
    { outputs: ['h'] },
  );
  const yes = builder.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
  builder.node('If', [yes], {
    outputs: ['y'],
    attributes: {
      then_branch: { graph: branch('a', 'Neg') },
      else_branch: { graph: branch('b', 'Exp') },
    },
  });
  builder.output('y', 'float32', null);
  return writeModel(builder.build());
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const kind = random.integer(10);
  if (kind === 0) return copy.subarray(0, random.integer(copy.length));
  if (kind === 1) {
    const at = random.integer(copy.length);
    const length = 1 + random.integer(8);
    return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(at + length)]);
  }
  const flips = kind < 8 ? 1 : 1 + random.integer(6);
  for (let i = 0; i < flips; i += 1) copy[random.integer(copy.length)] = random.integer(256);
  return copy;
}

/** The rewritten model, or null where ours refuses it in words. */
async function rewritten(bytes: Uint8Array): Promise<Uint8Array | null> {
  try {
    const model = readModel(bytes);
    const passes = selectPasses('all', 'cpu');
    const context = { provider: 'cpu', evaluate: null, source: 'the mutation' };
    return writeModel((await optimizeModel(model, passes, context)).model);
  } catch (thrown) {
    if (thrown instanceof UserError) return null;
    throw thrown;
  }
}

function isModerate(outputs: Tensors): boolean {
  return Object.values(outputs).every(({ data }) =>
    Array.from(data as ArrayLike<number>).every((value) => Math.abs(value) < 1e6),
  );
}

/** Runs models in child processes; one that brings its process down counts as refused. */
async function runAll(models: readonly Uint8Array[]): Promise<(Tensors | null)[]> {
  const program = new URL('./programs/run-models.ts', import.meta.url);
  const outputs: (Tensors | null)[] = [];
  while (outputs.length < models.length) {
    let reached = 0;
    const rest = models.slice(outputs.length);
    const end = await runChildTask(
      program,
      { models: rest, feeds },
      {
        timeoutMs: 60_000,
        signal: new AbortController().signal,
        onProgress: (index) => {
          reached = Number(index);
        },
      },
    );
    const reply = end.reply as RunModelsReply | null;
    if (reply !== null) return [...outputs, ...reply.outputs];
    // Those before the one that killed it are asked again, alone.
    outputs.push(...(reached === 0 ? [] : await runAll(rest.slice(0, reached))), null);
  }
  return outputs;
}

test(
  `${MUTATIONS} mutations: a clear error, or a model that computes what it computed before`,
  { timeout: 180_000 },
  async () => {
    const seed = seedModel();
    const random = createRandom(20, 'fuzz');
    const pairs: { readonly before: Uint8Array; readonly after: Uint8Array }[] = [];
    for (let index = 0; index < MUTATIONS; index += 1) {
      const before = mutate(seed, random);
      const startedMs = performance.now();
      const after = await rewritten(before);
      expect(performance.now() - startedMs).toBeLessThan(1000);
      if (after !== null) pairs.push({ before, after });
    }
    expect(pairs.length).toBeGreaterThan(MUTATIONS / 10);
    const before = await runAll(pairs.map((pair) => pair.before));
    const after = await runAll(pairs.map((pair) => pair.after));
    let ran = 0;
    for (const [index, outputs] of before.entries()) {
      if (outputs === null) continue;
      ran += 1;
      const found = after[index];
      if (found === null) throw new Error(`mutation ${index} runs no more after the rewrite`);
      // A weight that became infinite or 1e38 drowns everything else in rounding.
      if (!isModerate(outputs)) continue;
      const { relative, mismatch } = compareOutputs(outputs, found ?? {});
      expect(mismatch).toBeNull();
      expect(relative).toBeLessThan(1e-4);
    }
    expect(ran).toBeGreaterThan(MUTATIONS / 20);
  },
);
