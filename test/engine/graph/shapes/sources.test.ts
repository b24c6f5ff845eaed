import { describe } from 'vitest';
import { int, ints, testShapes } from './sketch.ts';

describe('sources, quantization, contributed operators', () => {
  testShapes([
    [
      'ConstantOfShape',
      17,
      ['N', 'S', 12],
      (g) => g.node('ConstantOfShape', [g.node('Shape', ['t'])]),
    ],
    [
      'Range',
      17,
      ['S'],
      (g) =>
        g.node('Range', [g.int(0), g.node('Gather', [g.node('Shape', ['t']), g.int(1)]), g.int(1)]),
    ],
    ['Range of numbers', 17, [3], (g) => g.node('Range', [g.int(9), g.int(0), g.int(-3)])],
    ['RandomNormal', 17, [2, 3], (g) => g.node('RandomNormal', [], { shape: ints(2, 3) })],
    [
      'LSTM',
      14,
      ['N', 1, 'S', 5],
      (g) =>
        g.node(
          'LSTM',
          ['t', g.floats([1, 20, 12]), g.floats([1, 20, 5])],
          { hidden_size: int(5) },
          3,
        ),
    ],
    [
      'QuantizeLinear and back',
      17,
      ['N', 'S', 12],
      (g) =>
        g.node('DequantizeLinear', [
          g.node('QuantizeLinear', ['t', g.floats([]), g.bytes([], 'int8')]),
          g.floats([]),
          g.bytes([], 'int8'),
        ]),
    ],
    [
      'MatMulInteger',
      17,
      ['N', 'S', 7],
      (g) =>
        g.node('MatMulInteger', [g.node('DynamicQuantizeLinear', ['t'], {}, 3), g.bytes([12, 7])]),
    ],
    [
      'FusedMatMul',
      17,
      ['N', 'S', 7],
      (g) =>
        g.contributed('com.microsoft', 'FusedMatMul', ['t', g.floats([7, 12])], {
          attributes: { transB: int(1) },
        }),
    ],
    [
      'FusedConv',
      17,
      ['N', 5, 4, 6],
      (g) =>
        g.contributed('com.microsoft', 'FusedConv', ['x', g.floats([5, 4, 3, 3])], {
          attributes: { activation: { string: 'Relu' } },
        }),
    ],
    [
      'FusedGemm',
      17,
      [3, 5],
      (g) =>
        g.contributed('com.microsoft', 'FusedGemm', [g.floats([3, 7]), g.floats([7, 5])], {
          attributes: { activation: { string: 'Relu' } },
        }),
    ],
    [
      'BiasGelu',
      17,
      ['N', 'S', 12],
      (g) => g.contributed('com.microsoft', 'BiasGelu', ['t', g.floats([12])]),
    ],
    [
      'SkipLayerNormalization',
      17,
      ['N', 'S', 12],
      (g) =>
        g.contributed('com.microsoft', 'SkipLayerNormalization', ['t', 't', g.floats([12])], {
          attributes: { epsilon: { float: 1e-5 } },
        }),
    ],
    [
      'Attention',
      17,
      ['N', 'S', 8],
      (g) =>
        g.contributed('com.microsoft', 'Attention', ['t', g.floats([12, 24]), g.floats([24])], {
          attributes: { num_heads: int(2) },
        }),
    ],
    [
      'Attention with values of another size',
      17,
      ['N', 'S', 6],
      (g) =>
        g.contributed('com.microsoft', 'Attention', ['t', g.floats([12, 22]), g.floats([22])], {
          attributes: { num_heads: int(2), qkv_hidden_sizes: { ints: [8, 8, 6] } },
        }),
    ],
  ]);
});
