import type { Range } from './calibration/range.ts';

/**
 * Integers for reals, `real = scale x (integer - zeroPoint)`, as QuantizeLinear has
 * it. Scales are float32 numbers and never below the smallest normal one, which
 * kernels would flush to 0.
 */
export interface ActivationParams {
  readonly type: 'uint8' | 'int8';
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Smallest normal float32. */
const LEAST_SCALE = 2 ** -126;
const LOWEST = Object.freeze({ uint8: 0, int8: -128 });
const STEPS = 255;

/**
 * Asymmetric, one scale for the tensor; 0 is exact. A range that lacks 0 is widened
 * to it; one that is no range at all (nothing but zeros seen) gets the scale 1.
 */
export function activationParams(
  range: Range,
  { type }: { readonly type: 'uint8' | 'int8' },
): ActivationParams {
  const [min, max] = [Math.min(0, range.min), Math.max(0, range.max)];
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    throw new RangeError(`a range must be finite, [${range.min}, ${range.max}] was given`);
  }
  const scale = Math.fround((max - min) / STEPS);
  if (scale < LEAST_SCALE) return { type, scale: 1, zeroPoint: LOWEST[type] };
  return { type, scale, zeroPoint: LOWEST[type] + clamp(roundHalfEven(-min / scale), 0, STEPS) };
}

export interface QuantizedWeights {
  /** Laid out as the weights were. */
  readonly values: Int8Array;
  /** One for each channel. */
  readonly scales: Float32Array;
}

export interface WeightOptions {
  readonly dims: readonly number[];
  /** Of the channels that have a scale each. */
  readonly axis: number;
  /**
   * 7 keeps |q| <= 63: without VNNI, x64 kernels add two products of a uint8 and an int8
   * in 16 bits, where 2 x 255 x 127 saturates and 2 x 255 x 63 does not.
   */
  readonly bits: 8 | 7;
}

/**
 * Symmetric (zero point 0), one scale for each channel, from its largest magnitude.
 * A channel of zeros gets the largest scale of the others (1 where all are zero),
 * so that its bias finds room. The weights must be finite. O(weights).
 */
export function quantizeWeights(data: Float32Array, options: WeightOptions): QuantizedWeights {
  const layout = channelLayout(data, options);
  const limit = options.bits === 8 ? 127 : 63;
  const scales = channelScales(largestMagnitudes(data, layout), limit);
  const values = new Int8Array(data.length);
  eachRun(data.length, layout, (channel, start, end) => {
    const scale = scales[channel] ?? 1;
    for (let index = start; index < end; index += 1) {
      values[index] = clamp(roundHalfEven((data[index] as number) / scale), -limit, limit);
    }
  });
  return { values, scales };
}

interface ChannelLayout {
  readonly channels: number;
  /** Neighbouring elements of one channel. */
  readonly inner: number;
}

function channelLayout(data: Float32Array, { dims, axis }: WeightOptions): ChannelLayout {
  const channels = dims[axis];
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (channels === undefined || size !== data.length) {
    throw new RangeError(`${data.length} weights do not fill [${dims.join(', ')}] by axis ${axis}`);
  }
  return { channels, inner: dims.slice(axis + 1).reduce((product, dim) => product * dim, 1) };
}

function eachRun(
  length: number,
  { channels, inner }: ChannelLayout,
  visit: (channel: number, start: number, end: number) => void,
): void {
  for (let start = 0, channel = 0; start < length; start += inner) {
    visit(channel, start, start + inner);
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
}

function largestMagnitudes(data: Float32Array, layout: ChannelLayout): Float64Array {
  const largest = new Float64Array(layout.channels);
  eachRun(data.length, layout, (channel, start, end) => {
    let most = largest[channel] ?? 0;
    // Not `>`, which would pass over NaN.
    for (let i = start; i < end; i += 1) most = Math.max(most, Math.abs(data[i] as number));
    largest[channel] = most;
  });
  if (!largest.every(Number.isFinite)) throw new RangeError('weights must be finite numbers');
  return largest;
}

function channelScales(largest: Float64Array, limit: number): Float32Array {
  const overall = largest.reduce((a, b) => Math.max(a, b), 0);
  const fallback = overall === 0 ? 1 : overall / limit;
  return Float32Array.from(largest, (most) => {
    return Math.max(LEAST_SCALE, most === 0 ? fallback : most / limit);
  });
}

export interface QuantizedBias {
  readonly values: Int32Array;
  /** `inputScale x weightScale` of each channel, the zero point being 0. */
  readonly scales: Float32Array;
  /** Numbers that int32 could not hold, so that the bias is off: better left in float. */
  readonly clamped: number;
}

/**
 * The bias in the steps of the products that it is added to. `weightScales` has one
 * scale for each bias, or one for all. The product of two small scales may leave float32:
 * it is then held at its smallest normal number. The bias must be finite.
 */
export function quantizeBias(
  bias: Float32Array | Float64Array,
  inputScale: number,
  weightScales: Float32Array,
): QuantizedBias {
  const values = new Int32Array(bias.length);
  const scales = new Float32Array(bias.length);
  let clamped = 0;
  for (const [index, real] of bias.entries()) {
    if (!Number.isFinite(real)) throw new RangeError('a bias must be a finite number');
    const weightScale = weightScales[weightScales.length === 1 ? 0 : index] ?? Number.NaN;
    const scale = Math.max(LEAST_SCALE, Math.fround(inputScale * weightScale));
    const rounded = roundHalfEven(real / scale);
    const held = clamp(rounded, -(2 ** 31), 2 ** 31 - 1);
    if (held !== rounded) clamped += 1;
    values[index] = held;
    scales[index] = scale;
  }
  return { values, scales, clamped };
}

/** As QuantizeLinear rounds. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
