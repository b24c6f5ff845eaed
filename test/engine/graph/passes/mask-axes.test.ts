import { expect, test } from 'vitest';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { broadcastAxes } from '../../../../engine/graph/passes/mask-axes.ts';

test.each<[string, readonly Dim[], readonly Dim[], readonly (number | null)[]]>([
  ['of equal dims', ['N', 5], ['N', 5], [0, 1]],
  ['of fewer axes', ['S'], ['N', 2, 'S'], [null, null, 0]],
  ['of one element', [1, 'S'], ['N', 'S'], [null, 1]],
])('says along which axes a value %s is repeated', (_, from, to, axes) => {
  expect(broadcastAxes(from, to)).toEqual(axes);
});

test.each<[string, readonly Dim[] | null, readonly Dim[] | null]>([
  ['one dim may be 1', ['M'], ['S']],
  ['a dim is not known', [null], [null]],
  ['it has more axes', ['N', 'S'], ['S']],
  ['its rank is not known', null, ['S']],
  ['the rank of the result is not known', ['S'], null],
])('says nothing where %s', (_, from, to) => {
  expect(broadcastAxes(from, to)).toBeNull();
});
