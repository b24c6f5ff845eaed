import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import { monotonicMs } from './monotonic.ts';
import type { PacedSchedule, Pacer } from './open-loop.ts';

/** What the generator's thread is given; all of it shared memory. */
export interface GeneratorOrders {
  readonly arrivals: SharedArrayBuffer;
  /** Written by the thread: how late each arrival was announced. */
  readonly lags: SharedArrayBuffer;
  /** One int32: anything but 0 stops the thread. */
  readonly control: SharedArrayBuffer;
}

/** Time for the thread to begin waiting before the first arrival is due. */
const HEAD_START_MS = 5;

/**
 * A pacer in a thread of its own: a run blocks the thread that starts it, and a
 * generator living there would become closed-loop without anybody noticing.
 */
export function generatorThread(arrivalsMs: Float64Array<SharedArrayBuffer>): Pacer {
  return { start: (onDue) => startThread(arrivalsMs, onDue) };
}

async function startThread(
  arrivalsMs: Float64Array<SharedArrayBuffer>,
  onDue: (index: number) => void,
): Promise<PacedSchedule> {
  const lagsMs = new Float64Array(new SharedArrayBuffer(arrivalsMs.byteLength));
  const control = new SharedArrayBuffer(4);
  const orders: GeneratorOrders = { arrivals: arrivalsMs.buffer, lags: lagsMs.buffer, control };
  const worker = new Worker(siblingModule(import.meta.url, './generator-worker'), {
    workerData: orders,
  });
  const ended = announcements(worker, onDue);
  await ended.ready;
  const nowMs = monotonicMs();
  const startShared = nowMs() + HEAD_START_MS;
  const startedMs = performance.now() + (startShared - nowMs());
  worker.postMessage(startShared, []);
  return {
    startedMs,
    lagsMs: ended.announced.then((count) => lagsMs.subarray(0, count)),
    stop: () => {
      Atomics.store(new Int32Array(control), 0, 1);
      Atomics.notify(new Int32Array(control), 0);
    },
  };
}

function announcements(
  worker: Worker,
  onDue: (index: number) => void,
): { readonly ready: Promise<void>; readonly announced: Promise<number> } {
  const ready = Promise.withResolvers<void>();
  const announced = Promise.withResolvers<number>();
  // Each is awaited by somebody only later; a failure must not count as unheard until then.
  announced.promise.catch(() => undefined);
  const fail = (error: Error): void => {
    ready.reject(error);
    announced.reject(error);
  };
  worker.on('message', (message: number | 'ready' | { readonly announced: number }) => {
    if (typeof message === 'number') onDue(message);
    else if (message === 'ready') ready.resolve();
    else announced.resolve(message.announced);
  });
  worker.once('error', (error: Error) => fail(error));
  worker.once('exit', () => fail(new Error('the load generator ended before its schedule')));
  return { ready: ready.promise, announced: announced.promise };
}
