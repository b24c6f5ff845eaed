import { createRandom, type Random } from '../../engine/base/random.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import type { AttributeValue } from '../../engine/graph/create-attribute.ts';
import type { OnnxModel } from '../../engine/graph/model.ts';

export interface EncoderShape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly length: number;
}

/**
 * A BERT encoder (Devlin et al. 2018) as a Python exporter writes it: eager
 * attention, products and biases apart, Gelu by its error function. Takes hidden
 * states [N, length, width] and gives such. Weights are seeded noise of the scale
 * that keeps activations as large as in a trained network.
 */
export function exportedEncoder(shape: EncoderShape, seed = 1): OnnxModel {
  const builder = new ModelBuilder({
    name: 'encoder',
    opset: 17,
    producer: { name: 'openclaw-models', version: '1' },
  });
  const encoder = new Encoder(builder, shape, createRandom(seed, 'encoder'));
  const dims = ['N', shape.length, shape.width];
  let hidden = builder.input('hidden', 'float32', dims);
  for (let layer = 0; layer < shape.layers; layer += 1) hidden = encoder.layer(hidden, layer);
  builder.node('Identity', [hidden], { outputs: ['last_hidden_state'] });
  builder.output('last_hidden_state', 'float32', dims);
  return builder.build();
}

class Encoder {
  readonly #builder: ModelBuilder;
  readonly #shape: EncoderShape;
  readonly #random: Random;

  constructor(builder: ModelBuilder, shape: EncoderShape, random: Random) {
    this.#builder = builder;
    this.#shape = shape;
    this.#random = random;
  }

  layer(hidden: string, index: number): string {
    const { width } = this.#shape;
    const name = `layer.${index}`;
    const attended = this.#attention(hidden, `${name}/attention`);
    const projected = this.#linear(attended, `${name}/attention/output`, [width, width]);
    const first = this.#norm(this.#node('Add', [projected, hidden]), `${name}/norm1`);
    const inner = this.#gelu(this.#linear(first, `${name}/intermediate`, [width, 4 * width]));
    const outer = this.#linear(inner, `${name}/output`, [4 * width, width]);
    return this.#norm(this.#node('Add', [outer, first]), `${name}/norm2`);
  }

  #attention(hidden: string, name: string): string {
    const { width, heads, length } = this.#shape;
    const part = (role: string, perm: readonly number[]): string => {
      const projected = this.#linear(hidden, `${name}/${role}`, [width, width]);
      const split = this.#reshape(projected, `${name}/${role}`, [0, length, heads, width / heads]);
      return this.#node('Transpose', [split], { perm: { ints: perm } });
    };
    const query = part('query', [0, 2, 1, 3]);
    const key = part('key', [0, 2, 3, 1]);
    const value = part('value', [0, 2, 1, 3]);
    const scale = this.#scalar(`${name}/scale`, Math.sqrt(width / heads));
    const scores = this.#node('Div', [this.#node('MatMul', [query, key]), scale]);
    const shares = this.#node('Softmax', [scores], { axis: { int: -1 } });
    const mixed = this.#node('MatMul', [shares, value]);
    const back = this.#node('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } });
    return this.#reshape(back, name, [0, length, width]);
  }

  #linear(input: string, name: string, dims: readonly [number, number]): string {
    const weight = this.#noise(`${name}.weight`, dims, Math.sqrt(1 / dims[0]));
    const bias = this.#noise(`${name}.bias`, [dims[1]], 0.02);
    return this.#node('Add', [this.#node('MatMul', [input, weight]), bias]);
  }

  /** x / 2 (1 + erf(x / sqrt 2)). */
  #gelu(input: string): string {
    const root = this.#scalar('gelu/root', Math.SQRT2);
    const erf = this.#node('Erf', [this.#node('Div', [input, root])]);
    const sum = this.#node('Add', [erf, this.#scalar('gelu/one', 1)]);
    return this.#node('Mul', [this.#node('Mul', [input, sum]), this.#scalar('gelu/half', 0.5)]);
  }

  #norm(input: string, name: string): string {
    const { width } = this.#shape;
    const ones = new Float32Array(width).fill(1);
    const scale = this.#builder.initializer(`${name}.weight`, {
      type: 'float32',
      dims: [width],
      data: ones,
    });
    const shift = this.#noise(`${name}.bias`, [width], 0.02);
    return this.#node('LayerNormalization', [input, scale, shift], {
      axis: { int: -1 },
      epsilon: { float: 1e-12 },
    });
  }

  #reshape(input: string, name: string, dims: readonly number[]): string {
    const data = BigInt64Array.from(dims, BigInt);
    const shape = this.#builder.initializer(`${name}.shape.${dims.length}`, {
      type: 'int64',
      dims: [dims.length],
      data,
    });
    return this.#node('Reshape', [input, shape]);
  }

  readonly #scalars = new Map<string, string>();

  #scalar(name: string, value: number): string {
    const known = this.#scalars.get(name);
    if (known !== undefined) return known;
    const content = { type: 'float32', dims: [], data: Float32Array.of(value) } as const;
    const made = this.#builder.initializer(name, content);
    this.#scalars.set(name, made);
    return made;
  }

  #noise(name: string, dims: readonly number[], scale: number): string {
    const length = dims.reduce((product, dim) => product * dim, 1);
    const data = Float32Array.from({ length }, () => scale * this.#random.normal());
    return this.#builder.initializer(name, { type: 'float32', dims, data });
  }

  #node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.#builder.node(opType, inputs, { attributes });
  }
}
