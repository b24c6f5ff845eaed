import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { parseNpy, readNpz, type NpyArray } from '../../../suites/data/npz.ts';
import { frameNpy, npyOf, writeNpy, writeNpz } from '../../support/npz.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function fileWith(bytes: Uint8Array | string, name = 'data.npz'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

async function readBytes(bytes: Uint8Array): Promise<ReadonlyMap<string, NpyArray>> {
  return readNpz(fileWith(bytes));
}

describe('readNpz', () => {
  it.each([{ deflated: false }, { deflated: true }])(
    'reads arrays by name, row-major ($deflated)',
    async (options) => {
      const arrays = await readBytes(
        writeNpz(
          {
            image: npyOf(Float32Array.of(1, 2, 3, 4, 5, -6.5), [2, 3]),
            'encoder/ids': npyOf(BigInt64Array.of(7n, -(2n ** 62n)), [2]),
          },
          options,
        ),
      );
      expect(Object.fromEntries(arrays)).toEqual({
        image: { type: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -6.5) },
        'encoder/ids': { type: 'int64', dims: [2], data: BigInt64Array.of(7n, -(2n ** 62n)) },
      });
    },
  );

  it('names the file that is not there', async () => {
    const path = join(temporaryFolder(), 'absent.npz');
    await expect(readNpz(path)).rejects.toMatchObject({
      name: 'UserError',
      message: `cannot read the data ${path}: there is no such file`,
      remedy: "give a .npz file as NumPy's np.savez writes it",
    });
  });

  it('says that a folder is not a file', async () => {
    const path = join(temporaryFolder(), 'folder.npz');
    mkdirSync(path);
    await expect(readNpz(path)).rejects.toThrow(`cannot read the data ${path}: it is a folder`);
  });

  it.skipIf(process.platform === 'win32')('does not read a device without end', async () => {
    await expect(readNpz('/dev/zero')).rejects.toThrow(
      'cannot read the data /dev/zero: it is not a file',
    );
  });

  it.each([
    ['text', 'label,x,y\n0,1,2\n'.repeat(10)],
    ['cut off', writeNpz({ x: npyOf(Float32Array.of(1, 2), [2]) }).subarray(0, 150)],
    ['all zeros', new Uint8Array(100_000)],
  ])('says that a file is not an archive when it is %s', async (_what, bytes) => {
    const path = fileWith(bytes);
    const reading = readNpz(path);
    await expect(reading).rejects.toBeInstanceOf(UserError);
    await expect(reading).rejects.toMatchObject({
      message: `${path} is not a .npz archive, or damaged: invalid zip data`,
      remedy: "give a .npz file as NumPy's np.savez writes it",
    });
  });

  it('says that a file is empty', async () => {
    const path = fileWith(new Uint8Array(0));
    await expect(readNpz(path)).rejects.toMatchObject({
      message: `${path} is empty`,
      remedy: "give a .npz file as NumPy's np.savez writes it",
    });
  });

  it('says that a compressed array is damaged', async () => {
    const bytes = writeNpz(
      { x: npyOf(new Float32Array(4096).fill(3), [4096]) },
      { deflated: true },
    );
    // The local header is 30 bytes and the name; then an invalid kind of deflate block.
    bytes[30 + 'x.npy'.length] = 0xff;
    const path = fileWith(bytes);
    await expect(readNpz(path)).rejects.toThrow(`${path} is not a .npz archive, or damaged`);
  });

  it('says that an archive is empty', async () => {
    const path = fileWith(writeNpz({}));
    await expect(readNpz(path)).rejects.toMatchObject({
      message: `${path} holds no arrays`,
      remedy: 'save one array for each input of the model: np.savez(path, input=array)',
    });
  });

  it('says that a file is a single array', async () => {
    const path = fileWith(npyOf(Float32Array.of(1), [1]), 'x.npy');
    await expect(readNpz(path)).rejects.toMatchObject({
      message: `${path} is a single array (.npy), not a .npz archive`,
      remedy: "save it by the input's name: np.savez('data.npz', input=array)",
    });
  });

  it('names the member that is not an array', async () => {
    const path = fileWith(zipSync({ 'notes.txt': new TextEncoder().encode('hello, notes') }));
    await expect(readNpz(path)).rejects.toThrow(
      `array 'notes.txt' in ${path} is not a NumPy array`,
    );
  });

  it('names the array and the file', async () => {
    const path = fileWith(writeNpz({ x: npyOf(new Uint8Array(4), [4], '|S1') }));
    await expect(readNpz(path)).rejects.toThrow(`array 'x' in ${path} has the type |S1`);
  });

  it('refuses an archive of more than 2 GiB', async () => {
    const path = fileWith('');
    truncateSync(path, 3 * 2 ** 30);
    await expect(readNpz(path)).rejects.toMatchObject({
      message: `${path} is 3 GiB, the limit is 2 GiB`,
      remedy: 'give fewer samples: some hundreds are enough to measure with',
    });
  });

  it('refuses an archive that would unpack to more than 4 GiB, before it unpacks', async () => {
    const npy = npyOf(new Float32Array(1000), [1000]);
    const bytes = writeNpz({ a: npy, b: npy, c: npy }, { deflated: true });
    declareSizes(bytes, 1.9 * 2 ** 30);
    const path = fileWith(bytes);
    const before = process.memoryUsage().arrayBuffers;
    await expect(readNpz(path)).rejects.toMatchObject({
      message: `the arrays in ${path} are larger than 4 GiB`,
      remedy: 'give fewer samples: some hundreds are enough to measure with',
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
  });

  it('does not take a part of an array for the array', async () => {
    const bytes = writeNpz({ x: npyOf(new Float32Array(1000), [1000]) }, { deflated: true });
    declareSizes(bytes, 500);
    await expect(readNpz(fileWith(bytes))).rejects.toBeInstanceOf(UserError);
  });

  it('finds a flipped bit in an array that is not compressed', async () => {
    const bytes = writeNpz({ x: npyOf(Float32Array.of(1, 2, 3), [3]) });
    const data = 30 + 'x.npy'.length + 128;
    expect(bytes[data + 3]).toBe(0x3f);
    bytes[data + 3] = 0x3e;
    const path = fileWith(bytes);
    await expect(readNpz(path)).rejects.toMatchObject({
      message: `array 'x' in ${path} is damaged: its checksum is wrong`,
      remedy: 'copy or save the file again',
    });
  });

  it('reads an archive with a comment, and names that are not ASCII', async () => {
    const npy = npyOf(Uint8Array.of(5), [1]);
    const bytes = zipSync({ 'größe.npy': [npy, { comment: 'a member' }] });
    const arrays = await readBytes(withComment(bytes, 'made by hand'));
    expect([...arrays.keys()]).toEqual(['größe']);
    const damaged = withComment(bytes, 'made by hand');
    declareChecksums(damaged, 1);
    await expect(readBytes(damaged)).rejects.toThrow("array 'größe'");
  });
});

/** Writes the uncompressed size of every member in the archive's central directory. */
function declareSizes(zip: Uint8Array, size: number): void {
  writeDirectory(zip, 24, size);
}

function declareChecksums(zip: Uint8Array, checksum: number): void {
  writeDirectory(zip, 16, checksum);
}

/** Overwrites a field of each central directory header (PKWARE APPNOTE 4.3.12). */
function writeDirectory(zip: Uint8Array, field: number, value: number): void {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  for (let offset = 0; offset + 46 <= zip.byteLength; offset += 1) {
    if (view.getUint32(offset, true) === 0x02014b50) view.setUint32(offset + field, value, true);
  }
}

/** The archive's own comment comes last; its length is at 20 of the end record's 22 bytes. */
function withComment(zip: Uint8Array, comment: string): Uint8Array {
  const bytes = new Uint8Array(zip.byteLength + comment.length);
  bytes.set(zip);
  new DataView(bytes.buffer).setUint16(zip.byteLength - 2, comment.length, true);
  bytes.set(new TextEncoder().encode(comment), zip.byteLength);
  return bytes;
}

describe('parseNpy', () => {
  it.each([
    ['float32', npyOf(Float32Array.of(-1.5, 3e38), [2]), Float32Array.of(-1.5, 3e38)],
    ['float64', npyOf(Float64Array.of(-1.5, 1e300), [2]), Float64Array.of(-1.5, 1e300)],
    ['float16', npyOf(Uint16Array.of(0x3c00, 0xc500), [2], '<f2'), Uint16Array.of(0x3c00, 0xc500)],
    ['int8', npyOf(Int8Array.of(-128, 127), [2]), Int8Array.of(-128, 127)],
    ['uint8', npyOf(Uint8Array.of(0, 255), [2]), Uint8Array.of(0, 255)],
    ['int16', npyOf(Int16Array.of(-(2 ** 15), 5), [2]), Int16Array.of(-(2 ** 15), 5)],
    ['uint16', npyOf(Uint16Array.of(0, 65535), [2]), Uint16Array.of(0, 65535)],
    ['int32', npyOf(Int32Array.of(-(2 ** 31), 5), [2]), Int32Array.of(-(2 ** 31), 5)],
    ['uint32', npyOf(Uint32Array.of(0, 2 ** 32 - 1), [2]), Uint32Array.of(0, 2 ** 32 - 1)],
    ['int64', npyOf(BigInt64Array.of(-(2n ** 63n), 5n), [2]), BigInt64Array.of(-(2n ** 63n), 5n)],
    [
      'uint64',
      npyOf(BigUint64Array.of(0n, 2n ** 64n - 1n), [2]),
      BigUint64Array.of(0n, 2n ** 64n - 1n),
    ],
    ['bool', npyOf(Uint8Array.of(1, 0), [2], '|b1'), Uint8Array.of(1, 0)],
  ])('reads %s', (type, bytes, data) => {
    expect(parseNpy(bytes, 'x')).toEqual({ type, dims: [2], data });
  });

  it.each([
    ['a scalar', [], 1],
    ['a vector', [3], 3],
    ['five dimensions', [1, 2, 1, 3, 2], 12],
    ['no rows', [0, 4], 0],
  ])('reads the shape of %s', (_what, shape, length) => {
    const array = parseNpy(npyOf(new Float32Array(length), shape), 'x');
    expect(array.dims).toEqual(shape);
    expect(array.data).toHaveLength(length);
  });

  it.each([1, 2, 3] as const)('reads format version %d', (version) => {
    const bytes = Uint8Array.of(1, 2, 3);
    const npy = writeNpy({ descr: '|u1', shape: [3], bytes, version });
    expect(parseNpy(npy, 'x').data).toEqual(bytes);
  });

  it.each([
    ['a plain array', (bytes: Uint8Array) => bytes],
    ['a Buffer', (bytes: Uint8Array) => Buffer.from(bytes.buffer)],
  ])('reads data at an odd address, in %s', (_what, wrap) => {
    const npy = npyOf(Float64Array.of(1.25, -2.5), [2]);
    for (const shift of [1, 3, 4]) {
      const shifted = new Uint8Array(npy.byteLength + shift);
      shifted.set(npy, shift);
      const array = parseNpy(wrap(shifted).subarray(shift), 'x');
      expect(array.data).toEqual(Float64Array.of(1.25, -2.5));
    }
  });

  it.each([
    ['>f4', 'the type >f4'],
    ['>i8', 'the type >i8'],
    ['<c8', 'the type <c8'],
    ['<U5', 'the type <U5'],
    ['|O', 'the type |O'],
    ['<M8[ns]', 'the type <M8[ns]'],
    ['constructor', 'the type constructor'],
  ])('refuses %s and says how to convert it', (descr, given) => {
    const npy = writeNpy({ descr, shape: [1], bytes: new Uint8Array(8) });
    expect(() => parseNpy(npy, "array 'x'")).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: `array 'x' has ${given}`,
        remedy: 'convert it to a little-endian number type, such as array.astype(np.float32)',
      }),
    );
  });

  it('refuses records', () => {
    const header =
      "{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (1,), }";
    expect(() => parseNpy(frameNpy(header, new Uint8Array(8)), 'x')).toThrow(
      'x has no type that is a number',
    );
  });

  it('refuses an array stored by columns, and says how to save it by rows', () => {
    const npy = writeNpy({
      descr: '<f4',
      shape: [2, 2],
      bytes: new Uint8Array(16),
      fortranOrder: true,
    });
    expect(() => parseNpy(npy, 'x')).toThrow(
      expect.objectContaining({
        message: 'x is stored column by column',
        remedy: 'save np.ascontiguousarray(array)',
      }),
    );
  });

  it.each([
    ['less', 12],
    ['more', 20],
  ])('refuses %s data than the shape says', (_what, size) => {
    const npy = writeNpy({ descr: '<f4', shape: [2, 2], bytes: new Uint8Array(size) });
    expect(() => parseNpy(npy, 'x')).toThrow(`x has ${size} bytes of data, its shape needs 16`);
  });

  it('refuses a shape beyond all memory', () => {
    const npy = writeNpy({
      descr: '<f4',
      shape: [2 ** 40, 2 ** 40],
      bytes: new Uint8Array(16),
    });
    expect(() => parseNpy(npy, 'x')).toThrow('x has 16 bytes of data, its shape needs');
  });

  it('refuses a header without a shape', () => {
    const npy = frameNpy("{'descr': '<f4', 'fortran_order': False, }", new Uint8Array(4));
    expect(() => parseNpy(npy, 'x')).toThrow('x has no shape in its header');
  });

  it('refuses a header that goes on behind the end', () => {
    const npy = npyOf(Float32Array.of(1), [1]);
    expect(() => parseNpy(npy.subarray(0, 40), 'x')).toThrow('x is cut off in its header');
  });

  it.each([[new Uint8Array(0)], [Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)]])(
    'refuses what is too short for a header: %o',
    (bytes) => {
      expect(() => parseNpy(bytes, 'x')).toThrow('x is not a NumPy array');
    },
  );
});

