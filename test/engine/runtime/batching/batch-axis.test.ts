import { describe, expect, it } from 'vitest';
import type { ValueInfo } from '../../../../engine/runtime/binding.ts';
import { findBatchAxis } from '../../../../engine/runtime/batching/batch-axis.ts';

function values(shapes: Readonly<Record<string, readonly (number | string)[]>>): ValueInfo[] {
  return Object.entries(shapes).map(([name, shape]) => ({ name, type: 'float32', shape }));
}

describe('findBatchAxis', () => {
  it('finds a name that every input and output shares', () => {
    const inputs = values({ ids: ['N', 'S'], mask: ['N', 'S'] });
    expect(findBatchAxis(inputs, values({ y: ['N', 3], z: ['N'] }))).toEqual({
      state: 'batched',
      proven: true,
    });
  });

  it.each<[string, (string | number)[], (string | number)[]]>([
    ['of an output', ['N', 2], ['', 3]],
    ['of every axis', ['', 2], ['', 3]],
  ])('leaves a missing name %s to be proven by runs', (_, x, y) => {
    expect(findBatchAxis(values({ x }), values({ y }))).toEqual({
      state: 'batched',
      proven: false,
    });
  });

  it('leaves an unnamed input beside a named one to be proven by runs', () => {
    const inputs = values({ a: ['', 2], b: ['N', 2] });
    expect(findBatchAxis(inputs, values({ y: ['N'] }))).toEqual({
      state: 'batched',
      proven: false,
    });
  });

  it.each<[string, Parameters<typeof values>[0], Parameters<typeof values>[0], string]>([
    ['a fixed input', { x: [1, 2] }, { y: ['N'] }, "axis 0 of 'x' is fixed: 1"],
    ['a fixed output', { x: ['N', 2] }, { y: [1, 2] }, "axis 0 of 'y' is fixed: 1"],
    ['a scalar input', { x: ['N'], t: [] }, { y: ['N'] }, "'t' has no axis 0"],
    ['a scalar output', { x: ['N'] }, { y: [] }, "'y' has no axis 0"],
    ['two names', { a: ['N'], b: ['M'] }, { y: ['N'] }, "axis 0 of 'b' is 'M', not 'N'"],
    [
      'an output of its own length',
      { x: ['N', 2] },
      { y: ['D', 7] },
      "axis 0 of 'y' is 'D', not 'N'",
    ],
    ['time before batch', { x: ['N', 'T'] }, { y: ['T', 'N'] }, "axis 0 of 'y' is 'T', not 'N'"],
    [
      'a named output of an unnamed input',
      { x: [''] },
      { y: ['D'] },
      "axis 0 of 'y' is 'D', not ''",
    ],
    ['pairs of samples', { x: ['N', 2] }, { y: ['N', 'N'] }, "axis 1 of 'y' is 'N' too"],
    ['no inputs', {}, { y: ['N'] }, 'the model has no inputs'],
  ])('finds none in %s, and says why', (_, inputs, outputs, reason) => {
    expect(findBatchAxis(values(inputs), values(outputs))).toEqual({ state: 'unbatched', reason });
  });

  it('allows several unnamed axes', () => {
    expect(findBatchAxis(values({ x: ['', ''] }), values({ y: ['', ''] })).state).toBe('batched');
  });
});
