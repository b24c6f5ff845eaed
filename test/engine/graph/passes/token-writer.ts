import { ModelBuilder, type NodeOptions } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';

/** Elements of a token of `x`. */
export const INPUT = 6;

/** Writes nodes on `x`, `[N, length, 6]`, and `mask`, `[N, length]` of int64, as exporters do. */
export class TokenWriter {
  readonly builder: ModelBuilder;
  #count = 0;

  /** Into a builder of its own, with the two inputs, or into one that has them. */
  constructor(
    into: ModelBuilder | { readonly opset: number; readonly batch?: Dim; readonly length: Dim },
  ) {
    if (into instanceof ModelBuilder) {
      this.builder = into;
      return;
    }
    const { opset, batch = 'N', length } = into;
    this.builder = new ModelBuilder({ name: 'g', opset });
    this.builder.input('x', 'float32', [batch, length, INPUT]);
    this.builder.input('mask', 'int64', [batch, length]);
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: NonNullable<NodeOptions['attributes']> = {},
  ): string {
    return this.builder.node(opType, inputs, { attributes });
  }

  number(value: number): string {
    const name = this.fresh('number');
    return this.builder.initializer(name, {
      type: 'float32',
      dims: [],
      data: Float32Array.of(value),
    });
  }

  ints(...values: number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.builder.initializer(this.fresh('ints'), {
      type: 'int64',
      dims: [values.length],
      data,
    });
  }

  int(value: number): string {
    const data = BigInt64Array.of(BigInt(value));
    return this.builder.initializer(this.fresh('int'), { type: 'int64', dims: [], data });
  }

  /** One of the dims of `x`, as a scalar. */
  dim(axis: number): string {
    const shape = this.node('Shape', ['x']);
    return this.node('Gather', [shape, this.int(axis)], { axis: { int: 0 } });
  }

  fresh(hint: string): string {
    this.#count += 1;
    return `${hint}_${this.#count}`;
  }
}