const hasNumPy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

describe.skipIf(!hasNumPy)('against NumPy, where python3 has it', () => {
  it.each(['savez', 'savez_compressed'])('reads what np.%s writes', async (save) => {
    const path = join(temporaryFolder(), 'numpy.npz');
    const program = `
import sys
import numpy as np
x = np.arange(24).reshape(2, 3, 4)
kinds = ['f2', 'f4', 'f8', 'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', '?']
arrays = {'t_' + kind: (x % 2 if kind == '?' else x).astype(kind) for kind in kinds}
arrays['scalar'] = np.float32(2.5)
arrays['transposed'] = np.ascontiguousarray(x.astype('f4').T)
arrays['a/b'] = np.zeros((0, 5), 'i4')
np.${save}(sys.argv[1], **arrays)`;
    execFileSync('python3', ['-c', program, path]);
    const arrays = await readNpz(path);
    const numbers = Array.from({ length: 24 }, (_, index) => index);
    for (const kind of ['f4', 'f8', 'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8']) {
      const array = arrays.get(`t_${kind}`);
      expect(array?.dims).toEqual([2, 3, 4]);
      expect(Array.from(array?.data ?? [], Number)).toEqual(numbers);
    }
    expect(arrays.get('t_f4')?.type).toBe('float32');
    const half = arrays.get('t_f2');
    expect([...new Float16Array(Uint16Array.from(half?.data as Uint16Array).buffer)]).toEqual(
      numbers,
    );
    expect([...(arrays.get('t_?')?.data ?? [])]).toEqual(numbers.map((number) => number % 2));
    expect(arrays.get('scalar')).toEqual({ type: 'float32', dims: [], data: Float32Array.of(2.5) });
    // transposed[k][j][i] = x[i][j][k] = 12 i + 4 j + k: the first row is k = 0, j = 0.
    expect([...(arrays.get('transposed')?.data ?? [])].slice(0, 4)).toEqual([0, 12, 4, 16]);
    expect(arrays.get('a/b')).toEqual({ type: 'int32', dims: [0, 5], data: new Int32Array(0) });
    expect(arrays.size).toBe(15);
  });

  it('refuses an array that NumPy stores by columns', async () => {
    const path = join(temporaryFolder(), 'numpy.npz');
    const program = 'import sys, numpy as np; np.savez(sys.argv[1], x=np.zeros((2, 3), order="F"))';
    execFileSync('python3', ['-c', program, path]);
    await expect(readNpz(path)).rejects.toThrow(`array 'x' in ${path} is stored column by column`);
  });
});
