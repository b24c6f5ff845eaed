import { describe, expect, it } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { inputHints, type InputHint } from '../../../engine/graph/input-hints.ts';

function hintsOf(build: (builder: ModelBuilder) => void): InputHint[] {
  const builder = new ModelBuilder({ name: 'hints', opset: 17 });
  build(builder);
  return inputHints(builder.build());
}

/** A table of 10 rows and 4 columns. */
function table(builder: ModelBuilder, name = 'table'): string {
  return builder.initializer(name, {
    type: 'float32',
    dims: [10, 4],
    data: new Float32Array(40),
  });
}

describe('inputHints', () => {
  it('bounds indices by the rows of the table', () => {
    const hints = hintsOf((b) => {
      b.node('Gather', [table(b), b.input('ids', 'int64', ['N'])]);
    });
    expect(hints).toEqual([{ name: 'ids', role: 'indices', upperBound: 10 }]);
  });

  it.each([
    [1n, 4],
    [-1n, 4],
    [-2n, 10],
  ])('takes the dimension along axis %s', (axis, upperBound) => {
    const [hint] = hintsOf((b) => {
      const ids = b.input('ids', 'int32', ['N']);
      b.node('Gather', [table(b), ids], { attributes: { axis: { int: axis } } });
    });
    expect(hint?.upperBound).toBe(upperBound);
  });

  it('follows casts and reshapes, and takes the smallest table', () => {
    const [hint] = hintsOf((b) => {
      const ids = b.input('ids', 'int64', ['N', 'S']);
      const cast = b.node('Cast', [ids], { attributes: { to: { int: 6 } } });
      b.node('Gather', [table(b), b.node('Unsqueeze', [cast, 'axes'])]);
      const small = b.initializer('small', { type: 'int8', dims: [3], data: new Int8Array(3) });
      b.node('Gather', [small, b.node('Reshape', [cast, 'shape'])]);
    });
    expect(hint).toEqual({ name: 'ids', role: 'indices', upperBound: 3 });
  });

  it('finds a table behind a dequantization', () => {
    const [hint] = hintsOf((b) => {
      const weights = b.node('DequantizeLinear', [table(b), 'scale']);
      b.node('Gather', [weights, b.input('ids', 'int64', ['N'])]);
    });
    expect(hint?.upperBound).toBe(10);
  });

  it('knows no bound when the table is computed', () => {
    const [hint] = hintsOf((b) => {
      const x = b.input('x', 'float32', ['M', 2]);
      b.node('Gather', [x, b.input('ids', 'int64', ['N'])]);
    });
    expect(hint).toEqual({ name: 'ids', role: 'indices', upperBound: null });
  });

  it('does not take the gathered data for indices', () => {
    const [hint] = hintsOf((b) => {
      const x = b.input('x', 'int64', ['M']);
      b.node('Gather', [
        x,
        b.initializer('i', { type: 'int64', dims: [], data: new BigInt64Array(1) }),
      ]);
    });
    expect(hint?.role).toBe('unknown');
  });

  it('recognizes a mask by its name or by what becomes of it', () => {
    const hints = hintsOf((b) => {
      b.input('attention_mask', 'int64', ['N', 'S']);
      b.node('Cast', [b.input('m1', 'int64', ['N'])], { attributes: { to: { int: 1 } } });
      const m2 = b.input('m2', 'int64', ['N']);
      b.node('Equal', [b.node('Unsqueeze', [m2, 'axes']), 'zero']);
      b.node('Where', ['condition', b.input('w', 'int64', ['N']), 'other']);
    });
    expect(hints.map((hint) => [hint.name, hint.role])).toEqual([
      ['attention_mask', 'mask'],
      ['m1', 'mask'],
      ['m2', 'mask'],
      ['w', 'unknown'],
    ]);
  });

  it('says nothing of floating-point inputs', () => {
    expect(hintsOf((b) => void b.input('x', 'float32', [1]))).toEqual([]);
  });

  it('ends on a cyclic graph', () => {
    const [hint] = hintsOf((b) => {
      b.input('ids', 'int64', ['N']);
      b.node('Identity', ['ids'], { outputs: ['a'] });
      b.node('Identity', ['a'], { outputs: ['ids'] });
      b.node('Identity', ['loop'], { outputs: ['loop'] });
      b.node('Gather', ['loop', 'a']);
    });
    expect(hint).toEqual({ name: 'ids', role: 'indices', upperBound: null });
  });
});
