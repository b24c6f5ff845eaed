import { createRandom } from '../../engine/base/random.ts';
import {
  driveOpenLoop,
  type OpenLoopLoad,
  type OpenLoopOptions,
  type Pacer,
} from '../../suites/scenarios/open-loop.ts';
import { poissonArrivals } from '../../suites/scenarios/arrivals.ts';
import { pace } from '../../suites/scenarios/pace.ts';
import { virtualClock, type VirtualClock } from './virtual-clock.ts';

/** A single server that answers in the order of arrival, on a virtual clock. */
export function queueServer(
  clock: VirtualClock,
  serviceMs: (startMs: number) => number,
): () => Promise<void> {
  let freeMs = 0;
  return () => {
    const startMs = Math.max(freeMs, clock.nowMs());
    freeMs = startMs + serviceMs(startMs);
    return clock.waitUntil(freeMs);
  };
}

/** Exponential service times: with Poisson arrivals the queue M/M/1, whose percentiles are known. */
export function exponentialService(meanMs: number, seed: number): () => number {
  const random = createRandom(seed, 'service');
  return () => -meanMs * Math.log(1 - random.next());
}

/** A generator on the virtual clock; `stallMs` after each arrival it does nothing for so long. */
export function virtualPacer(
  clock: VirtualClock,
  arrivalsMs: Float64Array,
  stallMs: (index: number) => number = () => 0,
): Pacer {
  return {
    start: async (onDue) => {
      let stopped = false;
      const lagsMs = new Float64Array(arrivalsMs.length);
      const startMs = clock.nowMs();
      const announced = pace(
        arrivalsMs,
        {
          startMs,
          lagsMs,
          announce: (index) => {
            onDue(index);
            clock.advance(stallMs(index));
          },
        },
        {
          nowMs: () => clock.nowMs(),
          waitUntil: (ms) => clock.waitUntil(ms),
          isStopped: () => stopped,
        },
      );
      return {
        startedMs: startMs,
        lagsMs: announced.then((count) => lagsMs.subarray(0, count)),
        stop: () => {
          stopped = true;
        },
      };
    },
  };
}

/** One `server` load on a simulated server. */
export function simulateLoad(options: {
  readonly ratePerSecond: number;
  readonly queries: number;
  readonly serviceMs: (startMs: number) => number;
  readonly seed: number;
  readonly durationMs?: number;
  readonly giveUp?: OpenLoopOptions['giveUp'];
}): Promise<OpenLoopLoad> {
  const clock = virtualClock();
  const arrivalsMs = poissonArrivals({
    ratePerSecond: options.ratePerSecond,
    durationMs: options.durationMs ?? 0,
    leastCount: options.queries,
    seed: options.seed,
  });
  return clock.run(
    driveOpenLoop(queueServer(clock, options.serviceMs), {
      arrivalsMs,
      pacer: virtualPacer(clock, arrivalsMs),
      window: Infinity,
      drainMs: 60_000,
      giveUp: options.giveUp ?? null,
      nowMs: () => clock.nowMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    }),
  );
}
