/**
 * Sizes of blocks: multiples of a granule up to four granules, then four sizes
 * per doubling (5, 6, 7, 8, 10, 12, 14, 16, 20, ... granules). A request thus
 * gets less than a quarter more than it asked for, plus less than one granule.
 */
export interface BlockGeometry {
  /** Every block is a multiple of this: a cache line, or a page. Bytes. */
  readonly granuleBytes: number;
  /** No block is smaller. A multiple of the granule. Bytes. */
  readonly smallestBytes: number;
  /** What the backing keeps for itself at the start of each block. Bytes. */
  readonly headerBytes: number;
}

/** Beyond it the units of a size leave 32 bits: 128 GiB with a granule of 64 B. */
const MAX_UNITS = 2 ** 31;

/** Index of the smallest class that holds `sizeBytes` and the header; grows with the size. */
export function sizeClassOf(sizeBytes: number, geometry: BlockGeometry): number {
  if (!(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)) {
    throw new RangeError(`a size is a whole number of bytes, not ${sizeBytes}`);
  }
  const wanted = Math.max(sizeBytes + geometry.headerBytes, geometry.smallestBytes);
  const units = Math.ceil(wanted / geometry.granuleBytes);
  if (units > MAX_UNITS) throw new RangeError(`${sizeBytes} bytes are more than a block can hold`);
  if (units <= 4) return units - 1;
  const exponent = 31 - Math.clz32(units - 1);
  const quarter = (units - 1) >>> (exponent - 2);
  return 4 * (exponent - 1) + quarter - 4;
}

/** Bytes of a block of the class, header included. */
export function sizeClassBytes(index: number, geometry: BlockGeometry): number {
  if (index < 4) return (index + 1) * geometry.granuleBytes;
  const exponent = (index >>> 2) + 1;
  const quarter = (index & 3) + 4;
  return (quarter + 1) * 2 ** (exponent - 2) * geometry.granuleBytes;
}
