import { expect, test } from 'vitest';
import { RememberedShapes, shapesKey } from '../../../../engine/runtime/process/output-shapes.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';

function outputs(rows: number): Tensors {
  return { y: { type: 'float32', dims: [rows, 1024], data: new Float32Array(rows * 1024) } };
}

test('shapes of large outputs are told for feeds of the same shapes', () => {
  const shapes = new RememberedShapes();
  expect(shapes.of('a')).toBeNull();
  shapes.note('a', outputs(16));
  expect(shapes.of('a')).toEqual({ y: { type: 'float32', dims: [16, 1024] } });
  expect(shapes.of('b')).toBeNull();
});

test('outputs under 64 KiB, texts and float16 are copied instead', () => {
  const shapes = new RememberedShapes();
  shapes.note('small', outputs(15));
  const texts = { y: { type: 'string', dims: [1], data: ['a'] } } as const;
  shapes.note('texts', { ...texts, z: outputs(16)['y'] as never });
  shapes.note('half', {
    y: { type: 'float16', dims: [50_000], data: new Uint16Array(50_000) },
  });
  expect(['small', 'texts', 'half'].map((key) => shapes.of(key))).toEqual([null, null, null]);
});

test('64 shapes of feeds are remembered', () => {
  const shapes = new RememberedShapes();
  for (let index = 0; index < 65; index += 1) shapes.note(String(index), outputs(16));
  expect(shapes.of('0')).toBeNull();
  expect(shapes.of('1')).not.toBeNull();
  expect(shapes.of('64')).not.toBeNull();
});

test('feeds are told apart by names, types and shapes, not by where they lie', () => {
  const at = (offset: number): string => shapesKey({ x: { type: 'int8', dims: [1, 2], offset } });
  expect(at(0)).toBe(at(64));
  const others = [
    shapesKey({ y: { type: 'int8', dims: [1, 2], offset: 0 } }),
    shapesKey({ x: { type: 'uint8', dims: [1, 2], offset: 0 } }),
    shapesKey({ x: { type: 'int8', dims: [12], offset: 0 } }),
  ];
  expect(new Set([at(0), ...others]).size).toBe(4);
});
