import { expect, test } from 'vitest';
import { assignBuffers, type Buffer } from '../../../../engine/graph/memory-plan/assign-buffers.ts';
import { sketchedExecution } from './sketched-execution.ts';

/** `a,b 0-3 40`: tensors of a buffer, its first and last node, bytes a sample. */
function texts(buffers: readonly Buffer[]): string[] {
  return buffers.map(
    ({ tensors, first, last, size }) =>
      `${tensors.map(({ name }) => name).join(',')} ${first}-${last} ${size.sampleBytes}`,
  );
}

function buffersOf(nodes: readonly string[], outputs: readonly string[]): string[] {
  return texts(assignBuffers(sketchedExecution(nodes, outputs)));
}

test('a tensor has memory from the node that makes it to the last that reads it', () => {
  const nodes = ['Conv(x) -> a:8', 'Conv(a) -> b:6', 'Conv(b) -> c:4', 'Mul(a, c) -> y:2'];
  expect(buffersOf(nodes, ['y'])).toEqual(['a 0-3 8', 'b 1-2 6', 'c 2-3 4', 'y 3-3 2']);
});

test('a tensor that nobody reads is given back at once', () => {
  expect(buffersOf(['Split(x) -> a:8, b:8', 'Conv(a) -> y:4'], ['y'])).toEqual([
    'a 0-1 8',
    'b 0-0 8',
    'y 1-1 4',
  ]);
});

test('an output of the graph stays to the end', () => {
  const nodes = ['Conv(x) -> y:8', 'Conv(y) -> a:4', 'Conv(a) -> z:2'];
  expect(buffersOf(nodes, ['y', 'z'])).toEqual(['y 0-2 8', 'a 1-2 4', 'z 2-2 2']);
});

test('a view lies in what it views, and keeps it alive', () => {
  const nodes = ['Conv(x) -> a:8', 'Reshape(a, shape) -> b:8', 'Conv(b) -> y:4'];
  expect(buffersOf(nodes, ['y'])).toEqual(['a,b 0-2 8', 'y 2-2 4']);
});

test('a view of an input or of a weight takes nothing', () => {
  const nodes = ['Reshape(x, shape) -> a:8', 'Relu(a) -> b:8', 'Conv(b) -> y:4'];
  expect(buffersOf(nodes, ['y'])).toEqual(['b 1-2 8', 'y 2-2 4']);
});

test('an activation overwrites what nobody else reads', () => {
  const nodes = ['Conv(x) -> a:8', 'Relu(a) -> b:8', 'Conv(b) -> y:4'];
  expect(buffersOf(nodes, ['y'])).toEqual(['a,b 0-2 8', 'y 2-2 4']);
});

test('what is read again later is not overwritten', () => {
  const nodes = ['Conv(x) -> a:8', 'Relu(a) -> b:8', 'Mul(a, b) -> y:4'];
  expect(buffersOf(nodes, ['y'])).toEqual(['a 0-2 8', 'b 1-2 8', 'y 2-2 4']);
});

test('what a view of it reads later is not overwritten either', () => {
  const nodes = [
    'Conv(x) -> a:8',
    'Reshape(a, shape) -> v:8',
    'Relu(a) -> b:8',
    'Mul(v, b) -> y:4',
  ];
  expect(buffersOf(nodes, ['y'])).toEqual(['a,v 0-3 8', 'b 2-3 8', 'y 3-3 4']);
});

test('an output of the graph is neither overwritten nor written over another tensor', () => {
  const nodes = ['Conv(x) -> a:8', 'Relu(a) -> y:8', 'Relu(y) -> b:8', 'Conv(b) -> z:4'];
  expect(buffersOf(nodes, ['y', 'z'])).toEqual(['a 0-1 8', 'y 1-3 8', 'b 2-3 8', 'z 3-3 4']);
});

test('another size, as a cast gives it, has memory of its own', () => {
  const nodes = ['Conv(x) -> a:8', 'Cast(a) -> b:4', 'Conv(b) -> y:2'];
  expect(buffersOf(nodes, ['y'])).toEqual(['a 0-1 8', 'b 1-2 4', 'y 2-2 2']);
});

test('a convolution adds to the sum that it was fused with, and to no other input', () => {
  const nodes = [
    'com.microsoft.nchwc.Conv(x, w, b) -> a:8',
    'com.microsoft.nchwc.Conv(a, w, b) -> c:8',
    'com.microsoft.nchwc.Conv(c, w, b, a) -> d:8',
    'Flatten(d) -> e:8',
    'Gemm(e) -> y:2',
  ];
  // a is read by the second and is the sum of the third; c is an input of it alone.
  expect(buffersOf(nodes, ['y'])).toEqual(['a,d,e 0-4 8', 'c 1-2 8', 'y 4-4 2']);
});

test('inputs that are left out keep their place', () => {
  const nodes = ['Conv(x) -> a:8', 'com.microsoft.FusedConv(x, w, -, a) -> b:8', 'Conv(b) -> y:4'];
  expect(buffersOf(nodes, ['y'])).toEqual(['a,b 0-2 8', 'y 2-2 4']);
});

test('a tensor takes over from a dead one of the same form, which is held in between', () => {
  const nodes = [
    'Conv(x) -> a:8:F',
    'Conv(a) -> b:6',
    'Conv(b) -> c:6',
    'Conv(c) -> d:8:F',
    'Conv(d) -> y:2',
  ];
  expect(buffersOf(nodes, ['y'])).toEqual(['a,d 0-4 8', 'b 1-2 6', 'c 2-3 6', 'y 4-4 2']);
});

test('of two dead ones the last that died is taken over', () => {
  const nodes = [
    'Conv(x) -> a:8:F',
    'Conv(a) -> b:8:F',
    'Conv(b) -> c:4',
    'Conv(c) -> d:8:F',
    'Conv(d) -> y:2',
  ];
  expect(buffersOf(nodes, ['y'])).toEqual(['a 0-1 8', 'b,d 1-4 8', 'c 2-3 4', 'y 4-4 2']);
});

test('what is alive, of another form or an output of the graph is not taken over', () => {
  const nodes = [
    'Conv(x) -> a:8:F',
    'Conv(a) -> y:8:F',
    'Conv(y) -> b:8:G',
    'Mul(a, b) -> z:8:F',
    'Conv(z) -> c:8:H',
  ];
  expect(buffersOf(nodes, ['y', 'z'])).toEqual([
    'a 0-3 8',
    'y 1-4 8',
    'b 2-3 8',
    'z 3-4 8',
    'c 4-4 8',
  ]);
});

test('an empty graph has no buffers', () => {
  expect(buffersOf([], [])).toEqual([]);
});
