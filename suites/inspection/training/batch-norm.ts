import { slicePictures, type Pictures } from '../images/pictures.ts';
import { SYMMETRIES } from '../images/symmetry.ts';
import { convolutionModel } from '../network/build-network.ts';
import { EPSILON, type BatchNorm, type Layer } from '../network/layer.ts';
import { ChannelMoments } from './channel-moments.ts';
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
  const moments = new ChannelMoments(network.layer.plan.channels);
  const some = slicePictures(pictures, 0, Math.min(CALIBRATION_PICTURES, pictures.count));
  await withSession(bench, convolutionModel(network.before, network.layer), (session) => {
    return runPictures(session, some, {
      signal: bench.signal,
      symmetryOf: (index) => index % SYMMETRIES,
      use: (outputs, _start, count) => {
        for (const { data } of Object.values(outputs)) {
          moments.add(data as Float32Array, count);
        }
      },
    });
  });
  const { mean, variance } = moments.result();
  return { mean: Float32Array.from(mean), variance: Float32Array.from(variance) };
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
