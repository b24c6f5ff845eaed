import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { createRandom, type Random } from '../../../engine/base/random.ts';
import { InvalidModelError } from '../../../engine/graph/invalid-model-error.ts';
import { readModel, readModelFile } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { branchingModel, linearModel } from './sample-models.ts';

/** Milliseconds until the input is either a model or refused as an invalid one. */
function attempt(bytes: Uint8Array): number {
  const start = performance.now();
  try {
    writeModel(readModel(bytes));
  } catch (thrown) {
    if (!(thrown instanceof InvalidModelError)) throw thrown;
  }
  return performance.now() - start;
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const mutated = bytes.slice();
  for (let i = random.integer(8); i >= 0; i -= 1) {
    const at = random.integer(mutated.length);
    mutated[at] = random.pick([random.integer(256), 0xff, 0x7f, (mutated[at] ?? 0) ^ 1]);
  }
  const cut = random.integer(mutated.length);
  return random.next() < 0.2 ? mutated.subarray(0, cut) : mutated;
}

describe('hostile input', () => {
  it('is refused with a message that names it when it is no model', () => {
    const text = new TextEncoder().encode('<!doctype html><html></html>');
    expect(() => readModel(text, 'page.onnx')).toThrow(/^page\.onnx is not a valid ONNX model: /);
    expect(() => readModel(new Uint8Array(0), 'x.onnx')).toThrow(/x\.onnx .*it is empty/);
    expect(() => readModel(new Uint8Array([8, 8]), 'x')).toThrow(/no graph/);
  });

  it('ends in an error or a model for random bytes', () => {
    const random = createRandom(1);
    for (let i = 0; i < 300; i += 1) {
      const bytes = Uint8Array.from({ length: random.integer(2000) }, () => random.integer(256));
      expect(attempt(bytes)).toBeLessThan(1000);
    }
  });

  it('ends in an error or a model wherever the file is cut', () => {
    const bytes = writeModel(branchingModel());
    for (let end = 0; end < bytes.length; end += 1) attempt(bytes.subarray(0, end));
    const cut = writeModel(linearModel()).subarray(0, 97);
    expect(() => readModel(cut, 'cut.onnx')).toThrow(/cut\.onnx .*left \(at byte \d+\)/);
  });

  it('refuses a length of 4 GB at once', () => {
    for (const number of [7, 6, 14]) {
      const bytes = new Uint8Array([(number << 3) | 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]);
      expect(() => readModel(bytes)).toThrow(InvalidModelError);
      expect(attempt(bytes)).toBeLessThan(100);
    }
  });

  it('refuses 10,000 nested messages', () => {
    // GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.g = 6.
    const tags = [0x0a, 0x2a, 0x32];
    let bytes = Buffer.alloc(0);
    for (let depth = 0; depth < 10_000; depth += 1) {
      bytes = Buffer.concat([Buffer.from([tags[(10_002 - depth) % 3] ?? 0]), length(bytes), bytes]);
    }
    const model = Buffer.concat([Buffer.from([0x3a]), length(bytes), bytes]);
    expect(() => readModel(model)).toThrow(/nested more than 100 deep/);
  });

  it('refuses 10,000 nested groups', () => {
    const groups = new Uint8Array(10_000).fill((11 << 3) | 3);
    expect(() => readModel(groups)).toThrow(InvalidModelError);
  });

  it('ends in an error or a model for 500 mutations', () => {
    const random = createRandom(2);
    const seeds = [writeModel(linearModel()), writeModel(branchingModel())];
    for (let i = 0; i < 500; i += 1) {
      expect(attempt(mutate(random.pick(seeds), random))).toBeLessThan(1000);
    }
  });

  it('refuses a dimension that a number cannot hold', () => {
    const model = linearModel();
    const initializers = model.graph.initializers.map((tensor) => ({ ...tensor, dims: [2 ** 53] }));
    const graph = { ...model.graph, initializers };
    expect(() => readModel(writeModel({ ...model, graph }))).toThrow(/out of range/);
  });
});

describe('a file', () => {
  it('that is missing, a folder or empty gives one message with its name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'claw-read-'));
    try {
      const empty = join(folder, 'empty.onnx');
      await writeFile(empty, '');
      await expect(readModelFile(empty)).rejects.toThrow(`${empty} is not a valid ONNX model`);
      await expect(readModelFile(folder)).rejects.toThrow(`${folder}: it is a folder`);
      const missing = join(folder, 'missing.onnx');
      await expect(readModelFile(missing)).rejects.toThrow(/no such file/);
      await expect(readModelFile(missing)).rejects.toBeInstanceOf(UserError);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function length(bytes: Uint8Array): Buffer {
  const digits: number[] = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    if (rest < 128) return Buffer.from([...digits, rest]);
    digits.push((rest & 127) | 128);
  }
}
