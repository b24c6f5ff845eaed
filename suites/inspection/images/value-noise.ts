import { createRandom, type Random } from '../../../engine/base/random.ts';

/** Smooth noise over the plane, -1 to 1, with features about one unit apart. */
export type Noise = (x: number, y: number) => number;

/** Cells after which the noise repeats, more than any image spans. */
const LATTICE = 256;
const WRAP = LATTICE - 1;

let shared: Float32Array | null = null;

/**
 * Value noise: random values on a lattice, interpolated (Perlin 1985, in its
 * simplest form). All noises share one lattice and start somewhere else on it:
 * filling one for each would cost more than drawing the image.
 */
export function createNoise(random: Random): Noise {
  shared ??= createLattice();
  const lattice = shared;
  const [startX, startY] = [random.integer(LATTICE), random.integer(LATTICE)];
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const column = (left + startX) & WRAP;
    const nextColumn = (column + 1) & WRAP;
    const row = ((top + startY) & WRAP) * LATTICE;
    const nextRow = ((top + startY + 1) & WRAP) * LATTICE;
    const s = ease(x - left);
    const upper = mix(lattice[row + column] as number, lattice[row + nextColumn] as number, s);
    const lower = mix(
      lattice[nextRow + column] as number,
      lattice[nextRow + nextColumn] as number,
      s,
    );
    return mix(upper, lower, ease(y - top));
  };
}

function createLattice(): Float32Array {
  const random = createRandom(0, 'value-noise');
  return Float32Array.from({ length: LATTICE * LATTICE }, () => random.between(-1, 1));
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}
