import { describe } from 'vitest';
import { int, ints, testShapes } from './sketch.ts';

describe('normalization, reductions, matrices', () => {
  testShapes([
    [
      'BatchNormalization',
      15,
      ['N', 4, 6, 8],
      (g) =>
        g.node('BatchNormalization', [
          'x',
          g.floats([4]),
          g.floats([4]),
          g.floats([4]),
          g.floats([4]),
        ]),
    ],
    [
      'LayerNormalization with its statistics',
      17,
      ['N', 'S', 12],
      (g) => g.node('LayerNormalization', ['t', g.floats([12])], {}, 3),
    ],
    [
      'ReduceMean by attribute',
      13,
      ['N', 'S', 1],
      (g) => g.node('ReduceMean', ['t'], { axes: ints(-1) }),
    ],
    [
      'ReduceMean by input',
      18,
      ['N', 'S'],
      (g) => g.node('ReduceMean', ['t', g.ints(2)], { keepdims: int(0) }),
    ],
    ['ReduceSum by input', 13, ['N', 1, 12], (g) => g.node('ReduceSum', ['t', g.ints(1)])],
    [
      'ReduceSum of nothing',
      13,
      ['N', 'S', 12],
      (g) => g.node('ReduceSum', ['t'], { noop_with_empty_axes: int(1) }),
    ],
    ['ReduceMax of everything', 13, [], (g) => g.node('ReduceMax', ['t'], { keepdims: int(0) })],
    ['ArgMax', 13, ['N', 12], (g) => g.node('ArgMax', ['t'], { axis: int(1), keepdims: int(0) })],
    ['TopK', 11, ['N', 'S', 5], (g) => g.node('TopK', ['t', g.ints(5)], {}, 2)],
    ['MatMul', 17, ['N', 'S', 7], (g) => g.node('MatMul', ['t', g.floats([12, 7])])],
    [
      'MatMul of scores',
      17,
      ['N', 'S', 'S'],
      (g) => g.node('MatMul', ['t', g.node('Transpose', ['t'], { perm: ints(0, 2, 1) })]),
    ],
    ['MatMul with a vector', 17, ['N', 'S'], (g) => g.node('MatMul', ['t', g.floats([12])])],
    [
      'Gemm',
      17,
      [7, 5],
      (g) =>
        g.node('Gemm', [g.floats([3, 7]), g.floats([5, 3]), g.floats([5])], {
          transA: int(1),
          transB: int(1),
        }),
    ],
    [
      'Einsum',
      17,
      ['N', 12, 12],
      (g) => g.node('Einsum', ['t', 't'], { equation: { string: 'bsi, bsj -> bij' } }),
    ],
  ]);
});
