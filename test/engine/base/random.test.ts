import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../engine/base/random.ts';

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

describe('createRandom', () => {
  // From a second implementation, in Python with its unbounded integers, of sfc32
  // (12 discarded outputs, counter 1) seeded by splitmix32, FNV-1a of the stream
  // mixed into the low half of the seed and the high half into the first word.
  it.each([
    [0, '', [2899526011, 769844623, 220372281, 4270301181]],
    [1, '', [2420951833, 2513034076, 3847892949, 4064752930]],
    [2 ** 32 - 1, '', [2300869303, 3917632794, 3726809994, 1136427174]],
    [2 ** 32, '', [1094742295, 2715452089, 4106574355, 3328092518]],
    [2 ** 53 - 1, '', [2227630806, 1010737937, 4029015631, 3778939675]],
    [-1, '', [1754478568, 1750040364, 2574195434, 2094002461]],
    [7, 'x', [1316600125, 1466971694, 2499379382, 1195097665]],
    [7, 'arms', [2295258227, 491709416, 4207228389, 255369475]],
  ])('gives the known first values of seed %d, stream "%s"', (seed, stream, expected) => {
    const values = draw(createRandom(seed, stream), 4);
    expect(values.map((value) => value * 2 ** 32)).toEqual(expected);
  });

  it('gives the same sequence for the same seed and stream', () => {
    expect(draw(createRandom(5, 'data'), 20)).toEqual(draw(createRandom(5, 'data'), 20));
  });

  it('does not let one stream move another', () => {
    const a = createRandom(5, 'a');
    const b = createRandom(5, 'b');
    const mixed = Array.from({ length: 10 }, () => [a.next(), b.next()][0]);
    expect(mixed).toEqual(draw(createRandom(5, 'a'), 10));
  });

  it.each([
    ['neighbouring seeds', createRandom(1), createRandom(2)],
    ['a seed and the same low half with a high one', createRandom(9), createRandom(9 + 2 ** 32)],
    ['two streams of a seed', createRandom(1, 'a'), createRandom(1, 'b')],
    ['a stream and none', createRandom(1), createRandom(1, 'a')],
  ])('gives %s uncorrelated sequences', (_name, first, second) => {
    const count = 10_000;
    const pairs = Array.from({ length: count }, () => [first.next() - 0.5, second.next() - 0.5]);
    const products = pairs.reduce((sum, [x = 0, y = 0]) => sum + x * y, 0);
    // The correlation of independent pairs has a standard error of 1/sqrt(n): five of them.
    expect(Math.abs((products / count) * 12)).toBeLessThan(5 / Math.sqrt(count));
  });
});

describe('Random', () => {
  const count = 20_000;

  it('spreads evenly over [0, 1)', () => {
    const bins = new Float64Array(64);
    const random = createRandom(11);
    for (let index = 0; index < count; index += 1) {
      const bin = Math.floor(random.next() * 64);
      bins[bin] = (bins[bin] ?? Number.NaN) + 1;
    }
    const expected = count / 64;
    const chiSquare = bins.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    // 63 degrees of freedom: the 0.0005 and 0.9995 quantiles are 32.5 and 106.6 (scipy chi2.ppf).
    expect(chiSquare).toBeGreaterThan(32);
    expect(chiSquare).toBeLessThan(107);
  });

  it('gives every integer below the bound, and none else, equally often', () => {
    const random = createRandom(12);
    const seen = new Map<number, number>();
    for (let index = 0; index < count; index += 1) {
      const value = random.integer(5);
      seen.set(value, (seen.get(value) ?? 0) + 1);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    // 4000 each, standard deviation sqrt(n p q) = 57: five of them.
    expect(Math.max(...[...seen.values()].map((times) => Math.abs(times - 4000)))).toBeLessThan(
      285,
    );
  });

  it('reaches the upper half of a bound near 2^32', () => {
    const random = createRandom(13);
    const values = Array.from({ length: 100 }, () => random.integer(2 ** 32 - 1));
    expect(values.every((value) => Number.isInteger(value) && value < 2 ** 32 - 1)).toBe(true);
    expect(Math.max(...values)).toBeGreaterThan(2 ** 31);
  });

  it('stays between the limits and fills the range', () => {
    const random = createRandom(14);
    const values = Array.from({ length: count }, () => random.between(-3, 5));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
    expect(Math.min(...values)).toBeLessThan(-2.99);
    expect(Math.max(...values)).toBeLessThan(5);
    expect(Math.max(...values)).toBeGreaterThan(4.99);
  });

  // By hand (Box and Muller) from the values of seed 1 above, computed in Python.
  it('makes two uniform values into a normal one', () => {
    const random = createRandom(1);
    expect(random.normal()).toBeCloseTo(-1.1081023031459833, 12);
    expect(random.normal()).toBeCloseTo(2.0076913032958057, 12);
  });

  it('gives normal values with the moments and the tail of the distribution', () => {
    const random = createRandom(15);
    const values = Array.from({ length: count }, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / count;
    const beyond = values.filter((value) => Math.abs(value) > 1.959964).length / count;
    // Standard errors 0.0071, 0.01 and 0.0015; about four of each.
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    expect(Math.abs(beyond - 0.05)).toBeLessThan(0.006);
  });

  it('picks each item', () => {
    const random = createRandom(16);
    const picked = new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])));
    expect([...picked].sort()).toEqual(['a', 'b', 'c']);
  });

  it('cannot pick from an empty list', () => {
    expect(() => createRandom(0).pick([])).toThrow(RangeError);
  });

  // Fisher and Yates from the values of seed 1, computed in Python.
  it('shuffles a copy', () => {
    const items = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(createRandom(1).shuffled(items)).toEqual([2, 3, 0, 1, 6, 5, 7, 4]);
    expect(items).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(createRandom(1).shuffled([])).toEqual([]);
  });

  it('gives every order of three items equally often', () => {
    const random = createRandom(17);
    const seen = new Map<string, number>();
    for (let index = 0; index < 6000; index += 1) {
      const order = random.shuffled(['a', 'b', 'c']).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    // 1000 each, standard deviation 29: five of them.
    expect(Math.max(...[...seen.values()].map((times) => Math.abs(times - 1000)))).toBeLessThan(
      145,
    );
  });
});
