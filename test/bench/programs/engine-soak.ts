import { readdirSync } from 'node:fs';
import { systemClock } from '../../../engine/base/clock.ts';
import { createRandom } from '../../../engine/base/random.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { ownerOfSegment } from '../../../engine/memory/segment-name.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import { ReplicaLostError } from '../../../engine/runtime/process/replica-lost-error.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import { report } from '../aim.ts';
import { ONE_THREAD } from './engine-models.ts';

const CLIENTS = 6;
const REPLICAS = 2;

/** What became of the requests of a soak. */
interface Ends {
  sent: number;
  right: number;
  wrong: number;
  /** Failed with an error that says that the request may be sent again. */
  retryable: number;
  /** Failed with anything else. */
  otherwise: string[];
}

/**
 * An engine of process replicas, single requests and merged ones, while a process that holds
 * a session or is about to is killed every second, now and then all of them at once.
 */
export async function killedReplicas(folder: string, short: boolean): Promise<void> {
  const engine = await Engine.open({
    artifact: writeLinearModel(folder),
    config: {
      ...ONE_THREAD,
      isolation: 'process',
      replicas: REPLICAS,
      batch: { maxSize: 4, maxDelayMs: 0 },
    },
  });
  const stop = new AbortController();
  const ends: Ends = { sent: 0, right: 0, wrong: 0, retryable: 0, otherwise: [] };
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    client(engine, { index, ends, signal: stop.signal }),
  );
  const kills = await killEverySecond(short ? 10 : 60);
  stop.abort();
  await Promise.all(clients);
  const { restarts, requests, pool } = engine.stats();
  await engine.close();
  const { right, retryable } = ends;
  console.log(
    `${kills} processes killed, ${restarts} restarts: ${right} answers, ${retryable} retryable errors; ` +
      `${requests.retried} requests run again, ${pool.outstanding} leases outstanding`,
  );
  reportEnds(ends);
  reportRemains();
}

interface Client {
  readonly index: number;
  readonly ends: Ends;
  readonly signal: AbortSignal;
}

/** One request after the other, each with numbers of its own, every other one in the pool. */
async function client(engine: Engine, { index, ends, signal }: Client): Promise<void> {
  using lent = engine.allocate('float32', [1, 2]);
  const own = { type: 'float32', dims: [1, 2], data: new Float32Array(2) } as const;
  for (let count = 0; !signal.aborted; count += 1) {
    const x = count % 2 === 0 ? lent : own;
    const [a, b] = [count % 2 ** 20, index];
    x.data.set([a, b]);
    ends.sent += 1;
    try {
      const { y } = await engine.infer({ x });
      const isRight = y !== undefined && [a, b, a + b].every((value, at) => y.data[at] === value);
      ends[isRight ? 'right' : 'wrong'] += 1;
    } catch (thrown) {
      if (thrown instanceof ReplicaLostError) ends.retryable += 1;
      else ends.otherwise.push(String(thrown));
    }
  }
}

/** One in so many times all processes are killed, so that some requests are lost twice. */
const ALL_AT_ONCE = 5;

/** Gives the number of processes that were killed. */
async function killEverySecond(seconds: number): Promise<number> {
  const random = createRandom(1, 'kills');
  let kills = 0;
  for (let second = 0; second < seconds; second += 1) {
    const atMs = random.between(0, 1000);
    await systemClock.sleep(atMs);
    const pids = childrenOfThis();
    const isAll = random.integer(ALL_AT_ONCE) === 0 || pids.length === 0;
    const victims = isAll ? pids : [random.pick(pids)];
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    kills += victims.length;
    await systemClock.sleep(1000 - atMs);
  }
  return kills;
}

function reportEnds({ sent, right, wrong, retryable, otherwise }: Ends): void {
  for (const error of new Set(otherwise)) console.log(`  ${error}`);
  report('requests with exactly one answer, right or a retryable error', {
    value: right + retryable,
    unit: `of ${sent}, ${wrong} wrong`,
    aim: 'all',
    met: right > 0 && right + retryable === sent,
  });
}

function reportRemains(): void {
  const segments = readdirSync('/dev/shm').filter(
    (name) => ownerOfSegment(name)?.pid === process.pid,
  );
  report('shared memory left in /dev/shm', {
    value: segments.length,
    unit: 'segments',
    aim: 'none',
    met: segments.length === 0,
  });
  const children = childrenOfThis();
  report('processes left', {
    value: children.length,
    unit: '',
    aim: 'none',
    met: children.length === 0,
  });
}

/** Processes whose parent is this one, zombies aside. */
function childrenOfThis(): number[] {
  const files = systemFiles();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      // `pid (comm) state ppid`: the command may have spaces and parentheses in it.
      const [state, ppid] =
        (files.read(`/proc/${name}/stat`) ?? '').split(') ').at(-1)?.split(' ') ?? [];
      return ppid === String(process.pid) && state !== 'Z';
    })
    .map(Number);
}
