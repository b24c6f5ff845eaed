import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { monotonicMs } from './monotonic.ts';
import { pace } from './pace.ts';
import type { GeneratorOrders } from './generator-thread.ts';

// The thread that keeps the schedule of the server scenario. It sleeps between
// arrivals: spinning would take a core from the replicas.
const orders = workerData as GeneratorOrders;
const control = new Int32Array(orders.control);
const port = parentPort as MessagePort;
const nowMs = monotonicMs();

port.once('message', (startMs: number) => {
  void pace(
    new Float64Array(orders.arrivals),
    {
      startMs,
      lagsMs: new Float64Array(orders.lags),
      announce: (index) => port.postMessage(index),
    },
    {
      nowMs,
      waitUntil: (ms) => {
        let left = ms - nowMs();
        while (left > 0 && Atomics.load(control, 0) === 0) {
          Atomics.wait(control, 0, 0, left);
          left = ms - nowMs();
        }
      },
      isStopped: () => Atomics.load(control, 0) !== 0,
    },
  ).then((announced) => {
    port.postMessage({ announced });
    port.close();
  });
});
port.postMessage('ready');
