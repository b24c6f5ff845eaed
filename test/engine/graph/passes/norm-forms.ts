import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { weights } from './check-pass.ts';

/** How an exporter wrote a normalization along an axis. */
export interface NormForm {
  readonly opset?: number;
  readonly declared?: readonly Dim[] | null;
  readonly square?: 'Mul' | 'Pow' | 'Pow by an integer';
  readonly root?: 'Div' | 'Reciprocal' | 'one over' | 'Pow';
  readonly axis?: number;
  readonly keepdims?: number;
  readonly epsilon?: 'constant' | 'fed' | 'vector';
  /** Null for none. */
  readonly scale?: readonly number[] | null;
  readonly shift?: readonly number[] | null;
  readonly hasCasts?: boolean;
  readonly isRepeated?: boolean;
  /** An operator whose result is a graph output too. */
  readonly exposed?: string;
}

class NormWriter {
  readonly builder: ModelBuilder;
  readonly #form: NormForm;

  constructor(form: NormForm) {
    this.#form = form;
    this.builder = new ModelBuilder({ name: 'g', opset: form.opset ?? 17 });
    this.builder.input('x', 'float32', form.declared === undefined ? ['N', 3, 8] : form.declared);
  }

  scalar(name: string, value: number): string {
    const data = Float32Array.of(value);
    return this.builder.initializer(name, { type: 'float32', dims: [], data });
  }

  mean(value: string): string {
    const { opset = 17, axis = -1, keepdims = 1 } = this.#form;
    const keep: Record<string, AttributeValue> = { keepdims: { int: keepdims } };
    if (opset < 18) {
      return this.builder.node('ReduceMean', [value], {
        attributes: { ...keep, axes: { ints: [axis] } },
      });
    }
    const name = `axes_of_${value}`;
    const data = BigInt64Array.of(BigInt(axis));
    this.builder.initializer(name, { type: 'int64', dims: [1], data });
    return this.builder.node('ReduceMean', [value, name], { attributes: keep });
  }

  cast(value: string): string {
    if (this.#form.hasCasts !== true) return value;
    return this.builder.node('Cast', [value], { attributes: { to: { int: 1 } } });
  }

  square(value: string): string {
    const { square = 'Pow' } = this.#form;
    if (square === 'Mul') return this.builder.node('Mul', [value, value]);
    const exponent =
      square === 'Pow'
        ? this.scalar('two', 2)
        : this.builder.initializer('two', { type: 'int64', dims: [], data: BigInt64Array.of(2n) });
    return this.builder.node('Pow', [value, exponent]);
  }

  /** `value / sqrt(variance + epsilon)`. */
  quotient(value: string, variance: string): string {
    const { root = 'Div', epsilon = 'constant' } = this.#form;
    if (epsilon === 'vector') this.builder.initializer('epsilon', weights([8], 31));
    else this.scalar('epsilon', 1e-5);
    if (epsilon === 'fed') this.builder.input('epsilon', 'float32', []);
    const sum = this.builder.node('Add', [variance, 'epsilon']);
    if (root === 'Pow') {
      return this.builder.node('Div', [
        value,
        this.builder.node('Pow', [sum, this.scalar('h', 0.5)]),
      ]);
    }
    const sqrt = this.builder.node('Sqrt', [sum]);
    if (root === 'Div') return this.builder.node('Div', [value, sqrt]);
    const inverse =
      root === 'Reciprocal'
        ? this.builder.node('Reciprocal', [sqrt])
        : this.builder.node('Div', [this.scalar('one', 1), sqrt]);
    return this.builder.node('Mul', [value, inverse]);
  }

  finish(normalized: string): OnnxModel {
    const { scale = [8], shift = null, exposed } = this.#form;
    let value = this.cast(normalized);
    if (scale !== null) {
      value = this.builder.node('Mul', [this.builder.initializer('w', weights(scale)), value]);
    }
    if (shift !== null) {
      value = this.builder.node('Add', [value, this.builder.initializer('b', weights(shift, 9))]);
    }
    this.builder.output(value, 'float32', null);
    const node = this.builder.buildGraph().nodes.find(({ opType }) => opType === exposed);
    const other = node?.outputs[0];
    if (other !== undefined) this.builder.output(other, 'float32', null);
    return this.builder.build();
  }
}

/** Nodes of a layer normalization; `isRepeated`: x - mean is written twice. */
export function layerNormModel(form: NormForm): OnnxModel {
  const writer = new NormWriter({ shift: [8], ...form });
  const centre = (): string => writer.builder.node('Sub', ['x', writer.mean('x')]);
  const centred = centre();
  const again =
    form.isRepeated === true ? writer.builder.node('Sub', ['x', 'ReduceMean_0_output_0']) : centred;
  const variance = writer.mean(writer.square(writer.cast(again)));
  return writer.finish(writer.quotient(centred, variance));
}

/** Nodes of a root-mean-square normalization; `isRepeated`: of something else than x. */
export function rmsNormModel(form: NormForm): OnnxModel {
  const writer = new NormWriter(form);
  const squared = form.isRepeated === true ? writer.builder.node('Exp', ['x']) : 'x';
  const variance = writer.mean(writer.square(writer.cast(squared)));
  return writer.finish(writer.quotient('x', variance));
}
