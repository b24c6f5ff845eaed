import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { createAttribute } from '../../../../engine/graph/create-attribute.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { InvalidModelError } from '../../../../engine/graph/invalid-model-error.ts';
import type { OnnxAttribute, OnnxFunction, OnnxModel } from '../../../../engine/graph/model.ts';
import { inlineFunctions } from '../../../../engine/graph/passes/inline-functions.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { checkPass, normal, operatorsOf } from './check-pass.ts';

const feeds = { x: normal([2, 4]) };
const context = { provider: 'cpu', evaluate: null };

/** A model `y = build(x)` that imports the domain `f` and has the functions given. */
function modelWith(
  functions: readonly OnnxFunction[],
  build: (builder: ModelBuilder) => void,
): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset: 17, domains: { f: 1 } });
  builder.input('x', 'float32', ['N', 4]);
  build(builder);
  builder.output('y', 'float32', ['N', 4]);
  return { ...builder.build(), functions };
}

function makeFunction(
  name: string,
  build: (body: ModelBuilder) => void,
  change: Partial<OnnxFunction> = {},
): OnnxFunction {
  const body = new ModelBuilder({ name, opset: 17 });
  build(body);
  return {
    domain: 'f',
    name,
    inputs: ['a'],
    outputs: ['r'],
    attributes: [],
    nodes: body.buildGraph().nodes,
    opsetImports: [
      { domain: '', version: 17 },
      { domain: 'f', version: 1 },
    ],
    attributeProtos: [],
    valueInfos: [],
    metadataProps: [],
    ...change,
  };
}

/** `name = attribute 'from' of the call`, in the body of a function. */
function reference(name: string, type: number, from: string): OnnxAttribute {
  const { i: _, ...empty } = createAttribute(name, { int: 0 });
  return { ...empty, type, refAttrName: from };
}

function withAttribute(one: OnnxFunction, index: number, attribute: OnnxAttribute): OnnxFunction {
  const nodes = one.nodes.map((node, at) =>
    at === index ? { ...node, attributes: [attribute] } : node,
  );
  return { ...one, nodes };
}

const call = { domain: 'f' };
const callY = { domain: 'f', outputs: ['y'] };

test('replaces calls by bodies, nested ones too, under names that are free', async () => {
  const inner = makeFunction('Inner', (body) => {
    body.node('Exp', [body.node('Neg', ['a'], { outputs: ['t'] })], { outputs: ['r'] });
  });
  const outer = makeFunction('Outer', (body) => {
    const t = body.node('Inner', ['a'], { ...call, outputs: ['t'] });
    body.node('Add', [t, body.node('Inner', [t], call)], { outputs: ['r'] });
  });
  const model = modelWith([outer, inner], (builder) => {
    const t = builder.node('Relu', ['x'], { outputs: ['t'] });
    builder.node('Outer', [builder.node('Outer', [t], call)], callY);
  });
  const result = await checkPass(inlineFunctions, model, feeds);
  const body = ['Add', 'Neg', 'Exp', 'Neg', 'Exp'].toSorted();
  expect(result.operators.toSorted()).toEqual(['Relu', ...body, ...body].toSorted());
  expect(result.model.functions).toEqual([]);
});

test.each([
  ['the attribute of the call', { slope: { float: 0.5 } }, 0.5],
  ['the default of the function', {}, 0.25],
])('substitutes a reference by %s', async (_, attributes, alpha) => {
  const definition = withAttribute(
    makeFunction('Leaky', (body) => body.node('LeakyRelu', ['a'], { outputs: ['r'] }), {
      attributeProtos: [createAttribute('slope', { float: 0.25 })],
    }),
    0,
    reference('alpha', 1, 'slope'),
  );
  const model = modelWith([definition], (builder) => {
    builder.node('Leaky', ['x'], { ...callY, attributes });
  });
  const { operators, model: rewritten } = await checkPass(inlineFunctions, model, feeds);
  expect(operators).toEqual(['LeakyRelu']);
  const [node] = rewritten.graph.nodes;
  expect(node?.attributes.get('alpha')).toMatchObject({ name: 'alpha', f: alpha });
});

