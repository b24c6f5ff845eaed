import { describe } from 'vitest';
import { int, ints, kernel, testShapes } from './sketch.ts';

describe('windows', () => {
  testShapes([
    [
      'Conv',
      17,
      ['N', 5, 6, 4],
      (g) =>
        g.node('Conv', ['x', g.floats([5, 4, 3, 2])], {
          pads: ints(1, 0, 1, 1),
          strides: ints(1, 2),
        }),
    ],
    [
      'Conv, dilated, in groups',
      17,
      ['N', 4, 2, 6],
      (g) =>
        g.node('Conv', ['x', g.floats([4, 1, 3, 3])], { group: int(4), dilations: ints(2, 1) }),
    ],
    [
      'Conv that keeps the size',
      17,
      ['N', 5, 3, 4],
      (g) =>
        g.node('Conv', ['x', g.floats([5, 4, 3, 3])], {
          auto_pad: { string: 'SAME_UPPER' },
          strides: ints(2, 2),
        }),
    ],
    [
      'Conv over a free length',
      17,
      ['N', 2, 'S+2'],
      (g) =>
        g.node(
          'Conv',
          [g.node('Transpose', ['t'], { perm: ints(0, 2, 1) }), g.floats([2, 12, 3])],
          { pads: ints(2, 2) },
        ),
    ],
    [
      'ConvTranspose',
      17,
      ['N', 6, 12, 17],
      (g) =>
        g.node('ConvTranspose', ['x', g.floats([4, 3, 3, 3])], {
          group: int(2),
          strides: ints(2, 2),
          pads: ints(1, 0, 1, 1),
          output_padding: ints(1, 1),
        }),
    ],
    [
      'ConvTranspose of a given size',
      17,
      ['N', 3, 13, 17],
      (g) =>
        g.node('ConvTranspose', ['x', g.floats([4, 3, 3, 3])], {
          strides: ints(2, 2),
          output_shape: ints(13, 17),
        }),
    ],
    [
      'MaxPool with its indices',
      12,
      ['N', 4, 3, 7],
      (g) =>
        g.node('MaxPool', ['x'], { ...kernel, strides: ints(2, 1), pads: ints(1, 0, 0, 0) }, 2),
    ],
    [
      'AveragePool that rounds up where nothing is left',
      17,
      ['N', 4, 3, 8],
      (g) =>
        g.node('AveragePool', ['x'], {
          ...kernel,
          strides: ints(2, 1),
          pads: ints(1, 0, 0, 1),
          ceil_mode: int(1),
        }),
    ],
    [
      'AveragePool that rounds up',
      17,
      ['N', 4, null, 7],
      (g) => g.node('AveragePool', ['x'], { ...kernel, strides: ints(2, 1), ceil_mode: int(1) }),
    ],
    ['GlobalAveragePool', 17, ['N', 4, 1, 1], (g) => g.node('GlobalAveragePool', ['x'])],
    [
      'ConvInteger',
      17,
      ['N', 2, 4, 6],
      (g) =>
        g.node('ConvInteger', [
          g.node('DynamicQuantizeLinear', ['x'], {}, 3),
          g.bytes([2, 4, 3, 3]),
        ]),
    ],
  ]);
});
