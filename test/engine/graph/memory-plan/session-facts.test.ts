import { expect, test } from 'vitest';
import type { Buffer } from '../../../../engine/graph/memory-plan/assign-buffers.ts';
import { keepLargest, MAX_BUFFERS } from '../../../../engine/graph/memory-plan/session-facts.ts';
import { perSample } from './sketched-execution.ts';

test('of many buffers the largest are kept, in their order', () => {
  const buffers = Array.from({ length: MAX_BUFFERS + 2 }, (_, first): Buffer => {
    const size = perSample(first === 1 || first === 5 ? 1 : 10);
    return {
      size,
      first,
      last: first,
      isOutput: false,
      tensors: [{ name: `t${first}`, madeBy: first }],
    };
  });
  const kept = keepLargest(buffers, 2);
  expect(kept).toHaveLength(MAX_BUFFERS);
  expect(kept.slice(0, 5).map(({ first }) => first)).toEqual([0, 2, 3, 4, 6]);
});
