import { expect, test } from 'vitest';
import { ModelBuilder, type NodeOptions } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { elementTypeNumber } from '../../../../engine/graph/element-type.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { removeNoOps } from '../../../../engine/graph/passes/remove-no-ops.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';

class Scene {
  readonly builder: ModelBuilder;
  #count = 0;

  constructor(opset = 17, dims: readonly Dim[] | null = ['N', 3, 4]) {
    this.builder = new ModelBuilder({ name: 'g', opset });
    this.builder.input('x', 'float32', dims);
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: NodeOptions['attributes'] = {},
  ): string {
    return this.builder.node(opType, inputs, { attributes });
  }

  ints(...values: (number | bigint)[]): string {
    this.#count += 1;
    const data = BigInt64Array.from(values, BigInt);
    return this.builder.initializer(`i${this.#count}`, {
      type: 'int64',
      dims: [values.length],
      data,
    });
  }

  floats(dims: readonly number[], ...values: number[]): string {
    this.#count += 1;
    const data = Float32Array.from(values);
    return this.builder.initializer(`f${this.#count}`, { type: 'float32', dims, data });
  }

  /** `y = Exp(value)`: neither an input nor an output of the graph is at the place itself. */
  async check(value: string, inputDims: readonly number[] = [2, 3, 4]): Promise<CheckedPass> {
    this.builder.output(this.builder.node('Exp', [value], { outputs: ['y'] }), 'float32', null);
    return checkPass(removeNoOps, this.builder.build(), { x: normal(inputDims) });
  }
}

type Case = readonly [what: string, build: (scene: Scene) => string, opset?: number];

function toCase([what, build, opset]: Case): { what: string; build: Case[1]; opset?: number } {
  return { what, build, ...(opset === undefined ? {} : { opset }) };
}

const LARGEST = 2n ** 63n - 1n;

const nothingDone: readonly Case[] = [
  ['Identity', (scene) => scene.node('Identity', ['x'])],
  ['Dropout', (scene) => scene.node('Dropout', ['x'])],
  ['Dropout of opset 7', (scene) => scene.node('Dropout', ['x'], { ratio: { float: 0.3 } }), 7],
  ['a Cast to the type of the input', (scene) => scene.node('Cast', ['x'], { to: { int: 1 } })],
  [
    'a second Cast to the same type',
    (scene) => scene.node('Cast', [scene.node('Abs', ['x'])], { to: { int: 1 } }),
  ],
  [
    'CastLike a value of the same type',
    (scene) => scene.node('CastLike', ['x', scene.floats([], 1)]),
  ],
  ['Concat of one input', (scene) => scene.node('Concat', ['x'], { axis: { int: 1 } })],
  ['Sum of one input', (scene) => scene.node('Sum', ['x'])],
  ['Split into one', (scene) => scene.node('Split', ['x'], { axis: { int: 1 } })],
  [
    'a Transpose that moves nothing',
    (scene) => scene.node('Transpose', ['x'], { perm: { ints: [0, 1, 2] } }),
  ],
  [
    'two Transposes without perm',
    (scene) => scene.node('Transpose', [scene.node('Transpose', ['x'])]),
  ],
  [
    'two Transposes that undo each other',
    (scene) => {
      const before = scene.node('Transpose', ['x'], { perm: { ints: [1, 2, 0] } });
      return scene.node('Transpose', [before], { perm: { ints: [2, 0, 1] } });
    },
  ],
  ['a Reshape to the same shape', (scene) => scene.node('Reshape', ['x', scene.ints(0, -1, 4)])],
  [
    'Reshapes there and back',
    (scene) =>
      scene.node('Reshape', [scene.node('Reshape', ['x', scene.ints(0, 12)]), scene.ints(0, 3, 4)]),
  ],
  [
    'Unsqueeze and Squeeze',
    (scene) =>
      scene.node('Squeeze', [scene.node('Unsqueeze', ['x', scene.ints(1)]), scene.ints(-3)]),
  ],
  [
    'Unsqueeze and Squeeze of opset 11',
    (scene) => {
      const axes = { axes: { ints: [0, 2] } };
      return scene.node('Squeeze', [scene.node('Unsqueeze', ['x'], axes)], axes);
    },
    11,
  ],
  ['Expand to ones', (scene) => scene.node('Expand', ['x', scene.ints(1, 1)])],
  ['Expand to its own fixed dims', (scene) => scene.node('Expand', ['x', scene.ints(3, 1)])],
  ['Expand to its own Shape', (scene) => scene.node('Expand', ['x', scene.node('Shape', ['x'])])],
  ['Tile by ones', (scene) => scene.node('Tile', ['x', scene.ints(1, 1, 1)])],
  ['Pad by nothing', (scene) => scene.node('Pad', ['x', scene.ints(0, 0, 0, 0, 0, 0)])],
  [
    'Pad by nothing of opset 10',
    (scene) => scene.node('Pad', ['x'], { pads: { ints: [0, 0, 0, 0, 0, 0] } }),
    10,
  ],
  [
    'Slice to the end of a free dim',
    (scene) => scene.node('Slice', ['x', scene.ints(0), scene.ints(LARGEST), scene.ints(0)]),
  ],
  [
    'Slice of a whole fixed dim',
    (scene) =>
      scene.node('Slice', ['x', scene.ints(-3), scene.ints(9), scene.ints(1), scene.ints(1)]),
  ],
  [
    'Slice to the end of opset 9',
    (scene) => scene.node('Slice', ['x'], { starts: { ints: [0] }, ends: { ints: [LARGEST] } }),
    9,
  ],
  ['adding a scalar 0', (scene) => scene.node('Add', [scene.floats([], 0), 'x'])],
  [
    'adding zeros of the same shape',
    (scene) => scene.node('Add', ['x', scene.floats([4], 0, 0, 0, 0)]),
  ],
  ['subtracting 0', (scene) => scene.node('Sub', ['x', scene.floats([1], 0)])],
  ['multiplying by 1', (scene) => scene.node('Mul', ['x', scene.floats([1, 1, 1], 1)])],
  ['dividing by 1', (scene) => scene.node('Div', ['x', scene.floats([], 1)])],
  ['the first power', (scene) => scene.node('Pow', ['x', scene.ints(1)])],
];

