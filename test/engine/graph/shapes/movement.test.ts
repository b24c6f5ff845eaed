import { describe } from 'vitest';
import { int, ints, testShapes } from './sketch.ts';

describe('data movement', () => {
  testShapes([
    [
      'Reshape with a copy and a rest',
      17,
      ['N', 24, 8],
      (g) => g.node('Reshape', ['x', g.ints(0, -1, 8)]),
    ],
    [
      'Reshape whose rest has symbols',
      17,
      ['N*S', 3, 4],
      (g) => g.node('Reshape', ['t', g.ints(-1, 3, 4)]),
    ],
    ['Flatten', 17, ['N', 192], (g) => g.node('Flatten', ['x'])],
    [
      'Flatten of a free length',
      17,
      ['N*S', 12],
      (g) => g.node('Flatten', ['t'], { axis: int(-1) }),
    ],
    ['Transpose', 17, [8, 6, 4, 'N'], (g) => g.node('Transpose', ['x'])],
    [
      'Unsqueeze and Squeeze by attribute',
      11,
      ['N', 4, 6, 8, 1],
      (g) =>
        g.node('Squeeze', [g.node('Unsqueeze', ['x'], { axes: ints(0, 5) })], { axes: ints(0) }),
    ],
    [
      'Unsqueeze and Squeeze by input',
      13,
      ['N', 4, 6, 8, 1],
      (g) => g.node('Squeeze', [g.node('Unsqueeze', ['x', g.ints(0, -1)]), g.ints(0)]),
    ],
    ['Concat', 17, ['N', '2*S', 12], (g) => g.node('Concat', ['t', 't'], { axis: int(1) })],
    [
      'Split by attribute',
      11,
      ['N', 1, 6, 8],
      (g) => g.node('Split', ['x'], { axis: int(1), split: ints(1, 3) }, 2),
    ],
    [
      'Split by input',
      13,
      ['N', 'S', 2],
      (g) => g.node('Split', ['t', g.ints(2, 10)], { axis: int(2) }, 2),
    ],
    [
      'Split into unequal parts',
      18,
      ['N', 4, 6, 3],
      (g) => g.node('Split', ['x'], { axis: int(-1), num_outputs: int(3) }, 3),
    ],
    [
      'Slice by attribute',
      9,
      ['N', 2, 6, 5],
      (g) => g.node('Slice', ['x'], { axes: ints(1, 3), starts: ints(1, -6), ends: ints(3, -1) }),
    ],
    [
      'Slice with steps',
      13,
      ['N', 2, 6, 3],
      (g) =>
        g.node('Slice', ['x', g.ints(0, 7), g.ints(Infinity, 1), g.ints(1, -1), g.ints(2, -2)]),
    ],
    [
      'Slice of a free length',
      13,
      ['N', 'min(4,S)', 12],
      (g) => g.node('Slice', ['t', g.ints(0), g.ints(4), g.ints(1)]),
    ],
    [
      'Slice to the end',
      13,
      ['N', 'S', 11],
      (g) => g.node('Slice', ['t', g.ints(0, 1), g.ints(Infinity, Infinity), g.ints(1, 2)]),
    ],
    [
      'Slice from behind',
      13,
      ['N', null, 12],
      (g) => g.node('Slice', ['t', g.ints(-2), g.ints(Infinity), g.ints(1)]),
    ],
    [
      'Slice backwards',
      13,
      ['N', 'S', 12],
      (g) => g.node('Slice', ['t', g.ints(-1), g.ints(-Infinity), g.ints(1), g.ints(-1)]),
    ],
    ['Gather', 17, ['N', 2, 6, 8], (g) => g.node('Gather', ['x', g.ints(0, 3)], { axis: int(1) })],
    ['Gather of one', 17, ['N', 6, 8], (g) => g.node('Gather', ['x', g.int(-1)], { axis: int(1) })],
    [
      'GatherND',
      15,
      ['N', 6, 8],
      (g) =>
        g.node(
          'GatherND',
          [
            'x',
            g.node('Expand', [
              g.ints(1),
              g.node(
                'Concat',
                [g.node('Shape', ['x'], { start: int(0), end: int(1) }), g.ints(1)],
                { axis: int(0) },
              ),
            ]),
          ],
          { batch_dims: int(1) },
        ),
    ],
    [
      'Expand',
      17,
      ['N', 4, 6, 8],
      (g) => g.node('Expand', [g.floats([1, 1, 8]), g.node('Shape', ['x'])]),
    ],
    ['Tile', 17, ['N', '2*S', 36], (g) => g.node('Tile', ['t', g.ints(1, 2, 3)])],
    [
      'Pad by attribute',
      10,
      ['N', 4, 9, 8],
      (g) => g.node('Pad', ['x'], { pads: ints(0, 0, 1, 0, 0, 0, 2, 0) }),
    ],
    ['Pad by input', 13, ['N', 'S+3', 11], (g) => g.node('Pad', ['t', g.ints(0, 1, 0, 0, 2, -1)])],
    [
      'Pad of some axes',
      18,
      ['N', 4, 7, 10],
      (g) => g.node('Pad', ['x', g.ints(2, 0, 0, 1), '', g.ints(-1, 2)]),
    ],
    [
      'DepthToSpace and back',
      13,
      ['N', 4, 6, 8],
      (g) =>
        g.node('SpaceToDepth', [g.node('DepthToSpace', ['x'], { blocksize: int(2) })], {
          blocksize: int(2),
        }),
    ],
    ['OneHot', 11, [2, 5], (g) => g.node('OneHot', [g.ints(1, 3), g.int(5), g.floats([2])])],
    ['NonZero', 13, [3, null], (g) => g.node('NonZero', ['t'])],
    ['Trilu', 14, ['N', 'S', 12], (g) => g.node('Trilu', ['t'])],
    [
      'Resize by scales',
      13,
      ['N', 4, 12, 12],
      (g) => g.node('Resize', ['x', '', g.floats([4], 1, 1, 2, 1.5)]),
    ],
    [
      'Resize by sizes',
      17,
      ['N', 4, 9, 5],
      (g) =>
        g.node('Resize', [
          'x',
          '',
          '',
          g.node('Concat', [g.node('Shape', ['x'], { end: int(2) }), g.ints(9, 5)], {
            axis: int(0),
          }),
        ]),
    ],
    [
      'Upsample',
      9,
      ['N', 4, 12, 20],
      (g) => g.node('Upsample', ['x', g.floats([4], 1, 1, 2, 2.5)]),
    ],
  ]);
});
