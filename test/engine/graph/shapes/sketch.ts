import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal } from '../passes/check-pass.ts';
import { checkShapes, type Sizes } from './check-shapes.ts';

/** A model under construction: input `x` float32 [N,4,6,8], `t` float32 [N,S,12]. */
class Sketch {
  readonly builder: ModelBuilder;
  #count = 0;

  constructor(opset: number) {
    this.builder = new ModelBuilder({ name: 'g', opset, domains: { 'com.microsoft': 1 } });
  }

  ints(...values: readonly number[]): string {
    const data = BigInt64Array.from(values, (value) =>
      Number.isFinite(value) ? BigInt(value) : value > 0 ? 2n ** 63n - 1n : -(2n ** 63n),
    );
    return this.builder.initializer(this.#name(), { type: 'int64', dims: [values.length], data });
  }

  int(value: number): string {
    const data = BigInt64Array.of(BigInt(value));
    return this.builder.initializer(this.#name(), { type: 'int64', dims: [], data });
  }

  floats(dims: readonly number[], ...values: readonly number[]): string {
    const length = dims.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length }, (_, index) => values[index] ?? 0.5);
    return this.builder.initializer(this.#name(), { type: 'float32', dims, data });
  }

  bytes(dims: readonly number[], type: 'uint8' | 'int8' = 'uint8'): string {
    const data = new Uint8Array(dims.reduce((a, b) => a * b, 1)).fill(1);
    return this.builder.initializer(this.#name(), { type, dims, data });
  }

  node(opType: string, inputs: readonly string[], attributes: Attributes = {}, count = 1): string {
    return this.contributed('', opType, inputs, { attributes, count });
  }

  contributed(
    domain: string,
    opType: string,
    inputs: readonly string[],
    {
      attributes = {},
      count = 1,
    }: { readonly attributes?: Attributes; readonly count?: number } = {},
  ): string {
    const outputs = Array.from({ length: count }, () => this.#name());
    return this.builder.node(opType, inputs, { domain, attributes, outputs });
  }

  #name(): string {
    this.#count += 1;
    return `v${this.#count}`;
  }
}

type Attributes = Readonly<Record<string, AttributeValue>>;
type Build = (sketch: Sketch) => string;

const SIZES: readonly Sizes[] = [
  { N: 1, S: 3 },
  { N: 2, S: 5 },
];

const feedsOf = ({ N = 1, S = 1 }: Sizes): Tensors => ({
  x: normal([N, 4, 6, 8]),
  t: normal([N, S, 12]),
});

async function dimsOf(opset: number, build: Build): Promise<readonly Dim[] | null> {
  const sketch = new Sketch(opset);
  sketch.builder.input('x', 'float32', ['N', 4, 6, 8]);
  sketch.builder.input('t', 'float32', ['N', 'S', 12]);
  const result = build(sketch);
  sketch.builder.output(result, 'float32', null);
  const model = sketch.builder.build();
  // The declared type of the output is a guess: the runtime is asked for it.
  const untyped = { ...model.graph, outputs: [{ name: result, metadataProps: [] }] };
  const inferred = await checkShapes({ ...model, graph: untyped }, feedsOf, SIZES);
  expect(inferred(result).type).not.toBeNull();
  return inferred(result).dims;
}

export const ints = (...values: readonly number[]): AttributeValue => ({ ints: values });
export const int = (value: number): AttributeValue => ({ int: value });
export const kernel = { kernel_shape: ints(3, 2) } as const;

/** Name, opset, the dims that must be inferred, and what to build. */
export type ShapeCase = readonly [string, number, readonly Dim[], Build];

/** Every case is also run at two sizes. */
export function testShapes(cases: readonly ShapeCase[]): void {
  test.each(cases)('%s, opset %i', async (_, opset, expected, build) => {
    expect(await dimsOf(opset, build)).toEqual(expected);
  });
}
