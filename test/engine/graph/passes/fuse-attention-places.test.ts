import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { selectPasses } from '../../../../engine/graph/passes/registry.ts';
import { attentionFeeds, attentionModel, AttentionWriter } from './attention-forms.ts';
import { checkPass, normal } from './check-pass.ts';
import type { TokenWriter } from './token-writer.ts';
import { added, keptByGather, LOWEST, subtracted } from './mask-forms.ts';

/** Two layers that mask by the same keys; each reads what the one before made. */
function twoLayers(mask: Parameters<typeof added>[0] | 'computed'): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 'S', 6]);
  builder.input('mask', 'int64', ['N', 'S']);
  let shared: string | null = null;
  const writer = new AttentionWriter(
    {
      masks: [
        (w, scores) => {
          shared ??= mask === 'computed' ? subtractedValue(w) : conditionValue(w, mask);
          return w.node('Add', [scores, shared]);
        },
      ],
    },
    builder,
  );
  const [first, second] = [writer.attention(), writer.attention()];
  builder.output(builder.node('Add', [first, second]), 'float32', null);
  return builder.build();
}

function conditionValue(w: TokenWriter, condition: Parameters<typeof added>[0]): string {
  return w.node('Where', [condition(w), w.number(0), w.number(LOWEST)]);
}

function subtractedValue(w: TokenWriter): string {
  return subtracted(-7)(w, w.number(0));
}

test.each<[string, Parameters<typeof twoLayers>[0], string]>([
  ['as keys', keptByGather, 'Cast'],
  ['as it is', 'computed', 'Expand'],
])('layers share a mask that is taken %s', async (_, mask, once) => {
  const { operators, rewrites } = await checkPass(
    fuseAttention,
    twoLayers(mask),
    attentionFeeds(3, 5),
  );
  expect(rewrites).toBe(2);
  expect(operators.filter((name) => name === 'com.microsoft.Attention')).toHaveLength(2);
  const casts = once === 'Cast' ? 2 : 1;
  expect(operators.filter((name) => name === once)).toHaveLength(casts);
});

test('joins attention inside a subgraph, with a mask from outside', async () => {
  const inner = new ModelBuilder({ name: 'then', opset: 17 });
  const writer = new AttentionWriter({ masks: [added(keptByGather, LOWEST)] }, inner);
  inner.output(writer.attention(), 'float32', null);
  const other = new ModelBuilder({ name: 'else', opset: 17 });
  other.output(
    other.node('Concat', ['x', 'x'], { attributes: { axis: { int: 2 } } }),
    'float32',
    null,
  );
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 'S', 6]);
  builder.input('mask', 'int64', ['N', 'S']);
  builder.input('wanted', 'bool', []);
  const [then, otherwise] = [inner.buildGraph(), other.buildGraph()];
  builder.output(
    builder.node('If', ['wanted'], {
      attributes: { then_branch: { graph: then }, else_branch: { graph: otherwise } },
    }),
    'float32',
    null,
  );
  const wanted = { type: 'bool', dims: [], data: Uint8Array.of(1) } as const;
  const feeds = { ...attentionFeeds(3, 5), wanted };
  const { operators } = await checkPass(fuseAttention, builder.build(), feeds);
  expect(operators).toContain('com.microsoft.Attention');
  expect(operators).not.toContain('Softmax');
});

test('leaves attention alone that is partly outside a subgraph', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 'S', 6]);
  builder.input('mask', 'int64', ['N', 'S']);
  const writer = new AttentionWriter({}, builder);
  const result = writer.attention();
  const inner = new ModelBuilder({ name: 'then', opset: 17 });
  const scores = builder.buildGraph().nodes.find(({ opType }) => opType === 'Softmax')?.outputs[0];
  inner.output(inner.node('Relu', [scores ?? '']), 'float32', null);
  const other = new ModelBuilder({ name: 'else', opset: 17 });
  other.output(other.node('Neg', ['x']), 'float32', null);
  builder.input('wanted', 'bool', []);
  const branches = {
    then_branch: { graph: inner.buildGraph() },
    else_branch: { graph: other.buildGraph() },
  };
  builder.output(builder.node('If', ['wanted'], { attributes: branches }), 'float32', null);
  builder.output(result, 'float32', null);
  const wanted = { type: 'bool', dims: [], data: Uint8Array.of(1) } as const;
  const { skipped, rewrites } = await checkPass(fuseAttention, builder.build(), {
    ...attentionFeeds(3, 5),
    wanted,
  });
  expect(rewrites).toBe(0);
  expect(skipped.map(({ reason }) => reason)).toEqual(['a part of it is used elsewhere too']);
});

test('leaves attention alone whose weights are fed', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 'S', 6]);
  builder.input('mask', 'int64', ['N', 'S']);
  builder.input('w_1', 'float32', [6, 8]);
  builder.output(new AttentionWriter({}, builder).attention(), 'float32', null);
  const feeds = { ...attentionFeeds(3, 5), w_1: normal([6, 8], 9) };
  const { skipped } = await checkPass(fuseAttention, builder.build(), feeds);
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'the weights of the MatMul are not constant',
  ]);
});

test('leaves attention alone of which no shape is known', async () => {
  const model = attentionModel({});
  const inputs = model.graph.inputs.map(({ name = '', metadataProps }) => ({
    name,
    metadataProps,
    type: { tensorType: { elemType: name === 'x' ? 1 : 7 } },
  }));
  const unknown = { ...model, graph: { ...model.graph, inputs } };
  const { skipped, rewrites } = await checkPass(fuseAttention, unknown, attentionFeeds(3, 5));
  expect(rewrites).toBe(0);
  expect(skipped).toHaveLength(1);
});

test('removes the weights that were packed', async () => {
  const model = importModel(attentionModel({ projection: 'MatMul and Add' }));
  await runPass(fuseAttention, model, { provider: 'cpu', evaluate: null });
  const names = [...model.graph.initializers].map(({ name }) => name);
  expect(names.filter((name) => !name.includes('qkv'))).toEqual([]);
});

test('is for the CPU alone, whose kernel its masks were read from', () => {
  expect(selectPasses('all', 'cpu')).toContain(fuseAttention);
  expect(selectPasses('all', 'cuda')).not.toContain(fuseAttention);
  expect(selectPasses('clean', 'cpu')).not.toContain(fuseAttention);
});
