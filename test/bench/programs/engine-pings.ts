import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { median, ratioInterval } from '../../../engine/base/statistics.ts';
import type { EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { report } from '../aim.ts';
import { forkProgram, nextMessage } from './engine-bare-sessions.ts';
import { ONE_THREAD, PICTURE_DIMS, writePickModel } from './engine-models.ts';
import type { Ping } from './engine-ping-process.ts';

const AIM = 1.3;

/** A round trip of some kind. */
type Call = () => Promise<unknown>;

interface Pings {
  /** Through the engine, with a feed of 600 KB in its pool. */
  readonly engine: Call;
  /** The barest round trip that runs the same session's kind on the same feed. */
  readonly ping: Call;
  /** The round trip alone: nothing is run. */
  readonly empty: Call;
  close(): Promise<void>;
}

/**
 * Round trips through an engine against bare ones that run the same model: what is compared
 * is the median time of one, in batches that take turns. The model takes microseconds, so
 * that the way there and back is most of it. The thread's ping is the same message through a
 * worker pool of the same settings; the process's is a forked child, whose channel carries
 * as little as can be told.
 */
export async function pingOverhead(folder: string, short: boolean): Promise<void> {
  const modelPath = writePickModel(folder);
  await compare('thread', await openThreadPings(modelPath), short);
  await compare('process', await openProcessPings(modelPath), short);
}

async function compare(isolation: string, pings: Pings, short: boolean): Promise<void> {
  try {
    const rounds = await measureRounds(pings, short ? 8 : 60);
    const times = (['engine', 'ping', 'empty'] as const).map((kind) => {
      return `${kind} ${median(rounds.map((round) => round[kind])).toFixed(1)}`;
    });
    console.log(`${isolation}, medians of a round trip in us: ${times.join(', ')}`);
    const ratio = ratioInterval(
      rounds.map(({ engine, ping }) => Math.log(engine / ping)),
      0.95,
    );
    report(`${isolation} infer, times a bare ping that runs the same model`, {
      value: ratio.value,
      unit: `[${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`,
      aim: `at most ${AIM}`,
      met: ratio.value <= AIM,
    });
  } finally {
    await pings.close();
  }
}

async function openThreadPings(modelPath: string): Promise<Pings> {
  const engine = await openEngine(modelPath, 'thread');
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./engine-ping-worker.ts', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    atomics: 'sync',
    recordTiming: false,
  });
  await pool.run(modelPath, { name: 'open' });
  const feeds = allocateFeeds(engine);
  const message: Tensors = { x: { ...feeds.x } };
  return {
    engine: () => engine.infer(feeds),
    ping: () => pool.run(message, { name: 'infer' }),
    empty: () => pool.run(message, { name: 'empty' }),
    close: async () => {
      await pool.run(null, { name: 'release' });
      await pool.destroy();
      await engine.close();
    },
  };
}

async function openProcessPings(modelPath: string): Promise<Pings> {
  const engine = await openEngine(modelPath, 'process');
  const child = forkProgram('./engine-ping-process.ts', modelPath);
  await nextMessage(child);
  const feeds = allocateFeeds(engine);
  const ask = (kind: Ping['kind']): Promise<unknown> =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send({ kind, feed: { type: 'float32', dims: PICTURE_DIMS, offset: 0 } } satisfies Ping);
    });
  return {
    engine: () => engine.infer(feeds),
    ping: () => ask('infer'),
    empty: () => ask('empty'),
    close: async () => {
      child.kill('SIGKILL');
      await engine.close();
    },
  };
}

function openEngine(
  artifact: string,
  isolation: Exclude<EngineConfig['isolation'], 'inline'>,
): Promise<Engine> {
  return Engine.open({ artifact, config: { ...ONE_THREAD, isolation } });
}

/** The pool takes it back when the engine closes. */
function allocateFeeds(engine: Engine): { readonly x: Tensors[string] } {
  const x = engine.allocate('float32', PICTURE_DIMS);
  x.data.fill(1);
  return { x };
}

/** Medians of a round's batches, in microseconds. */
type Round = Readonly<Record<'engine' | 'ping' | 'empty', number>>;

const CALLS = 100;

async function measureRounds(pings: Pings, count: number): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let round = -1; round < count; round += 1) {
    const measured = { engine: 0, ping: 0, empty: 0 };
    const order = ['engine', 'ping', 'empty'] as const;
    for (const kind of round % 2 === 0 ? order : order.toReversed()) {
      measured[kind] = await medianUs(pings[kind]);
    }
    // The first one warms up.
    if (round >= 0) rounds.push(measured);
  }
  return rounds;
}

async function medianUs(call: Call): Promise<number> {
  const timesUs = new Float64Array(CALLS);
  for (let index = 0; index < CALLS; index += 1) {
    const startedMs = performance.now();
    await call();
    timesUs[index] = 1000 * (performance.now() - startedMs);
  }
  return median([...timesUs]);
}
