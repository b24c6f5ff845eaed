/** Weights of 4 bits in blocks along the columns, laid out as MatMulNBits takes them. */
export interface BlockWeights {
  /** uint8 `[columns, blocks, blockSize / 2]`, two weights a byte, the first in the low half. */
  readonly values: Uint8Array;
  /** float32 `[columns, blocks]`. */
  readonly scales: Float32Array;
  /** uint8 `[columns, ceil(blocks / 2)]`, packed likewise; null where it is 8 for all. */
  readonly zeroPoints: Uint8Array | null;
  /** Of each column: `ceil(rows / blockSize)`. */
  readonly blocks: number;
}

export interface BlockLayout {
  readonly rows: number;
  readonly columns: number;
  readonly blockSize: number;
}

/**
 * Quantizes a float32 matrix `[rows, columns]`, `weight = scale x (q - zero point)` with q
 * from 0 to 15, in both ways that the operator has, and takes for the whole matrix the
 * one with the smaller squared error: symmetric, the weight of largest magnitude at
 * q = 0 (as the runtime's own quantizer does, which uses all 16 values), or with a
 * zero point for each block. A last block that is not full holds zeros beyond the
 * rows. The weights must be finite. O(weights).
 */
export function quantizeBlocks(matrix: Float32Array, layout: BlockLayout): BlockWeights {
  const symmetric = quantizeBy(matrix, layout, symmetricParams);
  const asymmetric = quantizeBy(matrix, layout, asymmetricParams);
  const blocks = blocksOf(layout);
  if (symmetric.error <= asymmetric.error) {
    const { values, scales } = symmetric;
    return { values, scales, zeroPoints: null, blocks };
  }
  const { values, scales, zeros } = asymmetric;
  return { values, scales, zeroPoints: packRows(zeros, blocks), blocks };
}

const SYMMETRIC_ZERO = 8;
const LARGEST = 15;
/** Smallest normal float32. */
const LEAST_SCALE = 2 ** -126;

interface BlockParams {
  readonly scale: number;
  readonly zero: number;
}

type ParamsOf = (min: number, max: number) => BlockParams;

/** `min <= 0 <= max`. The scale may be negative. */
function symmetricParams(min: number, max: number): BlockParams {
  const extreme = max > -min ? max : min;
  return { scale: usableScale(-extreme / SYMMETRIC_ZERO), zero: SYMMETRIC_ZERO };
}

function asymmetricParams(min: number, max: number): BlockParams {
  const scale = usableScale((max - min) / LARGEST);
  return { scale, zero: scale === 0 ? SYMMETRIC_ZERO : clamp(Math.round(-min / scale)) };
}

/** 0 for a block of zeros: with any other scale the runtime's sums would leave noise. */
function usableScale(scale: number): number {
  const rounded = Math.fround(scale);
  return Math.abs(rounded) < LEAST_SCALE ? 0 : rounded;
}

interface Quantized {
  readonly values: Uint8Array;
  readonly scales: Float32Array;
  /** One a byte. */
  readonly zeros: Uint8Array;
  /** Sum of squared differences. */
  readonly error: number;
}

function quantizeBy(matrix: Float32Array, layout: BlockLayout, paramsOf: ParamsOf): Quantized {
  const { rows, columns, blockSize } = layout;
  const blocks = blocksOf(layout);
  const values = new Uint8Array((columns * blocks * blockSize) / 2);
  const scales = new Float32Array(columns * blocks);
  const zeros = new Uint8Array(columns * blocks);
  const column = new Float32Array(blocks * blockSize);
  let error = 0;
  for (let c = 0; c < columns; c += 1) {
    for (let r = 0; r < rows; r += 1) column[r] = matrix[r * columns + c] as number;
    for (let b = 0; b < blocks; b += 1) {
      const index = c * blocks + b;
      const block = column.subarray(b * blockSize, (b + 1) * blockSize);
      const params = paramsOf(Math.min(0, least(block)), Math.max(0, -least(block, -1)));
      scales[index] = params.scale;
      zeros[index] = params.zero;
      error += packBlock(block, params, values.subarray((index * blockSize) / 2));
    }
  }
  return { values, scales, zeros, error };
}

function blocksOf({ rows, blockSize }: BlockLayout): number {
  return Math.ceil(rows / blockSize);
}

/** Of the elements times `sign`. */
function least(block: Float32Array, sign = 1): number {
  let smallest = Infinity;
  for (const value of block) smallest = Math.min(smallest, sign * value);
  return smallest;
}

/** Gives the squared error. */
function packBlock(block: Float32Array, { scale, zero }: BlockParams, target: Uint8Array): number {
  let error = 0;
  for (const [index, value] of block.entries()) {
    const q = scale === 0 ? zero : clamp(Math.round(value / scale) + zero);
    error += (scale * (q - zero) - value) ** 2;
    const byte = index >> 1;
    target[byte] = (target[byte] as number) | (index % 2 === 0 ? q : q << 4);
  }
  return error;
}

/** Rows of `length` 4-bit numbers, each starting a byte. */
function packRows(numbers: Uint8Array, length: number): Uint8Array {
  const bytes = Math.ceil(length / 2);
  const packed = new Uint8Array((numbers.length / length) * bytes);
  for (const [index, number] of numbers.entries()) {
    const column = index % length;
    const byte = Math.floor(index / length) * bytes + (column >> 1);
    packed[byte] = (packed[byte] as number) | (column % 2 === 0 ? number : number << 4);
  }
  return packed;
}

function clamp(q: number): number {
  return Math.min(LARGEST, Math.max(0, q));
}
