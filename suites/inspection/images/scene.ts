import { createRandom, type Random } from '../../../engine/base/random.ts';
import {
  length,
  paint,
  paintAround,
  PIXELS,
  SIDE,
  smoothStep,
  type Reflectance,
} from './canvas.ts';
import { applyDefect, CLASSES, type DefectClass } from './defects.ts';
import { createSurface, SURFACES } from './surfaces.ts';

type Range = readonly [low: number, high: number];

/** How the pictures of one batch are taken; every range is [low, high). */
export interface Conditions {
  /** Distance of a defect's centre from the border, in pixels, at least. */
  readonly margin: number;
  /** Light level. */
  readonly gain: Range;
  /** Relative change of light from one border to the other. */
  readonly gradient: Range;
  /** Standard deviation of the sensor's noise; white is 1. */
  readonly noise: Range;
}

/** What the classifier is trained on. */
export const USUAL: Conditions = {
  margin: 14,
  gain: [0.65, 1.2],
  gradient: [0, 0.35],
  noise: [0.008, 0.028],
};

/** Parts lie elsewhere: defects up to the border of the picture. */
export const SHIFTED: Conditions = { ...USUAL, margin: 7 };

/** The lamp was changed: darker, brighter and less even than in training. */
export const RELIT: Conditions = {
  ...USUAL,
  gain: [0.5, 1.35],
  gradient: [0.15, 0.55],
  noise: [0.008, 0.034],
};

export interface Scene {
  /** 8-bit grayscale, row-major. */
  readonly image: Uint8Array;
  readonly defect: DefectClass;
  /** How much of each pixel the defect covers, 0 to 1. */
  readonly coverage: Float32Array;
}

/** The picture of a seed and a stream; other pictures do not influence it. */
export function createScene(
  conditions: Conditions,
  from: { readonly seed: number; readonly stream: string; readonly defect: DefectClass },
): Scene {
  const random = createRandom(from.seed, from.stream);
  const canvas = createSurface(random.pick(SURFACES), random);
  addDust(canvas, random);
  const centre = { x: position(conditions, random), y: position(conditions, random) };
  const coverage = applyDefect(canvas, from.defect, { centre, random });
  illuminate(canvas, conditions, random);
  return { image: expose(canvas, conditions, random), defect: from.defect, coverage };
}

/** Classes in turn, so that every batch has as many of each. */
export function classOf(index: number): DefectClass {
  return CLASSES[index % CLASSES.length] as DefectClass;
}

function position({ margin }: Conditions, random: Random): number {
  return random.between(margin, SIDE - margin);
}

/** Specks that are no defect, on any picture. */
function addDust(canvas: Reflectance, random: Random): void {
  for (let count = random.integer(4); count > 0; count -= 1) {
    const centre = { x: random.between(0, SIDE), y: random.between(0, SIDE) };
    const radius = random.between(0.5, 1);
    const contrast = random.between(-0.14, 0.14);
    paintAround(canvas, { centre, reach: radius + 1 }, (value, x, y) => {
      const distance = length(x - centre.x, y - centre.y);
      return value + contrast * smoothStep(radius + 0.6, radius - 0.6, distance);
    });
  }
}

/** Level, a slope in a random direction, and a soft bright spot anywhere. */
function illuminate(canvas: Reflectance, conditions: Conditions, random: Random): void {
  const gain = random.between(...conditions.gain);
  const slope = random.between(...conditions.gradient) / SIDE;
  const direction = random.between(0, 2 * Math.PI);
  const [cos, sin] = [Math.cos(direction) * slope, Math.sin(direction) * slope];
  const spot = { x: random.between(0, SIDE), y: random.between(0, SIDE) };
  const [glare, spread] = [random.between(0, 0.12), random.between(18, 40)];
  paint(canvas, (value, x, y) => {
    const squared = ((x - spot.x) ** 2 + (y - spot.y) ** 2) / spread ** 2;
    const light = 1 + cos * (x - SIDE / 2) + sin * (y - SIDE / 2) + glare / (1 + squared * squared);
    return value * gain * light;
  });
}

/** The sensor: noise, saturation, 8 bits. */
function expose(canvas: Reflectance, conditions: Conditions, random: Random): Uint8Array {
  const noise = random.between(...conditions.noise);
  const image = new Uint8Array(PIXELS);
  for (let i = 0; i < PIXELS; i += 1) {
    const level = (canvas[i] as number) + noise * random.normal();
    image[i] = Math.round(255 * Math.min(1, Math.max(0, level)));
  }
  return image;
}