test.each(nothingDone.map(toCase))('drops $what', async ({ build, opset }) => {
  const scene = new Scene(opset);
  const result = await scene.check(build(scene));
  expect(result.operators.filter((name) => name !== 'Abs')).toEqual(['Exp']);
});

const somethingDone: readonly Case[] = [
  [
    'a Cast to another type',
    (scene) => {
      const cast = scene.node('Cast', ['x'], { to: { int: 7 } });
      return scene.node('Cast', [cast], { to: { int: 1 } });
    },
  ],
  ['a Transpose', (scene) => scene.node('Transpose', ['x'], { perm: { ints: [0, 2, 1] } })],
  ['a Transpose that reverses', (scene) => scene.node('Transpose', ['x'])],
  ['a Reshape to another shape', (scene) => scene.node('Reshape', ['x', scene.ints(-1, 4, 3)])],
  ['a Flatten', (scene) => scene.node('Flatten', ['x'])],
  [
    'Unsqueeze and Squeeze of other axes',
    (scene) => {
      const wide = scene.node('Unsqueeze', ['x', scene.ints(0, 4)]);
      return scene.node('Squeeze', [wide, scene.ints(0)]);
    },
  ],
  ['Expand by a new axis', (scene) => scene.node('Expand', ['x', scene.ints(1, 1, 1, 1)])],
  ['Tile', (scene) => scene.node('Tile', ['x', scene.ints(1, 2, 1)])],
  ['Pad', (scene) => scene.node('Pad', ['x', scene.ints(0, 0, 0, 0, 1, 0)])],
  ['Pad that moves an axis', (scene) => scene.node('Pad', ['x', scene.ints(0, 1, 0, 0, -1, 0)])],
  [
    'Slice that turns an axis around',
    (scene) =>
      scene.node('Slice', [
        'x',
        scene.ints(-1),
        scene.ints(-LARGEST),
        scene.ints(1),
        scene.ints(-1),
      ]),
  ],
  [
    'Slice from 1',
    (scene) => scene.node('Slice', ['x', scene.ints(1), scene.ints(LARGEST), scene.ints(1)]),
  ],
  ['adding 0 with a new axis', (scene) => scene.node('Add', ['x', scene.floats([1, 1, 1, 1], 0)])],
  ['adding other than zeros', (scene) => scene.node('Add', ['x', scene.floats([4], 0, 0, 0, 1)])],
  ['subtracting from 0', (scene) => scene.node('Sub', [scene.floats([], 0), 'x'])],
  ['dividing 1', (scene) => scene.node('Div', [scene.floats([], 1), 'x'])],
  ['a power of 1', (scene) => scene.node('Pow', [scene.floats([], 1), 'x'])],
  ['Max of two', (scene) => scene.node('Max', ['x', scene.floats([], 0)])],
];

