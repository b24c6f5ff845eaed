import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import { cleanQdq } from '../../../../engine/graph/passes/clean-qdq.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';

const X = [2, 3, 4];

interface Step {
  readonly scale?: number | readonly number[];
  /** Null for none. */
  readonly zero?: number | null;
  readonly type?: 'uint8' | 'int8' | 'uint16';
  readonly axis?: number;
}

/** Adds quantization steps, each with parameters of its own. */
class QdqWriter {
  readonly builder: ModelBuilder;
  #count = 0;

  constructor(opset = 21) {
    this.builder = new ModelBuilder({ name: 'g', opset });
    this.builder.input('x', 'float32', ['N', 3, 4]);
  }

  quantize(value: string, step: Step = {}): string {
    return this.#step('QuantizeLinear', value, step);
  }

  dequantize(value: string, step: Step = {}): string {
    return this.#step('DequantizeLinear', value, step);
  }

  #step(opType: string, value: string, step: Step): string {
    const { scale = 0.05, zero = 3, type = 'uint8', axis } = step;
    this.#count += 1;
    const scales = Float32Array.from(typeof scale === 'number' ? [scale] : scale);
    const dims = typeof scale === 'number' ? [] : [scale.length];
    const inputs = [
      value,
      this.builder.initializer(`scale${this.#count}`, { type: 'float32', dims, data: scales }),
    ];
    if (zero !== null) {
      const Elements = { uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array }[type];
      const data = new Elements(scales.length).fill(zero);
      inputs.push(this.builder.initializer(`zero${this.#count}`, { type, dims, data }));
    }
    const attributes: Record<string, AttributeValue> =
      axis === undefined ? {} : { axis: { int: axis } };
    return this.builder.node(opType, inputs, { attributes });
  }

  check(): Promise<CheckedPass> {
    return checkPass(cleanQdq, this.builder.build(), { x: normal(X) });
  }
}

/** Quantized, dequantized, quantized and dequantized again. */
function twice(first: Step, second: Step, opset?: number): QdqWriter {
  const w = new QdqWriter(opset);
  const once = w.dequantize(w.quantize('x', first), first);
  w.builder.output(w.dequantize(w.quantize(once, second), second), 'float32', null);
  return w;
}

describe('a pair that gives back its integers', () => {
  test.each<[string, Step, number]>([
    ['of 8 bits', {}, 10],
    ['of signed 8 bits', { type: 'int8', zero: -5 }, 13],
    ['of 16 bits', { type: 'uint16', zero: 32_768, scale: 1e-4 }, 21],
    ['with a scale for each channel', { scale: [0.1, 0.02, 0.3], zero: 7, axis: 1 }, 13],
  ])('is removed %s, and then the second DequantizeLinear', async (_, step, opset) => {
    const { operators } = await twice(step, step, opset).check();
    expect(operators).toEqual(['QuantizeLinear', 'DequantizeLinear']);
  });

  test('gives back all 256 integers exactly', async () => {
    const w = new QdqWriter();
    const data = Uint8Array.from({ length: 256 }, (_, index) => index);
    const integers = w.builder.initializer('q', { type: 'uint8', dims: [256], data });
    const step = { scale: 0.007_812_499, zero: 131 };
    const back = w.quantize(w.dequantize(integers, step), step);
    w.builder.output(w.builder.node('Transpose', [back]), 'uint8', null);
    const { operators } = await w.check();
    expect(operators).toEqual(['Transpose']);
  });

  test.each<[string, Step, Step]>([
    ['another scale', {}, { scale: 0.06 }],
    ['another zero point', {}, { zero: 4 }],
    ['another type', {}, { type: 'int8' }],
    ['no zero point', { zero: null }, { zero: null }],
    ['a scale near the smallest float32', { scale: 1e-38 }, { scale: 1e-38 }],
    ['another axis', { scale: [1, 1, 1], axis: 1 }, { scale: [1, 1, 1, 1], axis: 2 }],
  ])('is left alone with %s', async (_, first, second) => {
    const { operators, skipped } = await twice(first, second).check();
    expect(operators).toHaveLength(4);
    expect(skipped).toHaveLength(1);
  });

  test('is left alone when a parameter may be fed', async () => {
    const w = twice({}, {});
    w.builder.input('scale3', 'float32', []);
    expect((await w.check()).rewrites).toBe(0);
  });

  test('is left alone when an input of the graph would become its output', async () => {
    const w = new QdqWriter();
    w.builder.input('q', 'uint8', [4]);
    w.builder.output(w.quantize(w.dequantize('q')), 'uint8', null);
    w.builder.output(w.builder.node('Neg', ['x']), 'float32', null);
    const { rewrites, skipped } = await checkPass(cleanQdq, w.builder.build(), {
      x: normal(X),
      q: { type: 'uint8', dims: [4], data: Uint8Array.of(0, 1, 254, 255) },
    });
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toContain('output of the graph');
  });

  test('keeps a DequantizeLinear that is needed elsewhere', async () => {
    const w = new QdqWriter();
    const real = w.dequantize(w.quantize('x'));
    w.builder.output(w.builder.node('Neg', [real]), 'float32', null);
    w.builder.output(w.builder.node('Transpose', [w.quantize(real)]), 'uint8', null);
    const { operators } = await w.check();
    expect(operators).toEqual(['QuantizeLinear', 'DequantizeLinear', 'Neg', 'Transpose']);
  });
});

