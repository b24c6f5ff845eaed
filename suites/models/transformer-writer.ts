import type { Random } from '../../engine/base/random.ts';
import type { ModelBuilder } from '../../engine/graph/builder.ts';
import type { AttributeValue } from '../../engine/graph/create-attribute.ts';

/** Writes the parts of a transformer as exporters do, with weights of seeded noise. */
export class TransformerWriter {
  readonly #builder: ModelBuilder;
  readonly #random: Random;
  readonly #scalars = new Map<string, string>();

  constructor(builder: ModelBuilder, random: Random) {
    this.#builder = builder;
    this.#random = random;
  }

  /** A product and a bias. */
  linear(input: string, name: string, dims: readonly [number, number]): string {
    const weight = this.noise(`${name}.weight`, dims, Math.sqrt(1 / dims[0]));
    const bias = this.noise(`${name}.bias`, [dims[1]], 0.02);
    return this.node('Add', [this.node('MatMul', [input, weight]), bias]);
  }

  /** x / 2 (1 + erf(x / sqrt 2)). */
  gelu(input: string): string {
    const root = this.scalar('gelu/root', Math.SQRT2);
    const erf = this.node('Erf', [this.node('Div', [input, root])]);
    const sum = this.node('Add', [erf, this.scalar('gelu/one', 1)]);
    return this.node('Mul', [this.node('Mul', [input, sum]), this.scalar('gelu/half', 0.5)]);
  }

  /** A LayerNormalization of the last axis. */
  norm(input: string, name: string, width: number): string {
    const ones = new Float32Array(width).fill(1);
    const scale = this.#builder.initializer(`${name}.weight`, {
      type: 'float32',
      dims: [width],
      data: ones,
    });
    const shift = this.noise(`${name}.bias`, [width], 0.02);
    return this.node('LayerNormalization', [input, scale, shift], {
      axis: { int: -1 },
      epsilon: { float: 1e-12 },
    });
  }

  integers(
    name: string,
    values: readonly number[],
    dims: readonly number[] = [values.length],
  ): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#builder.initializer(name, { type: 'int64', dims, data });
  }

  /** One for each name. */
  scalar(name: string, value: number): string {
    const known = this.#scalars.get(name);
    if (known !== undefined) return known;
    const content = { type: 'float32', dims: [], data: Float32Array.of(value) } as const;
    const made = this.#builder.initializer(name, content);
    this.#scalars.set(name, made);
    return made;
  }

  /** Standard normal noise times the scale. */
  noise(name: string, dims: readonly number[], scale: number): string {
    const length = dims.reduce((product, dim) => product * dim, 1);
    const data = Float32Array.from({ length }, () => scale * this.#random.normal());
    return this.#builder.initializer(name, { type: 'float32', dims, data });
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.#builder.node(opType, inputs, { attributes });
  }
}
