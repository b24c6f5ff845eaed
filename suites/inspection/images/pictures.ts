import { setImmediate } from 'node:timers/promises';
import { PIXELS, SIDE } from './canvas.ts';
import { CLASSES } from './defects.ts';
import { classOf, createScene, RELIT, SHIFTED, USUAL, type Conditions } from './scene.ts';

/** Pictures one after the other, with what is known about each. */
export interface Pictures {
  readonly count: number;
  /** 8-bit grayscale, `count` times SIDE x SIDE. */
  readonly pixels: Uint8Array;
  /** Index into CLASSES for each picture. */
  readonly labels: Int32Array;
  /** Which pixels the defect covers, 1 or 0, shaped as `pixels`. */
  readonly covered: Uint8Array;
}

/** A set of pictures that can be drawn again, the same byte for byte. */
export interface PictureSet {
  readonly name: string;
  readonly seed: number;
  readonly count: number;
  readonly conditions: (index: number) => Conditions;
}

export const TRAINING: PictureSet = Object.freeze({
  name: 'training',
  seed: 20260101,
  count: 6000,
  conditions: () => USUAL,
});

/** Half as in training, a quarter with defects nearer the border, a quarter under other light. */
export const HELD_OUT: PictureSet = Object.freeze({
  name: 'held-out',
  seed: 20260102,
  count: 1000,
  conditions: (index: number) => (index < 500 ? USUAL : index < 750 ? SHIFTED : RELIT),
});

/** A pixel counts as covered from this share of it on. */
const COVERED_FROM = 0.3;

/** Pictures drawn between two turns of the event loop, about 15 ms. */
const PICTURES_PER_TURN = 16;

/** Draws a set; takes about 0.8 ms a picture. */
export async function drawPictures(set: PictureSet, signal: AbortSignal): Promise<Pictures> {
  const { count } = set;
  const pixels = new Uint8Array(count * PIXELS);
  const covered = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index += 1) {
    if (index % PICTURES_PER_TURN === 0) {
      signal.throwIfAborted();
      await setImmediate();
    }
    const from = { seed: set.seed, stream: `${set.name}-${index}`, defect: classOf(index) };
    const scene = createScene(set.conditions(index), from);
    pixels.set(scene.image, index * PIXELS);
    labels[index] = CLASSES.indexOf(scene.defect);
    const at = index * PIXELS;
    for (let i = 0; i < PIXELS; i += 1) {
      if ((scene.coverage[i] as number) > COVERED_FROM) covered[at + i] = 1;
    }
  }
  return { count, pixels, labels, covered };
}

/** The pictures from `start` up to, not including, `end`: views. */
export function slicePictures(pictures: Pictures, start: number, end: number): Pictures {
  return {
    count: end - start,
    pixels: pictures.pixels.subarray(start * PIXELS, end * PIXELS),
    labels: pictures.labels.subarray(start, end),
    covered: pictures.covered.subarray(start * PIXELS, end * PIXELS),
  };
}

/** The model's input for pixels, whole pictures: shape [N,1,SIDE,SIDE], 0 to 1. */
export function toInput(pixels: Uint8Array): {
  readonly type: 'float32';
  readonly dims: readonly number[];
  readonly data: Float32Array;
} {
  // A loop: Float32Array.from with a function takes ten times as long.
  const data = new Float32Array(pixels.length);
  for (let i = 0; i < data.length; i += 1) data[i] = (pixels[i] as number) / 255;
  return { type: 'float32', dims: [pixels.length / PIXELS, 1, SIDE, SIDE], data };
}
