import { ChannelMoments } from '../../../../suites/inspection/training/channel-moments.ts';

export interface Moments {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Of each channel over feature maps, [count, channels, height, width]. */
export function channelMoments(
  maps: Float32Array,
  { count, channels }: { readonly count: number; readonly channels: number },
): Moments {
  const moments = new ChannelMoments(channels);
  moments.add(maps, count);
  const { mean, variance } = moments.result();
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(variance, Math.sqrt) };
}
