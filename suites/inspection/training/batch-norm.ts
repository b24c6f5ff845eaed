import { slicePictures, type Pictures } from '../images/pictures.ts';
import { SYMMETRIES } from '../images/symmetry.ts';
import { convolutionModel } from '../network/build-network.ts';
import { EPSILON, type BatchNorm, type Layer } from '../network/layer.ts';
import { runPictures } from './run-pictures.ts';
import { withSession, type Workbench } from './workbench.ts';

/** Pictures that statistics are taken from. */
const CALIBRATION_PICTURES = 512;

/** Mean and variance of each channel that the layer's convolution gives on training pictures. */
export async function measureChannels(
  bench: Workbench,
  pictures: Pictures,
  network: { readonly before: readonly Layer[]; readonly layer: Layer },
): Promise<Pick<BatchNorm, 'mean' | 'variance'>> {
  const { channels } = network.layer.plan;
  const moments = {
    count: 0,
    sums: new Float64Array(channels),
    squares: new Float64Array(channels),
  };
  const some = slicePictures(pictures, 0, Math.min(CALIBRATION_PICTURES, pictures.count));
  await withSession(bench, convolutionModel(network.before, network.layer), (session) => {
    return runPictures(session, some, {
      signal: bench.signal,
      symmetryOf: (index) => index % SYMMETRIES,
      use: (outputs, _start, count) => {
        for (const { data } of Object.values(outputs)) {
          addChannels(moments, data as Float32Array, count);
        }
      },
    });
  });
  const mean = moments.sums.map((sum) => sum / moments.count);
  const variance = moments.squares.map((sum, c) => sum / moments.count - (mean[c] as number) ** 2);
  return { mean: Float32Array.from(mean), variance: Float32Array.from(variance, positive) };
}

/** A norm that leaves a convolution as it is, but for adding `bias`, whatever it measured. */
export function transparentNorm(
  measured: Pick<BatchNorm, 'mean' | 'variance'>,
  bias: Float32Array,
): BatchNorm {
  return {
    ...measured,
    scale: measured.variance.map((variance) => Math.sqrt(variance + EPSILON)),
    bias: measured.mean.map((mean, channel) => mean + (bias[channel] as number)),
  };
}

/** Adds a batch of feature maps, [count, channels, height, width]. */
function addChannels(
  moments: { count: number; readonly sums: Float64Array; readonly squares: Float64Array },
  data: Float32Array,
  count: number,
): void {
  const channels = moments.sums.length;
  const area = data.length / (count * channels);
  for (let map = 0; map < count * channels; map += 1) {
    let sum = 0;
    let squares = 0;
    for (let i = map * area; i < (map + 1) * area; i += 1) {
      const value = data[i] as number;
      sum += value;
      squares += value * value;
    }
    const channel = map % channels;
    moments.sums[channel] = (moments.sums[channel] as number) + sum;
    moments.squares[channel] = (moments.squares[channel] as number) + squares;
  }
  moments.count += count * area;
}

/** A constant channel has a variance of 0, less rounding. */
function positive(variance: number): number {
  return Math.max(variance, 1e-8);
}
