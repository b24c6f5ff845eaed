import {
  ActivationHistogram,
  type PlainHistogram,
} from '../../../../../engine/graph/quantization/calibration/histogram.ts';
import { createRandom } from '../../../../../engine/base/random.ts';

/** The histogram of these values. */
export function histogramOf(values: Float32Array | Float64Array, binCount = 8192): PlainHistogram {
  const histogram = new ActivationHistogram({ binCount });
  histogram.add(values);
  return histogram.toPlain();
}

/** Seeded standard-normal values. */
export function normalValues(length: number, seed = 1): Float32Array {
  const random = createRandom(seed, 'normal');
  return Float32Array.from({ length }, () => random.normal());
}

export function relu(values: Float32Array): Float32Array {
  return values.map((value) => Math.max(0, value));
}

/** A histogram whose counts are `round(density(bin's centre))`. */
export function countsOf(
  density: (x: number) => number,
  options: {
    readonly binCount: number;
    readonly halfRange: number;
    readonly min: number;
    readonly max: number;
  },
): PlainHistogram {
  const { binCount, halfRange, min, max } = options;
  const width = (2 * halfRange) / binCount;
  const bins = Float64Array.from({ length: binCount }, (_, index) => {
    return Math.round(density((index + 0.5) * width - halfRange));
  });
  const count = bins.reduce((a, b) => a + b, 0);
  return { bins, halfRange, min, max, count, zeroCount: 0, nonFiniteCount: 0 };
}
