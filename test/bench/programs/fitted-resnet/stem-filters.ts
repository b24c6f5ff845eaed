/** Channels of the stem, all in use. */
export const STEM_CHANNELS = 64;
export const STEM_KERNEL = 7;

/** A filter of one plane; `lift` is what the norm adds, in standard deviations. */
export interface StemFilter {
  readonly weight: readonly number[];
  readonly lift: number;
}

/**
 * The stem's filters, not trained: at two scales first derivatives of a Gaussian in 12
 * directions (edges), second derivatives in 8 directions and both signs (lines), its
 * Laplacian in both signs (spots), and the level of light in both signs, lifted so that
 * the Relu leaves it linear and the MaxPool shows the largest and the smallest level.
 */
export function stemFilters(): StemFilter[] {
  return SIGMAS.flatMap((sigma) => [
    ...directions(EDGES, 2 * Math.PI).map((angle) => pattern(edge(angle, sigma))),
    ...directions(LINES, Math.PI).flatMap((angle) => [
      pattern(line(angle, sigma, 1)),
      pattern(line(angle, sigma, -1)),
    ]),
    ...[1, -1].map((sign) => pattern(spot(sigma, sign))),
    ...[1, -1].map((sign) => level(sigma, sign)),
  ]);
}

/** Standard deviations in pixels of the 224 x 224 picture. */
const SIGMAS = Object.freeze([1.2, 1.8]);
const EDGES = 12;
const LINES = 8;
/** Levels stay above 0 up to so many standard deviations. */
const LEVEL_LIFT = 3;

type Shape = (x: number, y: number) => number;

function directions(count: number, turn: number): number[] {
  return Array.from({ length: count }, (_, i) => (turn * i) / count);
}

function edge(angle: number, sigma: number): Shape {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => (x * cos + y * sin) * bell(x, y, sigma);
}

function line(angle: number, sigma: number, sign: number): Shape {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => {
    const across = (y * cos - x * sin) / sigma;
    const along = (x * cos + y * sin) / (1.8 * sigma);
    return sign * (1 - across ** 2) * Math.exp(-(across ** 2 + along ** 2) / 2);
  };
}

function spot(sigma: number, sign: number): Shape {
  return (x, y) => sign * (2 - (x * x + y * y) / sigma ** 2) * bell(x, y, sigma);
}

function bell(x: number, y: number, sigma: number): number {
  return Math.exp(-(x * x + y * y) / (2 * sigma ** 2));
}

/** Zero mean: the level of light cancels. */
function pattern(shape: Shape): StemFilter {
  const values = sample(shape);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { weight: unitNorm(values.map((value) => value - mean)), lift: 0 };
}

function level(sigma: number, sign: number): StemFilter {
  return {
    weight: unitNorm(sample((x, y) => sign * bell(x, y, sigma))),
    lift: LEVEL_LIFT,
  };
}

function sample(shape: Shape): number[] {
  const middle = (STEM_KERNEL - 1) / 2;
  return Array.from({ length: STEM_KERNEL ** 2 }, (_, i) => {
    return shape((i % STEM_KERNEL) - middle, Math.floor(i / STEM_KERNEL) - middle);
  });
}

function unitNorm(values: readonly number[]): number[] {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return values.map((value) => value / norm);
}