test('QuantizeLinear followed by DequantizeLinear rounds and stays', async () => {
  const w = new QdqWriter();
  w.builder.output(w.dequantize(w.quantize('x')), 'float32', null);
  expect((await w.check()).rewrites).toBe(0);
});

describe('data movement between the two', () => {
  interface Moved {
    readonly op?: string;
    readonly second?: Step;
    readonly step?: Step;
    readonly isShared?: boolean;
    readonly attributes?: Readonly<Record<string, AttributeValue>>;
    readonly shape?: readonly number[];
  }

  function moved(options: Moved): Promise<CheckedPass> {
    const { op = 'Transpose', step = {}, second = step, shape } = options;
    const w = new QdqWriter();
    const inputs = [w.dequantize(w.quantize('x', step), step)];
    if (shape !== undefined) {
      const data = BigInt64Array.from(shape, BigInt);
      inputs.push(w.builder.initializer('shape', { type: 'int64', dims: [shape.length], data }));
    }
    const value = w.builder.node(op, inputs, { attributes: options.attributes ?? {} });
    w.builder.output(w.dequantize(w.quantize(value, second), second), 'float32', null);
    if (options.isShared === true) w.builder.output(value, 'float32', null);
    return w.check();
  }

  test.each<[string, Moved]>([
    ['Transpose', { attributes: { perm: { ints: [2, 0, 1] } } }],
    ['Reshape', { shape: [-1, 12] }],
    ['Flatten', {}],
    ['Unsqueeze', { shape: [0] }],
  ])('%s moves the integers instead', async (op, options) => {
    const { operators } = await moved({ op, ...options });
    expect(operators).toEqual(['QuantizeLinear', op, 'DequantizeLinear']);
  });

  test.each<[string, Moved]>([
    ['with other parameters', { second: { scale: 0.1 } }],
    [
      'with a scale for each channel',
      { step: { scale: [1, 2, 3], axis: 1 }, op: 'Reshape', shape: [-1, 3, 4] },
    ],
    ['that is used elsewhere', { isShared: true }],
    ['of 16 bits', { step: { type: 'uint16' } }],
    ['that computes', { op: 'Relu' }],
  ])('is left alone %s', async (_, options) => {
    const { rewrites } = await moved(options);
    expect(rewrites).toBe(0);
  });
});

describe('a second DequantizeLinear of the same integers', () => {
  function two(first: Step, second: Step, areOutputs: boolean): QdqWriter {
    const w = new QdqWriter();
    const integers = w.quantize('x', first);
    const reals = [w.dequantize(integers, first), w.dequantize(integers, second)];
    for (const real of reals) {
      w.builder.output(areOutputs ? real : w.builder.node('Neg', [real]), 'float32', null);
    }
    return w;
  }

  test('is merged with the first', async () => {
    const { operators } = await two({}, {}, false).check();
    expect(operators).toEqual(['QuantizeLinear', 'DequantizeLinear', 'Neg', 'Neg']);
  });

  test('is left alone with other parameters', async () => {
    expect((await two({}, { scale: 0.1 }, false).check()).rewrites).toBe(0);
  });

  test('is left alone when both are outputs of the graph', async () => {
    const { rewrites, skipped } = await two({}, {}, true).check();
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toBe('it and its equal are outputs of the graph');
  });
});