test.each(somethingDone.map(toCase))('leaves $what alone', async ({ build, opset }) => {
  const scene = new Scene(opset);
  expect((await scene.check(build(scene))).rewrites).toBe(0);
});

test('drops and, or with what changes nothing, and Casts whose type follows from the operator', async () => {
  const scene = new Scene();
  const isPositive = scene.node('Greater', ['x', scene.floats([], 0)]);
  const bool = (name: string, value: number): string =>
    scene.builder.initializer(name, { type: 'bool', dims: [], data: Uint8Array.of(value) });
  const both = scene.node('Or', [scene.node('And', [bool('yes', 1), isPositive]), bool('no', 0)]);
  const cast = scene.node('Cast', [both], { to: { int: elementTypeNumber('bool') } });
  const result = await scene.check(scene.node('Where', [cast, 'x', scene.floats([], 0.5)]));
  expect(result.operators).toEqual(['Greater', 'Where', 'Exp']);
});

test('drops what follows a value of unknown rank only where the rank does not matter', async () => {
  const scene = new Scene(17, null);
  const sum = scene.node('Add', [scene.node('Identity', ['x']), scene.floats([], 0)]);
  const unsqueezed = scene.node('Unsqueeze', [sum, scene.ints(-1, 0)]);
  const squeezed = scene.node('Squeeze', [unsqueezed, scene.ints(0, -1)]);
  const result = await scene.check(scene.node('Mul', [squeezed, scene.floats([1], 1)]));
  expect(result.operators).toEqual(['Mul', 'Exp']);
  expect(result.skipped[0]?.reason).toContain('broadcast');
});

test('joins two Transposes, and drops the first of two Reshapes', async () => {
  const scene = new Scene();
  const first = scene.node('Transpose', ['x'], { perm: { ints: [1, 2, 0] } });
  const second = scene.node('Transpose', [first], { perm: { ints: [1, 2, 0] } });
  const flat = scene.node('Flatten', [second]);
  const wide = scene.node('Unsqueeze', [flat, scene.ints(0)]);
  const result = await scene.check(scene.node('Reshape', [wide, scene.ints(-1, 2)]));
  expect(result.operators).toEqual(['Transpose', 'Reshape', 'Exp']);
});

test('leaves a pair alone whose first half has other users, or whose second copies a dim', async () => {
  const scene = new Scene();
  const moved = scene.node('Transpose', ['x'], { perm: { ints: [1, 0, 2] } });
  const again = scene.node('Transpose', [moved], { perm: { ints: [0, 2, 1] } });
  const wide = scene.node('Reshape', [
    scene.node('Reshape', [again, scene.ints(4, -1)]),
    scene.ints(0, 3, -1),
  ]);
  const sum = scene.node('Add', [scene.node('ReduceMax', [moved]), wide]);
  const result = await scene.check(sum);
  expect(result.rewrites).toBe(0);
  expect(result.skipped.map(({ reason }) => reason)).toEqual([
    'what it rearranges has other users',
    'its shape copies a dim of what it reshapes',
  ]);
});

test('takes a 0 of a Reshape with allowzero as it is', async () => {
  const scene = new Scene(17, [0, 3]);
  const wide = scene.node('Reshape', ['x', scene.ints(3, 0)], { allowzero: { int: 1 } });
  const last = scene.node('Reshape', [wide, scene.ints(0, 2)], { allowzero: { int: 1 } });
  expect((await scene.check(last, [0, 3])).operators).toEqual(['Reshape', 'Exp']);
});

