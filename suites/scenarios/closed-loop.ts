import { Bench } from 'tinybench';

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
 * one is answered. tinybench runs each client's loop and decides when time and
 * count are met; the samples are kept here, in the order of time, which
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
  const startedMs = options.nowMs();
  const clients = await Promise.all(
    Array.from({ length: options.clients }, (_, client) =>
      runClient((index) => query(client, index), { ...options, startedMs, stop }),
    ),
  );
  return merged(clients);
}

interface ClientOptions extends ClosedLoopOptions {
  readonly startedMs: number;
  /** Ends all clients' loops, each after the query in flight. */
  readonly stop: AbortController;
}

async function runClient(
  query: (index: number) => Promise<unknown>,
  options: ClientOptions,
): Promise<SampleLog> {
  const { nowMs, startedMs, stop, maxMs } = options;
  const log = new SampleLog();
  const bench = new Bench({
    now: nowMs,
    time: options.durationMs,
    iterations: Math.ceil(options.leastQueries / options.clients),
    warmup: false,
    throws: true,
    signal: stop.signal,
  });
  const timed = async (): Promise<{ readonly overriddenDuration: number }> => {
    const sentMs = nowMs();
    await query(log.count);
    const answeredMs = nowMs();
    log.add(answeredMs - sentMs, answeredMs - startedMs);
    if (answeredMs - startedMs >= maxMs) stop.abort();
    return { overriddenDuration: answeredMs - sentMs };
  };
  // Said to be asynchronous, or tinybench would call it once more to find out.
  bench.add('query', timed, { async: true });
  await bench.run();
  return log;
}

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
  const all = clients.flatMap((log) =>
    Array.from(log.completedMs, (completed, index) => ({
      completed,
      latency: log.latenciesMs[index] as number,
    })),
  );
  if (clients.length > 1) all.sort((a, b) => a.completed - b.completed);
  return {
    latenciesMs: Float64Array.from(all, (one) => one.latency),
    completedMs: Float64Array.from(all, (one) => one.completed),
    queriesPerSecond: clients.reduce((sum, log) => sum + (log.count / log.elapsedMs) * 1000, 0),
    elapsedMs: Math.max(...clients.map((log) => log.elapsedMs)),
  };
}
