import { Bench } from 'tinybench';
import { ratioInterval, type Estimate } from '../../engine/base/statistics.ts';
import { createRandom } from '../../engine/base/random.ts';
import { createSession, type Session } from '../../engine/runtime/binding.ts';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../engine/runtime/session-options.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';

export interface SpeedJob {
  readonly original: string;
  readonly rewritten: string;
  readonly feeds: Tensors;
  readonly config: EngineConfig;
  /** Pairs of blocks; each block is one model alone. */
  readonly blocks: number;
  readonly blockMs: number;
  readonly seed: number;
}

export interface SpeedComparison {
  /** Time of the original over that of the rewritten: above 1 is faster. */
  readonly speedup: Estimate;
  /** Medians over the blocks, of the medians within. */
  readonly originalMs: number;
  readonly rewrittenMs: number;
  /** Medians of loads in turn. */
  readonly originalLoadMs: number;
  readonly rewrittenLoadMs: number;
}

/**
 * Times two models on the same inputs in pairs of blocks, AB or BA in a drawn
 * order, so that drift of the machine hits both alike. The unit of the interval
 * is the pair. A block is long enough to be one model's alone: going round run
 * by run inflates both by cache misses that production does not have.
 */
export async function compareSpeed(job: SpeedJob): Promise<SpeedComparison> {
  const loads = await timeLoads(job);
  const options = toSessionOptions(job.config);
  const original = await createSession(job.original, options);
  const rewritten = await createSession(job.rewritten, options);
  try {
    const sample = (session: Session): Promise<number> => medianMs(session, job.feeds, job.blockMs);
    // Both warmed up before either is timed.
    await sample(original);
    await sample(rewritten);
    const random = createRandom(job.seed, 'speed');
    const pairs: { readonly a: number; readonly b: number }[] = [];
    for (let block = 0; block < job.blocks; block += 1) {
      const first = random.next() < 0.5;
      const early = await sample(first ? original : rewritten);
      const late = await sample(first ? rewritten : original);
      pairs.push(first ? { a: early, b: late } : { a: late, b: early });
    }
    return {
      speedup: ratioInterval(
        pairs.map(({ a, b }) => Math.log(a / b)),
        0.95,
      ),
      originalMs: middle(pairs.map(({ a }) => a)),
      rewrittenMs: middle(pairs.map(({ b }) => b)),
      ...loads,
    };
  } finally {
    await original.close();
    await rewritten.close();
  }
}

/** Loads of each model that are timed, in turn; the first of each only fills the file cache. */
const LOADS = 7;

async function timeLoads(
  job: SpeedJob,
): Promise<Pick<SpeedComparison, 'originalLoadMs' | 'rewrittenLoadMs'>> {
  const original: number[] = [];
  const rewritten: number[] = [];
  for (let load = 0; load <= LOADS; load += 1) {
    const a = await loadMs(job.original, job.config);
    const b = await loadMs(job.rewritten, job.config);
    if (load === 0) continue;
    original.push(a);
    rewritten.push(b);
  }
  return { originalLoadMs: middle(original), rewrittenLoadMs: middle(rewritten) };
}

async function loadMs(path: string, config: EngineConfig): Promise<number> {
  const startedMs = performance.now();
  const session = await createSession(path, toSessionOptions(config));
  const ms = performance.now() - startedMs;
  await session.close();
  return ms;
}

async function medianMs(session: Session, feeds: Tensors, blockMs: number): Promise<number> {
  const bench = new Bench({ time: blockMs, iterations: 3, warmup: false, throws: true });
  const task = bench.add('run', () => session.run(feeds)).getTask('run');
  await bench.run();
  const result = task?.result;
  if (result === undefined || !('latency' in result)) throw new Error('the block gave no samples');
  return result.latency.p50;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}
