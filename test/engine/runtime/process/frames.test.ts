import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FrameReader } from '../../../../engine/runtime/process/frame-reader.ts';
import { FrameStream } from '../../../../engine/runtime/process/frame-stream.ts';
import { FrameEncoder } from '../../../../engine/runtime/process/frames.ts';

const parse = (text: string): object => JSON.parse(text) as object;

/** Frames of these messages, as one encoder makes them. */
function encodeAll(...messages: object[]): Buffer {
  const encoder = new FrameEncoder();
  return Buffer.concat(messages.map((message) => encoder.encode(message)));
}

/** A file that holds these bytes, open for both ways. */
function openFile(bytes: Buffer): { fd: number; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'claw-test-'));
  const path = join(folder, 'frames');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r+');
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { fd, path };
}

const large = { text: 'naïve 🐚'.repeat(20_000) };

describe('frames', () => {
  test('are a length in 32 bits, little-endian, and a text in UTF-8', () => {
    expect(encodeAll({ a: 'ï' })).toEqual(Buffer.from('\x0a\0\0\0{"a":"ï"}', 'utf8'));
  });

  test('of the same text again have no length, and give the same object', () => {
    const bytes = encodeAll({ a: 1 }, { a: 1 }, { b: 2 }, { a: 1 });
    expect(bytes.length).toBe(11 + 4 + 11 + 11);
    const [first, second, third, fourth] = new FrameReader(parse).push(bytes);
    expect(second).toBe(first);
    expect(third).toEqual({ b: 2 });
    expect(fourth).toEqual(first);
    expect(fourth).not.toBe(first);
  });

  test('of a long text are sent again: nobody keeps it', () => {
    const bytes = encodeAll(large, large, { a: 1 }, large);
    expect(bytes.length).toBeGreaterThan(3 * large.text.length);
    expect(new FrameReader(parse).push(bytes)).toEqual([large, large, { a: 1 }, large]);
  });

  test.each([1, 2, 3, 5, 1000])('arrive whole in pieces of %d bytes', (pieceBytes) => {
    const messages = [{ a: 1 }, { a: 1 }, large, { b: [] }, { b: [] }];
    const bytes = encodeAll(...messages);
    const reader = new FrameReader(parse);
    const received: object[] = [];
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      received.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
    }
    expect(received).toEqual(messages);
  });

  test('that no encoder makes are refused', () => {
    const reader = (): FrameReader<object> => new FrameReader(parse);
    expect(() => reader().push(Buffer.from([255, 255, 255, 255]))).toThrow(/not one of ours/);
    expect(() => reader().push(Buffer.alloc(4))).toThrow(/repeats one that there was not/);
    expect(() => reader().push(Buffer.from('\x01\0\0\0{'))).toThrow(SyntaxError);
  });

  test('beyond the bound are refused before they are sent', () => {
    const text = 'x'.repeat(2 ** 28);
    expect(() => new FrameEncoder().encode({ text })).toThrow(/allows 256 MiB/);
  });
});

describe('frame stream', () => {
  test.each([
    ['short', { a: 1 }],
    ['longer than its buffer', large],
  ])('reads one that is %s, and then the end', (_length, message) => {
    const stream = new FrameStream(openFile(encodeAll(message)).fd, parse);
    expect(stream.read()).toEqual(message);
    expect(stream.read()).toBe(null);
  });

  test('takes the end in the middle of a frame for the end', () => {
    const { fd } = openFile(encodeAll({ a: 1 }).subarray(0, 7));
    expect(new FrameStream(fd, parse).read()).toBe(null);
  });

  test('refuses a request that did not wait for its answer', () => {
    const { fd } = openFile(encodeAll({ a: 1 }, { b: 1 }));
    expect(() => new FrameStream(fd, parse).read()).toThrow(/before the answer/);
  });

  test('writes what a reader reads', () => {
    const { fd, path } = openFile(Buffer.alloc(0));
    const stream = new FrameStream(fd, parse);
    for (const message of [{ a: 1 }, { a: 1 }, large]) stream.write(message);
    expect(new FrameReader(parse).push(readFileSync(path))).toEqual([{ a: 1 }, { a: 1 }, large]);
  });
});