test('leaves an attribute out that neither the call nor the function gives', async () => {
  const plain = makeFunction('Leaky', (body) => body.node('LeakyRelu', ['a'], { outputs: ['r'] }), {
    attributes: ['slope'],
  });
  const definition = withAttribute(plain, 0, reference('alpha', 1, 'slope'));
  const model = modelWith([definition], (builder) => builder.node('Leaky', ['x'], callY));
  const { model: rewritten } = await checkPass(inlineFunctions, model, feeds);
  expect([...rewritten.graph.nodes][0]?.attributes.size).toBe(0);
});

test('leaves an optional input out that the call leaves out', async () => {
  const definition = makeFunction(
    'Limit',
    (body) => body.node('Clip', ['a', 'low', 'high'], { outputs: ['r'] }),
    { inputs: ['a', 'low', 'high'] },
  );
  const model = modelWith([definition], (builder) => {
    const one = { type: 'float32', dims: [], data: Float32Array.of(0.1) };
    builder.node('Limit', ['x', '', builder.initializer('one', one)], callY);
  });
  const { model: rewritten } = await checkPass(inlineFunctions, model, feeds);
  const [node] = rewritten.graph.nodes;
  expect(node?.inputs.map((value) => value?.name)).toEqual(['x', undefined, 'one']);
});

test('copies an argument that a function gives back as an output of the graph', async () => {
  const definition = makeFunction(
    'Same',
    (body) => body.node('Identity', ['a'], { outputs: ['r'] }),
    { outputs: ['a', 'r', 'r'] },
  );
  const builder = new ModelBuilder({ name: 'g', opset: 17, domains: { f: 1 } });
  builder.input('x', 'float32', ['N', 4]);
  builder.node('Same', ['x'], { ...call, outputs: ['y', 'z', 'w'] });
  for (const name of ['y', 'z', 'w']) builder.output(name, 'float32', ['N', 4]);
  const model = importModel({ ...builder.build(), functions: [definition] });
  await runPass(inlineFunctions, model, context);
  expect(operatorsOf(model)).toEqual(['Identity', 'Identity', 'Identity']);
  expect(model.graph.outputs.map((value) => value.name)).toEqual(['y', 'z', 'w']);
});

test('renames what subgraphs of the body make, and reaches calls in subgraphs', async () => {
  const branch = (name: string, op: string): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const t = inner.node(op, ['a'], { outputs: ['t'] });
    inner.output(inner.node('Leaf', [t], { ...call, outputs: ['o'] }), 'float32', null);
    return inner.buildGraph();
  };
  const leaf = makeFunction('Leaf', (body) => body.node('Neg', ['a'], { outputs: ['r'] }));
  const choose = makeFunction(
    'Choose',
    (body) => {
      const attributes = {
        then_branch: { graph: branch('yes', 'Exp') },
        else_branch: { graph: branch('no', 'Abs') },
      };
      body.node('If', ['c'], { outputs: ['r'], attributes });
    },
    { inputs: ['a', 'c'] },
  );
  const model = modelWith([choose, leaf], (builder) => {
    builder.input('c', 'bool', []);
    const t = builder.node('Relu', ['x'], { outputs: ['t'] });
    builder.node('Choose', [builder.node('Choose', [t, 'c'], call), 'c'], callY);
  });
  const result = await checkPass(inlineFunctions, model, {
    ...feeds,
    c: { type: 'bool', dims: [], data: Uint8Array.of(0) },
  });
  const branches = ['Exp', 'Neg', 'Abs', 'Neg'];
  expect(result.operators).toEqual(['Relu', 'If', 'If', ...branches, ...branches]);
});

