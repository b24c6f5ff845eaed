import { Bench } from 'tinybench';
import { concatenate } from '../../engine/base/concatenate.ts';

export interface ClosedLoopOptions {
  /** Clients that each keep one query in flight. */
  readonly clients: number;
  /** Ends once both the time and the count of queries are met ... */
  readonly durationMs: number;
  readonly leastQueries: number;
  /** ... or, at the latest, here. */
  readonly maxMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** What a load did. Times are of queries, in the order of their completion. */
export interface DrivenLoad {
  readonly latenciesMs: Float64Array<ArrayBuffer>;
  /** When each query was answered, from the start of the load. */
  readonly completedMs: Float64Array<ArrayBuffer>;
  readonly queriesPerSecond: number;
  readonly elapsedMs: number;
}

/**
 * Drives `query` closed-loop: each client sends its next query when the last
 * one is answered. tinybench runs each client's loop, in groups of queries, and decides when
 * the time is over; the samples are kept here, in the order of time, which
 * tinybench sorts away. Buffers grow outside the clock reads.
 *
 * Rates are taken per client: dividing all completions by the last client's end
 * would count the others' idle tail as slowness.
 */
export async function driveClosedLoop(
  query: (client: number, index: number) => Promise<unknown>,
  options: ClosedLoopOptions,
): Promise<DrivenLoad> {
  const stop = new AbortController();
  // Begins with the first query: making the clients is no part of the load.
  const load: Begin = { startedMs: null };
  const clients = await Promise.all(
    Array.from({ length: options.clients }, (_, client) =>
      runClient((index) => query(client, index), { ...options, load, stop }),
    ),
  );
  return merged(clients);
}

interface Begin {
  startedMs: number | null;
}

interface ClientOptions extends ClosedLoopOptions {
  readonly load: Begin;
  /** Ends all clients' loops, each after the query in flight. */
  readonly stop: AbortController;
}

async function runClient(
  query: (index: number) => Promise<unknown>,
  options: ClientOptions,
): Promise<SampleLog> {
  const { nowMs, load, stop, maxMs, durationMs } = options;
  const least = Math.ceil(options.leastQueries / options.clients);
  const log = new SampleLog();
  const group = async (): Promise<void> => {
    const begunMs = nowMs();
    const startedMs = (load.startedMs ??= begunMs);
    let sentMs = begunMs;
    while (true) {
      await query(log.count);
      const answeredMs = nowMs();
      log.add(answeredMs - sentMs, answeredMs - startedMs);
      const elapsedMs = answeredMs - startedMs;
      if (elapsedMs >= maxMs) stop.abort();
      const isShort = elapsedMs >= durationMs && log.count < least;
      if (stop.signal.aborted || (!isShort && answeredMs - begunMs >= GROUP_MS)) return;
      sentMs = nowMs();
    }
  };
  const bench = new Bench({
    now: nowMs,
    time: durationMs,
    iterations: 1,
    warmup: false,
    throws: true,
    signal: stop.signal,
  });
  // Said to be asynchronous, or tinybench would call it once more to find out.
  bench.add('queries', group, { async: true });
  await bench.run();
  return log;
}

/**
 * Queries that one iteration of tinybench holds: as many as end within this, at least
 * one. Alone, each would leave garbage enough that collecting it, while the runtime's
 * threads spin on every core, costs a fast model 5 % of its throughput.
 */
const GROUP_MS = 5;

/** Two columns that grow by doubling. */
class SampleLog {
  count = 0;
  #latencies = new Float64Array(4096);
  #completed = new Float64Array(4096);

  add(latencyMs: number, completedMs: number): void {
    if (this.count === this.#latencies.length) {
      this.#latencies = grown(this.#latencies);
      this.#completed = grown(this.#completed);
    }
    this.#latencies[this.count] = latencyMs;
    this.#completed[this.count] = completedMs;
    this.count += 1;
  }

  get latenciesMs(): Float64Array {
    return this.#latencies.subarray(0, this.count);
  }

  get completedMs(): Float64Array {
    return this.#completed.subarray(0, this.count);
  }

  get elapsedMs(): number {
    return this.#completed[this.count - 1] ?? 0;
  }
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

function merged(clients: readonly SampleLog[]): DrivenLoad {
  const latencies = concatenate(clients.map((log) => log.latenciesMs));
  const completed = concatenate(clients.map((log) => log.completedMs));
  const order = Uint32Array.from(completed.keys());
  if (clients.length > 1) {
    order.sort((a, b) => (completed[a] as number) - (completed[b] as number));
  }
  return {
    latenciesMs: Float64Array.from(order, (index) => latencies[index] as number),
    completedMs: Float64Array.from(order, (index) => completed[index] as number),
    queriesPerSecond: clients.reduce((sum, log) => sum + (log.count / log.elapsedMs) * 1000, 0),
    elapsedMs: Math.max(...clients.map((log) => log.elapsedMs)),
  };
}
