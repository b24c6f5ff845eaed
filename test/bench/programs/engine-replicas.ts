import { createRandom } from '../../../engine/base/random.ts';
import { ratioInterval } from '../../../engine/base/statistics.ts';
import type { EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import { report } from '../aim.ts';
import { BareSessions } from './engine-bare-sessions.ts';
import {
  ONE_THREAD,
  PICTURE_DIMS,
  sizedFeeds,
  writePickModel,
  writeSizedModel,
} from './engine-models.ts';

const REPLICAS = 2;
const AIM = 0.96;

/** Runs a second, over a window of so many milliseconds. */
type Rate = (windowMs: number) => Promise<number>;

/**
 * Two replicas, driven by two clients that wait for their answers, against two bare sessions
 * that loop in processes of their own at once. One intra-op thread each. The three take turns
 * in an order drawn for each round; rounds are the unit of the intervals (95 %). All are
 * warm, as a service is that has run for minutes.
 */
export async function replicaThroughput(folder: string, short: boolean): Promise<void> {
  const { path } = await writeSizedModel(folder);
  const bare = await BareSessions.open(path, REPLICAS);
  const engines = {
    thread: await openEngine(path, 'thread'),
    process: await openEngine(path, 'process'),
  };
  try {
    const rates = {
      bare: (windowMs: number) => bare.runsPerSecond(windowMs),
      thread: (windowMs: number) => drive(engines.thread, windowMs),
      process: (windowMs: number) => drive(engines.process, windowMs),
    };
    if (!short) await warmUp(folder, Object.values(rates));
    const rounds = await measureRounds(rates, short ? 4 : 24, short ? 300 : 1000);
    reportRatio('thread', rounds);
    reportRatio('process', rounds);
  } finally {
    bare.close();
    await Promise.all(Object.values(engines).map((engine) => engine.close()));
  }
}

function openEngine(artifact: string, isolation: EngineConfig['isolation']): Promise<Engine> {
  return Engine.open({ artifact, config: { ...ONE_THREAD, isolation, replicas: REPLICAS } });
}

async function drive(engine: Engine, windowMs: number): Promise<number> {
  const client = async (): Promise<number> => {
    const { x } = sizedFeeds();
    if (x === undefined) throw new Error('there is no feed x');
    using lent = engine.allocate('float32', x.dims);
    lent.data.set(x.data as Float32Array);
    const startedMs = performance.now();
    let runs = 0;
    let elapsedMs = 0;
    while (elapsedMs < windowMs) {
      await engine.infer({ x: lent });
      runs += 1;
      elapsedMs = performance.now() - startedMs;
    }
    return (1000 * runs) / elapsedMs;
  };
  const counts = await Promise.all(Array.from({ length: REPLICAS }, client));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Small requests, of which so many take seconds. */
const WARM_REQUESTS = 15_000;
const WARM_MS = 10_000;

/**
 * V8 compiles what it has run thousands of times, of which these clients would need minutes:
 * until then a request costs this thread 0.3 ms instead of 0.1, once its caches are cold.
 */
async function warmUp(folder: string, rates: readonly Rate[]): Promise<void> {
  const artifact = writePickModel(folder);
  for (const isolation of ['thread', 'process'] as const) {
    const engine = await openEngine(artifact, isolation);
    const client = async (): Promise<void> => {
      using x = engine.allocate('float32', PICTURE_DIMS);
      for (let request = 0; request < WARM_REQUESTS; request += 1) await engine.infer({ x });
    };
    await Promise.all(Array.from({ length: REPLICAS }, client));
    await engine.close();
  }
  for (const rate of rates) await rate(WARM_MS);
}

interface Round {
  readonly bare: number;
  readonly thread: number;
  readonly process: number;
}

async function measureRounds(
  rates: Readonly<Record<keyof Round, Rate>>,
  count: number,
  windowMs: number,
): Promise<readonly Round[]> {
  const random = createRandom(1, 'replica throughput');
  const rounds: Round[] = [];
  for (let round = -1; round < count; round += 1) {
    const measured = { bare: 0, thread: 0, process: 0 };
    for (const kind of random.shuffled(['bare', 'thread', 'process'] as const)) {
      measured[kind] = await rates[kind](windowMs);
    }
    // The first one warms up.
    if (round >= 0) rounds.push(measured);
  }
  return rounds;
}

function reportRatio(isolation: 'thread' | 'process', rounds: readonly Round[]): void {
  const logRatios = rounds.map((round) => Math.log(round[isolation] / round.bare));
  const { value, low, high } = ratioInterval(logRatios, 0.95);
  report(`two ${isolation} replicas, times two bare sessions in two processes`, {
    value,
    unit: `[${low.toFixed(3)}, ${high.toFixed(3)}]`,
    aim: `at least ${AIM}`,
    met: value >= AIM,
  });
}