test('imports a domain that only the function names', async () => {
  const definition = makeFunction(
    'Smooth',
    (body) => body.node('Gelu', ['a'], { domain: 'com.microsoft', outputs: ['r'] }),
    {
      opsetImports: [
        { domain: 'ai.onnx', version: 17 },
        { domain: 'com.microsoft', version: 1 },
      ],
    },
  );
  const model = modelWith([definition], (builder) => builder.node('Smooth', ['x'], callY));
  const result = await checkPass(inlineFunctions, model, feeds);
  expect(result.operators).toEqual(['com.microsoft.Gelu']);
  expect(result.model.opsets.get('com.microsoft')).toBe(1);
});

test('leaves a function alone that is written in another opset, and keeps what it calls', async () => {
  const older = {
    opsetImports: [
      { domain: '', version: 16 },
      { domain: 'f', version: 1 },
    ],
  };
  const outer = makeFunction(
    'Outer',
    (body) => body.node('Leaf', ['a'], { ...call, outputs: ['r'] }),
    older,
  );
  const leaf = makeFunction('Leaf', (body) => body.node('Neg', ['a'], { outputs: ['r'] }));
  const unused = makeFunction('Unused', (body) => body.node('Abs', ['a'], { outputs: ['r'] }));
  const model = modelWith([outer, unused, leaf], (builder) => {
    builder.node('Outer', [builder.node('Leaf', ['x'], call)], callY);
  });
  const result = await checkPass(inlineFunctions, model, feeds);
  expect(result.operators.toSorted()).toEqual(['Neg', 'f.Outer']);
  expect(result.model.functions.map(({ name }) => name)).toEqual(['Outer', 'Leaf']);
  expect(result.skipped[0]?.reason).toContain('ai.onnx 16');
});

test('leaves functions under a standard domain alone', async () => {
  const definition = makeFunction('Relu', (body) => body.node('Neg', ['a'], { outputs: ['r'] }), {
    domain: '',
  });
  const model = importModel(
    modelWith([definition], (builder) => builder.node('Relu', ['x'], { outputs: ['y'] })),
  );
  const { rewrites } = await runPass(inlineFunctions, model, context);
  expect(rewrites).toBe(0);
  expect(model.functions).toHaveLength(1);
});

test('refuses functions that call themselves, directly or through others', async () => {
  const a = makeFunction('A', (body) => body.node('B', ['a'], { ...call, outputs: ['r'] }));
  const b = makeFunction('B', (body) => body.node('A', ['a'], { ...call, outputs: ['r'] }));
  const model = importModel(modelWith([a, b], (builder) => builder.node('A', ['x'], callY)));
  const run = async (): Promise<unknown> => runPass(inlineFunctions, model, context);
  await expect(run).rejects.toThrow(InvalidModelError);
  await expect(run).rejects.toThrow("a function calls itself: 'A' calls 'B' calls 'A'");
});

test('stops functions that would grow without bound', async () => {
  const functions = Array.from({ length: 40 }, (_, level) =>
    makeFunction(`F${level}`, (body) => {
      if (level === 39) body.node('Neg', ['a'], { outputs: ['r'] });
      else {
        const callee = `F${level + 1}`;
        body.node('Add', [body.node(callee, ['a'], call), body.node(callee, ['a'], call)], {
          outputs: ['r'],
        });
      }
    }),
  );
  const model = importModel(modelWith(functions, (builder) => builder.node('F0', ['x'], callY)));
  const { skipped } = await runPass(inlineFunctions, model, context);
  expect(model.graph.nodes.size).toBeLessThan(210_000);
  expect(skipped[0]?.reason).toContain('nodes would be added');
}, 60_000);

test('refuses nesting beyond its bound', async () => {
  const functions = Array.from({ length: 70 }, (_, level) =>
    makeFunction(`F${level}`, (body) => {
      body.node(level === 69 ? 'Neg' : `F${level + 1}`, ['a'], {
        ...(level === 69 ? {} : call),
        outputs: ['r'],
      });
    }),
  );
  for (const order of [functions, functions.toReversed()]) {
    const model = importModel(modelWith(order, (builder) => builder.node('F0', ['x'], callY)));
    await expect(async () => runPass(inlineFunctions, model, context)).rejects.toThrow(
      'nested deeper than 64',
    );
  }
});
