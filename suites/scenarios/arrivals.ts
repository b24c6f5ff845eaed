import { createRandom } from '../../engine/base/random.ts';

/**
 * When each query of the `server` scenario is due, in milliseconds from the
 * start, ascending: a Poisson process, so the gaps are exponential with mean
 * 1 / rate. Drawn beforehand, so that nothing about the answers can move them.
 * Ends when both the duration and the count are met, at the latest at `maxMs`. In shared memory, for the
 * thread that keeps the time. O(count), at most `MAX_ARRIVALS`.
 */
export function poissonArrivals(options: {
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly leastCount: number;
  /** None but the first is due later than this, whatever the count; default: no limit. */
  readonly maxMs?: number;
  readonly seed: number;
}): Float64Array<SharedArrayBuffer> {
  const { ratePerSecond, durationMs, leastCount, maxMs = Infinity, seed } = options;
  const random = createRandom(seed, 'arrivals');
  const meanGapMs = 1000 / ratePerSecond;
  const due: number[] = [];
  let atMs = 0;
  while (due.length < MAX_ARRIVALS) {
    // 1 - next() lies in (0, 1]: its logarithm is finite.
    atMs -= meanGapMs * Math.log(1 - random.next());
    if (atMs > durationMs && due.length >= leastCount) break;
    if (atMs > maxMs && due.length > 0) break;
    due.push(atMs);
  }
  const arrivals = new Float64Array(new SharedArrayBuffer(8 * due.length));
  arrivals.set(due);
  return arrivals;
}

/** 80 MB of schedule: far beyond what one generator can send in a trial. */
const MAX_ARRIVALS = 10_000_000;

/**
 * Which prepared sample each query takes: with replacement, as LoadGen draws
 * them, so that a cache cannot learn the order. Cycled through when exhausted.
 */
export function drawSamples(poolSize: number, seed: number, stream: string): Uint32Array {
  const random = createRandom(seed, `samples ${stream}`);
  return Uint32Array.from({ length: DRAWN }, () => random.integer(poolSize));
}

const DRAWN = 4096;
