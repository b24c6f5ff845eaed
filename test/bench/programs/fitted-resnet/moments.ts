export interface Moments {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Of each channel over feature maps, [count, channels, height, width]. */
export function channelMoments(
  maps: Float32Array,
  { count, channels }: { readonly count: number; readonly channels: number },
): Moments {
  const area = maps.length / (count * channels);
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let map = 0; map < count * channels; map += 1) {
    let sum = 0;
    let square = 0;
    for (let i = map * area; i < (map + 1) * area; i += 1) {
      const value = maps[i] as number;
      sum += value;
      square += value * value;
    }
    const channel = map % channels;
    sums[channel] = (sums[channel] as number) + sum;
    squares[channel] = (squares[channel] as number) + square;
  }
  const mean = sums.map((sum) => sum / (count * area));
  const variance = squares.map((square, c) => square / (count * area) - (mean[c] as number) ** 2);
  return {
    mean: Float32Array.from(mean),
    // A constant channel has a variance of 0, less rounding.
    deviation: Float32Array.from(variance, (value) => Math.sqrt(Math.max(value, 1e-8))),
  };
}
