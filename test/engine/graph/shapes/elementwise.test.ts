import { describe } from 'vitest';
import { int, testShapes } from './sketch.ts';

describe('element by element', () => {
  testShapes([
    ['Relu', 17, ['N', 4, 6, 8], (g) => g.node('Relu', ['x'])],
    ['Add of a vector', 17, ['N', 4, 6, 8], (g) => g.node('Add', [g.floats([8]), 'x'])],
    [
      'Mul that adds an axis',
      17,
      [5, 'N', 4, 6, 8],
      (g) => g.node('Mul', [g.floats([5, 1, 1, 1, 1]), 'x']),
    ],
    ['Less', 17, ['N', 'S', 12], (g) => g.node('Less', ['t', g.floats([])])],
    [
      'Where',
      17,
      ['N', 'S', 12],
      (g) => g.node('Where', [g.node('Less', ['t', g.floats([12])]), 't', g.floats([1])]),
    ],
    ['Cast', 17, ['N', 'S', 12], (g) => g.node('Cast', ['t'], { to: int(7) })],
    [
      'Max of three',
      13,
      ['N', 'S', 12],
      (g) => g.node('Max', ['t', g.floats([12]), g.floats([1, 1, 1])]),
    ],
    ['Pow with an integer exponent', 15, ['N', 'S', 12], (g) => g.node('Pow', ['t', g.int(2)])],
    ['Softmax', 13, ['N', 'S', 12], (g) => g.node('Softmax', ['t'])],
    ['Clip before inputs', 9, ['N', 'S', 12], (g) => g.node('Clip', ['t'], { min: { float: 0 } })],
    ['Dropout with its mask', 13, ['N', 'S', 12], (g) => g.node('Dropout', ['t'], {}, 2)],
    ['CumSum', 14, ['N', 'S', 12], (g) => g.node('CumSum', ['t', g.int(1)])],
    ['IsNaN', 13, ['N', 'S', 12], (g) => g.node('IsNaN', ['t'])],
    ['Gelu', 20, ['N', 'S', 12], (g) => g.node('Gelu', ['t'])],
  ]);
});