test('leaves a Dropout alone that may train, or whose mask is used', async () => {
  const scene = new Scene();
  const training = scene.builder.input('training', 'bool', []);
  const may = scene.node('Dropout', ['x', scene.floats([], 0), training]);
  scene.builder.node('Dropout', ['x'], { outputs: ['d', 'mask'] });
  const masked = scene.node('Where', ['mask', 'd', may]);
  scene.builder.output(scene.builder.node('Exp', [masked], { outputs: ['y'] }), 'float32', null);
  const result = await checkPass(removeNoOps, scene.builder.build(), {
    x: normal([2, 3, 4]),
    training: { type: 'bool', dims: [], data: Uint8Array.of(0) },
  });
  expect(result.rewrites).toBe(0);
  expect(result.skipped.map(({ reason }) => reason)).toEqual(['it may train', 'its mask is used']);
});

test('drops a Dropout that is told not to train', async () => {
  const scene = new Scene();
  const no = scene.builder.initializer('no', { type: 'bool', dims: [], data: Uint8Array.of(0) });
  const value = scene.node('Dropout', ['x', scene.floats([], 0.5), no]);
  expect((await scene.check(value)).operators).toEqual(['Exp']);
});

test('takes the default of an input for no constant', async () => {
  const scene = new Scene();
  scene.builder.input('zero', 'float32', []);
  scene.builder.initializer('zero', { type: 'float32', dims: [], data: Float32Array.of(0) });
  expect((await scene.check(scene.node('Add', ['x', 'zero']))).rewrites).toBe(0);
});

test('gives the name of an output to what makes it, where something does', async () => {
  const scene = new Scene();
  const exp = scene.node('Exp', ['x']);
  for (const [name, value] of [
    ['y', exp],
    ['z', exp],
    ['w', 'x'],
  ] as const) {
    scene.builder.output(
      scene.builder.node('Identity', [value], { outputs: [name] }),
      'float32',
      null,
    );
  }
  const result = await checkPass(removeNoOps, scene.builder.build(), { x: normal([2, 3, 4]) });
  expect(result.operators).toEqual(['Exp', 'Identity', 'Identity']);
  expect(result.skipped[0]?.reason).toContain('output');
});

test('turns two reversals of an input into an output only as far as that can be', async () => {
  const scene = new Scene();
  const reversed = scene.node('Transpose', ['x']);
  scene.builder.output(
    scene.builder.node('Transpose', [reversed], { outputs: ['y'] }),
    'float32',
    null,
  );
  const result = await checkPass(removeNoOps, scene.builder.build(), { x: normal([2, 3, 4]) });
  expect(result.operators).toEqual(['Transpose', 'Transpose']);
});

test('drops inside a subgraph, and where a subgraph reads', async () => {
  const branch = (name: string, op: string): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const same = inner.node('Identity', ['h'], { outputs: [`${name}_same`] });
    inner.output(inner.node(op, [same], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const scene = new Scene();
  scene.builder.node('Identity', ['x'], { outputs: ['h'] });
  const yes = scene.builder.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
  const attributes: Record<string, AttributeValue> = {
    then_branch: { graph: branch('a', 'Abs') },
    else_branch: { graph: branch('b', 'Identity') },
  };
  const result = await scene.check(scene.node('If', [yes], attributes));
  expect(result.operators).toEqual(['If', 'Exp', 'Abs', 'Identity']);
});

test('takes time linear in the nodes', async () => {
  const scene = new Scene();
  let value = 'x';
  for (let index = 0; index < 5_000; index += 1) {
    const moved = scene.node('Transpose', [scene.node('Identity', [value])], {
      perm: { ints: [0, 2, 1] },
    });
    value = scene.node('Reshape', [scene.node('Abs', [moved]), scene.ints(-1, 4, 3)]);
  }
  scene.builder.output(scene.builder.node('Exp', [value], { outputs: ['y'] }), 'float32', null);
  const model = importModel(scene.builder.build());
  const { rewrites } = await runPass(removeNoOps, model, { provider: 'cpu', evaluate: null });
  expect(rewrites).toBeGreaterThanOrEqual(5_000);
}, 20_000);
