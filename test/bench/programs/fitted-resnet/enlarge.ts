import { PIXELS, SIDE } from '../../../../suites/inspection/images/canvas.ts';
import type { Pictures } from '../../../../suites/inspection/images/pictures.ts';

/** Side of ResNet-50's input. */
export const LARGE = 224;
export const LARGE_PIXELS = LARGE * LARGE;

/**
 * Pictures at 224 x 224 by bilinear interpolation, about -2 to 2: one plane each,
 * or the same plane in so many channels, [rows, channels, 224, 224].
 */
export function enlarge(
  pictures: Pictures,
  from: { readonly start: number; readonly rows: number; readonly channels: number },
): Float32Array {
  const { start, rows, channels } = from;
  const images = new Float32Array(rows * channels * LARGE_PIXELS);
  for (let row = 0; row < rows; row += 1) {
    const at = (start + row) * PIXELS;
    const plane = enlargeOne(pictures.pixels.subarray(at, at + PIXELS));
    for (let channel = 0; channel < channels; channel += 1) {
      images.set(plane, (row * channels + channel) * LARGE_PIXELS);
    }
  }
  return images;
}

function enlargeOne(pixels: Uint8Array): Float32Array {
  const plane = new Float32Array(LARGE_PIXELS);
  for (let y = 0; y < LARGE; y += 1) {
    const { low: top, high: bottom, share: down } = STEPS[y] as Step;
    for (let x = 0; x < LARGE; x += 1) {
      const { low, high, share } = STEPS[x] as Step;
      const at = (row: number, column: number): number => pixels[row * SIDE + column] as number;
      const above = at(top, low) * (1 - share) + at(top, high) * share;
      const below = at(bottom, low) * (1 - share) + at(bottom, high) * share;
      plane[y * LARGE + x] = (above * (1 - down) + below * down) / 64 - 2;
    }
  }
  return plane;
}

/** For each of the 224 places the two of the 64 that it lies between, and the second's share. */
interface Step {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

const STEPS: readonly Step[] = Array.from({ length: LARGE }, (_, place) => {
  const exact = (place * SIDE) / LARGE;
  const low = Math.floor(exact);
  return { low, high: Math.min(SIDE - 1, low + 1), share: exact - low };
});
