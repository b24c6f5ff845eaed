/** A constant channel has a variance of 0, less rounding. */
const LEAST_VARIANCE = 1e-8;

/** Gathers mean and variance of each channel over batches of feature maps; keeps no maps. */
export class ChannelMoments {
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  /** Values of one channel. */
  #count = 0;

  constructor(channels: number) {
    this.#sums = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  /** Adds feature maps, [count, channels, height, width]. */
  add(maps: Float32Array, count: number): void {
    const channels = this.#sums.length;
    const area = maps.length / (count * channels);
    for (let map = 0; map < count * channels; map += 1) {
      let sum = 0;
      let squares = 0;
      for (let i = map * area; i < (map + 1) * area; i += 1) {
        const value = maps[i] as number;
        sum += value;
        squares += value * value;
      }
      const channel = map % channels;
      this.#sums[channel] = (this.#sums[channel] as number) + sum;
      this.#squares[channel] = (this.#squares[channel] as number) + squares;
    }
    this.#count += count * area;
  }

  /** Of each channel, the variance being positive; NaN before anything was added. */
  result(): { readonly mean: Float64Array; readonly variance: Float64Array } {
    const mean = this.#sums.map((sum) => sum / this.#count);
    const variance = this.#squares.map((sum, channel) => {
      return Math.max(sum / this.#count - (mean[channel] as number) ** 2, LEAST_VARIANCE);
    });
    return { mean, variance };
  }
}
