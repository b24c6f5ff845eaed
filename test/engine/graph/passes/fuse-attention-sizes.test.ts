import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { attentionFeeds, AttentionWriter, type MaskForm } from './attention-forms.ts';
import { checkPass, normal, weights } from './check-pass.ts';
import { LOWEST } from './mask-forms.ts';
import { INPUT, TokenWriter } from './token-writer.ts';

// Sizes that are equal in some runs and not in others, and nodes of other graphs.

/** Why the pass leaves a model as it is; empty where it does not. */
async function reasonsFor(model: OnnxModel, feeds: Tensors): Promise<readonly string[]> {
  const { skipped, rewrites } = await checkPass(fuseAttention, model, feeds);
  return rewrites > 0 ? [] : skipped.map(({ reason }) => reason);
}

function modelWith(builder: ModelBuilder, mask: MaskForm): OnnxModel {
  builder.input('x', 'float32', ['N', 'S', INPUT]);
  builder.input('mask', 'int64', ['N', 'S']);
  const writer = new AttentionWriter({ masks: [mask] }, builder);
  builder.output(writer.attention(), 'float32', null);
  return builder.build();
}

test('leaves a mask alone that may be one for all samples', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('bias', 'float32', ['M', 1, 'S', 'S']);
  const model = modelWith(builder, (w, scores) => w.node('Add', [scores, 'bias']));
  const feeds = { ...attentionFeeds(3, 5), bias: normal([1, 1, 5, 5]) };
  const reason = 'its mask has another shape than the runtime takes';
  expect(await reasonsFor(model, feeds)).toEqual([reason]);
});

test('leaves a causal mask alone of queries that may be one', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('rows', 'float32', ['M']);
  const model = modelWith(builder, (w, scores) => {
    const count = w.node('Squeeze', [w.node('Shape', ['rows']), w.ints(0)]);
    const [keys, queries] = [w.dim(1), count].map((end) => {
      return w.node('Range', [w.int(0), end, w.int(1)]);
    });
    const columns = w.node('Unsqueeze', [keys ?? '', w.ints(0)]);
    const isKept = w.node('LessOrEqual', [
      columns,
      w.node('Unsqueeze', [queries ?? '', w.ints(1)]),
    ]);
    return w.node('Where', [isKept, scores, w.number(LOWEST)]);
  });
  const feeds = { ...attentionFeeds(3, 5), rows: normal([1]) };
  const reason = 'its mask is not known to be one of positions or keys';
  expect(await reasonsFor(model, feeds)).toEqual([reason]);
});

test('leaves a triangle alone that is cut one row later', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const model = modelWith(builder, (w, scores) => {
    const data = Uint8Array.from({ length: 81 }, (_, at) => Number(at % 9 <= Math.floor(at / 9)));
    builder.initializer('triangle', { type: 'bool', dims: [1, 1, 9, 9], data });
    const end = w.node('Unsqueeze', [w.dim(1), w.ints(0)]);
    const later = w.node('Add', [end, w.ints(1)]);
    const rows = w.node('Slice', ['triangle', w.ints(1), later, w.ints(2)]);
    const isKept = w.node('Slice', [rows, w.ints(0), end, w.ints(3)]);
    return w.node('Where', [isKept, scores, w.number(LOWEST)]);
  });
  const reason = 'its mask is not known to be one of positions or keys';
  expect(await reasonsFor(model, attentionFeeds(3, 5))).toEqual([reason]);
});

test('leaves a Gemm alone that turns its input', async () => {
  const writer = new TokenWriter({ opset: 17, batch: 2, length: 3 });
  const { builder } = writer;
  const turned = (value: string, ...perm: number[]): string =>
    writer.node('Transpose', [value], { perm: { ints: perm } });
  const [q = '', k = '', v = ''] = [4, 5, 6].map((seed) => {
    const weight = builder.initializer(`w${seed}`, weights([INPUT, 8], seed));
    const rows = writer.node('Reshape', ['x', writer.ints(-1, INPUT)]);
    const product = writer.node('Gemm', [rows, weight], { transA: { int: 1 } });
    return writer.node('Reshape', [product, writer.ints(2, 3, 2, 4)]);
  });
  const scores = writer.node('MatMul', [turned(q, 0, 2, 1, 3), turned(k, 0, 2, 3, 1)]);
  const weighted = writer.node('Softmax', [scores]);
  const result = writer.node('MatMul', [weighted, turned(v, 0, 2, 1, 3)]);
  const joined = writer.node('Reshape', [turned(result, 0, 2, 1, 3), writer.ints(2, 3, 8)]);
  builder.output(joined, 'float32', null);
  const reasons = await reasonsFor(builder.build(), attentionFeeds(2, 3));
  expect(reasons).toEqual(['a Gemm transposes its input']);
});

test('leaves attention alone of which a subgraph, which may run again, has a part', async () => {
  const inner = new ModelBuilder({ name: 'then', opset: 17 });
  inner.output(new AttentionWriter({}, inner).attention(), 'float32', null);
  const [projection, ...nodes] = inner.buildGraph().nodes;
  const other = new ModelBuilder({ name: 'else', opset: 17 });
  other.output(other.node('Neg', ['x']), 'float32', null);
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 'S', INPUT]);
  builder.input('mask', 'int64', ['N', 'S']);
  builder.input('wanted', 'bool', []);
  const { initializers, ...rest } = inner.buildGraph();
  const branches = {
    then_branch: { graph: { ...rest, initializers: [], nodes } },
    else_branch: { graph: other.buildGraph() },
  };
  builder.output(builder.node('If', ['wanted'], { attributes: branches }), 'float32', null);
  const model = builder.build();
  const outer = projection === undefined ? [] : [projection];
  const graph = { ...model.graph, initializers, nodes: [...outer, ...model.graph.nodes] };
  const wanted = { type: 'bool', dims: [], data: Uint8Array.of(1) } as const;
  const feeds = { ...attentionFeeds(3, 5), wanted };
  const reasons = await reasonsFor({ ...model, graph }, feeds);
  expect(reasons).toEqual(['a part of it is used elsewhere too']);
});
