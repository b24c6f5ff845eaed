import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../../engine/base/random.ts';
import type { SubmitOptions } from '../../../engine/runtime/batching/batcher-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { createMockedEngine, ROW_ELEMENTS } from './engine-mock-sessions.ts';

// Sends as many requests as its argument says through the parts of an engine whose sessions
// are mocks, and prints as JSON what became of them and what they left behind. Collects
// garbage to see that: it needs --expose-gc.

export interface RequestFigures {
  readonly answered: number;
  /** Not what was fed. */
  readonly wrong: number;
  /** By the name of the error. */
  readonly failed: Readonly<Record<string, number>>;
  readonly retried: number;
  readonly samplesARun: number;
  /** From the end of the warm-up: of the collected heap, and of array buffers beside it. */
  readonly heapGrowthBytes: number;
  readonly bufferGrowthBytes: number;
  /** Timers, streams and the like that keep the process alive. */
  readonly handlesBefore: number;
  readonly handlesAfter: number;
  readonly outstandingLeases: number;
}

const CLIENTS = 16;
/** Some of the clients are refused. */
const MAX_QUEUED = 12;
const WARM_UP = 100_000;
const WARM_UPS = 6;
const COLLECTIONS = 10;

const random = createRandom(1, 'requests');
const { batcher, memory } = createMockedEngine(MAX_QUEUED);
/** Outlives every request: what one leaves on it would stay. */
const { signal } = new AbortController();

const before = await warmUp();
const ends = await send(Number(process.argv[2]));
const after = await leftBehind();
const { retried, batches, samples } = batcher.stats();
const figures: RequestFigures = {
  ...ends,
  retried,
  samplesARun: samples / batches,
  heapGrowthBytes: after.heapBytes - before.heapBytes,
  bufferGrowthBytes: after.bufferBytes - before.bufferBytes,
  handlesBefore: before.handles,
  handlesAfter: after.handles,
  outstandingLeases: memory.statistics().outstanding,
};
process.stdout.write(JSON.stringify(figures));

type Ends = Pick<RequestFigures, 'answered' | 'wrong' | 'failed'>;

async function send(requests: number): Promise<Ends> {
  const ended = { answered: 0, wrong: 0, failed: {} as Record<string, number> };
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1;
      const { feeds, options, abort } = nextRequest(sent);
      const answer = batcher.submit(feeds, options);
      abort?.abort();
      try {
        if (isAnswer(await answer, feeds)) ended.answered += 1;
        else ended.wrong += 1;
      } catch (thrown) {
        const name = thrown instanceof Error ? thrown.name : String(thrown);
        ended.failed[name] = (ended.failed[name] ?? 0) + 1;
        // Whoever is refused and asks again at once leaves no turn to anybody else.
        await nextTurn();
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return ended;
}

/**
 * The loader of modules holds some 4 MB until several collections after it was last used:
 * seen from before that, a leak of as much would be hidden.
 */
async function warmUp(): Promise<LeftBehind> {
  let left = await leftBehind();
  for (let round = 0; round < WARM_UPS; round += 1) {
    await send(WARM_UP);
    left = await leftBehind();
  }
  return left;
}

interface NextRequest {
  readonly feeds: Tensors;
  readonly options: SubmitOptions;
  /** For a request that is given up as soon as it is sent. */
  readonly abort: AbortController | null;
}

/** With and without a deadline and a signal, of one or two rows, of every priority. */
function nextRequest(number: number): NextRequest {
  const rows = 1 + random.integer(2);
  const data = new Float32Array(rows * ROW_ELEMENTS).fill(number);
  const feeds: Tensors = { x: { type: 'float32', dims: [rows, ROW_ELEMENTS], data } };
  const kind = random.integer(100);
  const abort = kind === 0 ? new AbortController() : null;
  const options: SubmitOptions = {
    priority: 1 + random.integer(5),
    ...(kind < 40 ? { signal: abort?.signal ?? signal } : {}),
    ...(kind >= 30 && kind < 60 ? { deadlineMs: 60_000 } : {}),
  };
  return { feeds, options, abort };
}

function isAnswer(outputs: Tensors, feeds: Tensors): boolean {
  const [given, answer] = [feeds['x'], outputs['y']];
  return (
    given?.dims[0] === answer?.dims[0] &&
    given?.data.length === answer?.data.length &&
    answer?.data.every((value) => value === given?.data[0]) === true
  );
}

interface LeftBehind {
  readonly heapBytes: number;
  readonly bufferBytes: number;
  readonly handles: number;
}

/** Finalizers, and code that was used only at the start, take several collections to go. */
async function leftBehind(): Promise<LeftBehind> {
  for (let round = 0; round < COLLECTIONS; round += 1) {
    await sleep(20);
    globalThis.gc?.();
  }
  const { heapUsed: heapBytes, arrayBuffers: bufferBytes } = process.memoryUsage();
  return { heapBytes, bufferBytes, handles: process.getActiveResourcesInfo().length };
}
