import { setImmediate as nextTurn } from 'node:timers/promises';
import { createRandom } from '../../../../engine/base/random.ts';
import { createTensorPool } from '../../../../engine/memory/tensor-pool.ts';
import { watchCollections } from './collections.ts';

// Runs the trace with the memory that its argument names, and prints what it cost as JSON.

export type TraceMemory = 'pools' | 'fresh';

export interface TraceFigures {
  /** Time in garbage collection. */
  readonly gcMs: number;
  readonly collections: number;
  readonly wallMs: number;
  /** Of the pool; 0 with fresh arrays. */
  readonly hits: number;
  readonly misses: number;
  readonly peakHeldBytes: number;
  readonly peakLiveBytes: number;
}

/** Elements of float32 feeds: rows of features, tokens and pictures, up to 600 KB. */
const FEEDS = [
  [1, 512],
  [1, 28, 28],
  [1, 3, 32, 32],
  [16, 384],
  [1, 3, 64, 64],
  [64, 384],
  [1, 3, 96, 96],
  [1, 3, 112, 112],
  [128, 384],
  [1, 3, 160, 160],
  [256, 384],
  [1, 3, 223, 223],
].map((dims) => dims.reduce((count, dim) => count * dim, 1));

const ANSWER_ELEMENTS = 1000;
const INFERENCES = 10_000;
/** Requests in flight: two replicas, and as many that wait. */
const CLIENTS = 4;

const pool = createTensorPool();
const infer = process.argv[2] === 'fresh' ? inferWithFreshArrays : inferWithPool;
const random = createRandom(1, 'trace');
let left = INFERENCES;

const collections = watchCollections();
const startedMs = performance.now();
await Promise.all(Array.from({ length: CLIENTS }, client));
const wallMs = performance.now() - startedMs;
const { hits, misses, peakHeldBytes, peakLiveBytes } = pool.statistics();
const figures: TraceFigures = {
  ...(await collections.stop()),
  wallMs,
  hits,
  misses,
  peakHeldBytes,
  peakLiveBytes,
};
process.stdout.write(JSON.stringify(figures));

async function client(): Promise<void> {
  while (left > 0) {
    left -= 1;
    await infer(random.pick(FEEDS));
  }
}

async function inferWithPool(elements: number): Promise<void> {
  using feed = pool.take(elements * 4);
  using answer = pool.take(ANSWER_ELEMENTS * 4);
  await run(feed.view(Float32Array, elements), answer.view(Float32Array, ANSWER_ELEMENTS));
}

async function inferWithFreshArrays(elements: number): Promise<void> {
  await run(new Float32Array(elements), new Float32Array(ANSWER_ELEMENTS));
}

/** Fills the feed and answers in a later turn, as the runtime's binding does. */
async function run(feed: Float32Array, answer: Float32Array): Promise<void> {
  feed.fill(left);
  await nextTurn();
  for (let index = 0; index < answer.length; index += 1) {
    answer[index] = (feed[index % feed.length] ?? 0) * 0.5;
  }
}
