import { describe, expect, it } from 'vitest';
import { createTensor } from '../../../engine/graph/create-tensor.ts';
import { decode } from '../../../engine/graph/decode.ts';
import { encode } from '../../../engine/graph/encode.ts';
import type { MessageName } from '../../../engine/graph/schema.ts';

/** One field: tag (number << 3 | wire type), then the payload as it stands. */
function field(number: number, wireType: number, ...payload: number[]): number[] {
  const tag = (number << 3) | wireType;
  return tag < 128 ? [tag, ...payload] : [(tag & 127) | 128, tag >> 7, ...payload];
}

function read(name: MessageName, ...fields: number[][]): Record<string, unknown> {
  return decode(name, new Uint8Array(fields.flat()), 'test');
}

function written(name: MessageName, message: object): number[] {
  return encode(name, message).chunks.flatMap((chunk) => [...chunk]);
}

function shiftedBuffer(): Buffer {
  return Buffer.from([0, ...field(4, 2, 4, 0, 0, 128, 63)]).subarray(1);
}

describe('the wire format', () => {
  it('has the field numbers of onnx.proto', () => {
    // Taken by hand from onnx.proto: AttributeProto { name = 1; i = 3; type = 20 }.
    const axis = read(
      'Attribute',
      field(1, 2, 4, 97, 120, 105, 115),
      field(3, 0, 2),
      field(20, 0, 2),
    );
    expect(axis).toMatchObject({ name: 'axis', i: 2n, type: 2 });
  });

  it('reads repeated numbers packed and unpacked, also mixed', () => {
    const dims = [field(1, 0, 3), field(1, 2, 2, 4, 5), field(1, 0, 6)];
    expect(read('Tensor', ...dims)['dims']).toEqual([3, 4, 5, 6]);
    const data = [field(5, 0, 1), field(5, 2, 2, 2, 3), field(5, 0, 4)];
    expect(read('Tensor', ...data)['int32Data']).toEqual(new Int32Array([1, 2, 3, 4]));
    const one = [0, 0, 128, 63];
    const floats = [field(4, 5, ...one), field(4, 2, 8, ...one, 0, 0, 0, 64)];
    expect(read('Tensor', ...floats)['floatData']).toEqual(new Float32Array([1, 1, 2]));
  });

  it('writes dims one by one and tensor data packed, as onnx.proto says', () => {
    const tensor = { ...read('Tensor'), dims: [3, 4], int32Data: new Int32Array([1, -1]) };
    const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    expect(written('Tensor', tensor)).toEqual(
      [field(1, 0, 3), field(1, 0, 4), field(5, 2, 11, 1, ...minusOne)].flat(),
    );
  });

  it('merges a singular message that occurs twice', () => {
    // ModelProto.graph = 7, GraphProto.name = 2, GraphProto.node = 1.
    const graph = read('Model', field(7, 2, 3, 18, 1, 97), field(7, 2, 2, 10, 0))['graph'];
    expect(graph).toMatchObject({ name: 'a', nodes: [{ inputs: [] }] });
  });

  it('keeps unknown fields byte for byte, of every wire type', () => {
    const fields = [
      field(99, 0, 0x81, 0x00), // a varint longer than it need be
      field(98, 1, 1, 2, 3, 4, 5, 6, 7, 8),
      field(97, 2, 3, 9, 9, 9),
      field(96, 3, ...field(1, 0, 5), ...field(96, 4)),
      field(95, 5, 1, 2, 3, 4),
    ];
    const node = read('Node', field(4, 2, 1, 65), ...fields);
    expect(written('Node', node)).toEqual([...field(4, 2, 1, 65), ...fields.flat()]);
  });

  it('keeps a known field of an unexpected wire type as unknown', () => {
    const node = read('Node', field(4, 0, 7));
    expect(node).not.toHaveProperty('opType');
    expect(written('Node', node)).toEqual(field(4, 0, 7));
  });

  it('keeps prose that is not UTF-8, and refuses such a name', () => {
    const node = read('Node', field(6, 2, 2, 0xff, 0xfe));
    expect(written('Node', node)).toEqual(field(6, 2, 2, 0xff, 0xfe));
    expect(() => read('Node', field(3, 2, 2, 0xff, 0xfe))).toThrow(/not a valid ONNX model/);
  });

  it('gives bytes and packed floats as views of the input', () => {
    const tensor = createTensor('w', {
      type: 'float32',
      dims: [2],
      data: new Float32Array([1, 2]),
    });
    const bytes = Uint8Array.from(written('Tensor', tensor));
    const { rawData } = decode('Tensor', bytes, 'test');
    expect((rawData as Uint8Array).buffer).toBe(bytes.buffer);
    // Tag and length fill the first two bytes, so pad the payload to a multiple of four.
    const floats = Uint8Array.from([...field(2, 0, 1), ...field(4, 2, 4, 0, 0, 128, 63)]);
    const { floatData } = decode('Tensor', floats, 'test');
    expect(floatData).toEqual(new Float32Array([1]));
    expect((floatData as Float32Array).buffer).toBe(floats.buffer);
  });

  it('copies packed floats that are not aligned, also out of a Buffer', () => {
    for (const floats of [Uint8Array.of(...field(4, 2, 4, 0, 0, 128, 63)), shiftedBuffer()]) {
      expect(decode('Tensor', floats, 'test')['floatData']).toEqual(new Float32Array([1]));
    }
  });

  it('hands weights on without a copy when writing', () => {
    const data = new Float32Array(1024);
    const { chunks } = encode('Tensor', createTensor('w', { type: 'float32', dims: [1024], data }));
    expect(chunks.some((chunk) => chunk.buffer === data.buffer)).toBe(true);
  });

  it('refuses to write more than a protobuf message may hold', () => {
    const rawData = new Uint8Array(2 ** 20);
    const tensors = Array.from({ length: 2049 }, () => ({ ...read('Tensor'), rawData }));
    expect(() => encode('Graph', { ...read('Graph'), initializers: tensors })).toThrow(
      /larger than/,
    );
  });
});
