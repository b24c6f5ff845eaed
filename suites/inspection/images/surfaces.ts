import type { Random } from '../../../engine/base/random.ts';
import { paint, PIXELS, type Reflectance } from './canvas.ts';
import { createNoise } from './value-noise.ts';

export const SURFACES = ['brushed', 'cast', 'woven'] as const;
export type Surface = (typeof SURFACES)[number];

/** A fault-free piece of material in a random orientation. */
export function createSurface(surface: Surface, random: Random): Reflectance {
  const canvas = new Float32Array(PIXELS);
  paint(canvas, TEXTURES[surface](random));
  return canvas;
}

type Texture = (value: number, x: number, y: number) => number;

const TEXTURES: Readonly<Record<Surface, (random: Random) => Texture>> = Object.freeze({
  brushed,
  cast,
  woven,
});

/** Metal: fine streaks along one direction, of two widths. */
function brushed(random: Random): Texture {
  const turn = rotation(random.between(0, Math.PI));
  const [fine, coarse, broad] = [createNoise(random), createNoise(random), createNoise(random)];
  const base = random.between(0.4, 0.62);
  const amplitude = random.between(0.03, 0.07);
  return (_, x, y) => {
    const { along, across } = turn(x, y);
    const streaks = fine(along * 0.06, across * 0.95) + 0.7 * coarse(along * 0.025, across * 0.4);
    return base + amplitude * streaks + 0.03 * broad(along * 0.04, across * 0.08);
  };
}

/** Sand-cast iron: grain at every scale, no direction. */
function cast(random: Random): Texture {
  const [broad, middle, small, fine] = [
    createNoise(random),
    createNoise(random),
    createNoise(random),
    createNoise(random),
  ];
  const base = random.between(0.34, 0.55);
  const amplitude = random.between(0.03, 0.06);
  return (_, x, y) => {
    const clouds = 0.6 * broad(x * 0.05, y * 0.05) + 0.8 * middle(x * 0.12, y * 0.12);
    const grain = small(x * 0.27, y * 0.27) + fine(x * 0.6, y * 0.6);
    return base + amplitude * (clouds + grain);
  };
}

/** Plain weave: threads of both directions pass over each other in turn. */
function woven(random: Random): Texture {
  const turn = rotation(random.between(0, Math.PI / 2));
  const [bend, fibre] = [createNoise(random), createNoise(random)];
  const period = random.between(5, 9);
  const base = random.between(0.34, 0.5);
  const relief = random.between(0.07, 0.13);
  return (_, x, y) => {
    const { along, across } = turn(x, y);
    const u = along / period + 0.12 * bend(x * 0.1, y * 0.1);
    const v = across / period + 0.12 * bend(x * 0.1 + 31, y * 0.1);
    const warpIsUp = ((Math.floor(u) + Math.floor(v)) & 1) === 0;
    const thread = Math.abs(Math.sin(Math.PI * (warpIsUp ? u : v)));
    return base + relief * (thread - 0.3) + 0.035 * fibre(x * 0.8, y * 0.8);
  };
}

function rotation(angle: number): (x: number, y: number) => { along: number; across: number } {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // An offset keeps the sheet away from the origin, where all noises start.
  return (x, y) => ({ along: x * cos + y * sin + 100, across: y * cos - x * sin + 100 });
}
