/**
 * The first layer's filters, [16, 1, 5, 5], not trained: what is known to be
 * useful for lines, spots and light. Each has unit norm; all but the last two
 * have zero mean, so that the level of light cancels.
 *
 * 12 second derivatives of a Gaussian across 6 directions in both signs (bright
 * and dark lines), a Laplacian of Gaussian in both signs (spots), and a Gaussian
 * in both signs: the Relu that follows would cut one half of the level away.
 *
 * All are whole numbers up to 127 times a factor, so that an int8 version has
 * the same filters: rounded ones would no longer sum to zero, and the level of
 * light would leak through.
 */
export function filterBank(): Float32Array {
  const filters: number[][] = [];
  for (const sign of [1, -1]) {
    for (let i = 0; i < DIRECTIONS; i += 1) filters.push(line((Math.PI * i) / DIRECTIONS, sign));
  }
  filters.push(spot(1), spot(-1), level(1), level(-1));
  return Float32Array.from(filters.flat());
}

const DIRECTIONS = 6;
const SIZE = 5;

/** Variances in square pixels: across and along a line, of a spot, of the mean level. */
const VARIANCE = Object.freeze({ across: 0.8, along: 2.5, spot: 1.6, level: 3 });

function line(angle: number, sign: number): number[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const filter = sample((x, y) => {
    const along = x * cos + y * sin;
    const across = (y * cos - x * sin) ** 2 / VARIANCE.across;
    const bell = Math.exp(-across / 2 - along ** 2 / (2 * VARIANCE.along));
    return sign * (across - 1) * bell;
  });
  return unitNorm(zeroSum(toIntegers(zeroMean(filter))));
}

function spot(sign: number): number[] {
  const filter = sample((x, y) => {
    const squared = (x * x + y * y) / (2 * VARIANCE.spot);
    return sign * (squared - 1) * Math.exp(-squared);
  });
  return unitNorm(zeroSum(toIntegers(zeroMean(filter))));
}

function level(sign: number): number[] {
  return unitNorm(
    toIntegers(sample((x, y) => sign * Math.exp(-(x * x + y * y) / (2 * VARIANCE.level)))),
  );
}

function sample(value: (x: number, y: number) => number): number[] {
  const middle = (SIZE - 1) / 2;
  return Array.from({ length: SIZE * SIZE }, (_, i) => {
    return value((i % SIZE) - middle, Math.floor(i / SIZE) - middle);
  });
}

function zeroMean(filter: readonly number[]): number[] {
  const mean = filter.reduce((sum, value) => sum + value, 0) / filter.length;
  return filter.map((value) => value - mean);
}

/** The largest becomes 127 or -127. */
function toIntegers(filter: readonly number[]): number[] {
  const largest = Math.max(...filter.map(Math.abs));
  return filter.map((value) => Math.round((127 * value) / largest));
}

/** Takes what rounding left from the smallest weights, one from each in turn. */
function zeroSum(filter: readonly number[]): number[] {
  const weights = [...filter];
  const smallestFirst = [...weights.keys()].sort((a, b) => {
    return Math.abs(weights[a] as number) - Math.abs(weights[b] as number);
  });
  let rest = weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; rest !== 0; i += 1) {
    const at = smallestFirst[i % smallestFirst.length] as number;
    weights[at] = (weights[at] as number) - Math.sign(rest);
    rest -= Math.sign(rest);
  }
  return weights;
}

function unitNorm(filter: readonly number[]): number[] {
  const norm = Math.sqrt(filter.reduce((sum, value) => sum + value * value, 0));
  return filter.map((value) => value / norm);
}
