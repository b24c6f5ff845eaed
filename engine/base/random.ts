/**
 * Seeded randomness: the same seed gives the same sequence on every machine.
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), seeded by splitmix32, so
 * that neighbouring seeds give unrelated sequences.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform integer in [0, bound); `bound` is a positive integer below 2^32. */
  integer(bound: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal (Box and Muller, 1958). */
  normal(): number;
  /** One of the items; throws on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[];
}

/** A generator for a seed and, optionally, a named stream of it. */
export function createRandom(seed: number, stream = ''): Random {
  const next = sfc32(seed, stream);
  const integer = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    integer,
    between: (low, high) => low + (high - low) * next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (items) => {
      const item = items[integer(items.length)];
      if (item === undefined) throw new RangeError('cannot pick from an empty list');
      return item;
    },
    shuffled: (items) => shuffle([...items], integer),
  };
}

function sfc32(seed: number, stream: string): () => number {
  let state = (seed ^ hash32(stream)) >>> 0;
  const split = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  // Seeds beyond 32 bits must not collide with their low half.
  let a = split() ^ Math.floor(seed / 2 ** 32);
  let b = split();
  let c = split();
  let counter = 1;
  const step = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i += 1) step();
  return step;
}

/** FNV-1a, 32 bits. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return text === '' ? 0 : hash >>> 0;
}

function shuffle<T>(items: T[], integer: (bound: number) => number): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = integer(i + 1);
    const a = items[i] as T;
    items[i] = items[j] as T;
    items[j] = a;
  }
  return items;
}
