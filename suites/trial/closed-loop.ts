import type { Tensors } from '../../engine/runtime/tensor.ts';

export interface ClosedLoopOptions {
  /** Clients that each keep one request in flight. */
  readonly clients: number;
  /** Ends once both the time and the count of requests are met ... */
  readonly durationMs: number;
  readonly minRequests: number;
  /** ... or, at the latest, here. */
  readonly maxMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

export interface ClosedLoopResult {
  /** Of every request, in the order of completion within each client. */
  readonly latenciesMs: Float64Array<ArrayBuffer>;
  /** Requests per second: the sum of what each client completed over its own time. */
  readonly requestsPerSecond: number;
  readonly elapsedMs: number;
}

/**
 * Drives `infer` closed-loop: each client sends its next request when the last
 * one is answered, going round `feeds` from a different place. Feeds are made
 * beforehand and the buffer of latencies grows outside the clock reads, so that
 * only the request is timed.
 *
 * Every client stops by itself after the request in flight. Rates are taken
 * per client: dividing all completions by the last client's end would count the
 * others' idle tail as slowness.
 */
export async function driveClosedLoop(
  infer: (feeds: Tensors) => Promise<unknown>,
  feeds: readonly Tensors[],
  options: ClosedLoopOptions,
): Promise<ClosedLoopResult> {
  const startedMs = options.nowMs();
  const progress = { requests: 0 };
  const clients = await Promise.all(
    Array.from({ length: options.clients }, (_, client) =>
      runClient(infer, rotated(feeds, client), { ...options, startedMs, progress }),
    ),
  );
  return {
    latenciesMs: concatenated(clients.map((client) => client.latenciesMs)),
    requestsPerSecond: clients.reduce(
      (sum, client) => sum + (client.latenciesMs.length / client.elapsedMs) * 1000,
      0,
    ),
    elapsedMs: Math.max(...clients.map((client) => client.elapsedMs)),
  };
}

interface ClientOptions extends ClosedLoopOptions {
  readonly startedMs: number;
  readonly progress: { requests: number };
}

async function runClient(
  infer: (feeds: Tensors) => Promise<unknown>,
  feeds: readonly Tensors[],
  options: ClientOptions,
): Promise<{ latenciesMs: Float64Array<ArrayBuffer>; elapsedMs: number }> {
  const { nowMs, startedMs, progress } = options;
  let latencies = new Float64Array(4096);
  let count = 0;
  let endedMs = startedMs;
  while (true) {
    const next = feeds[count % feeds.length] as Tensors;
    const sentMs = nowMs();
    if (isOver(sentMs - startedMs, options)) break;
    await infer(next);
    endedMs = nowMs();
    if (count === latencies.length) latencies = grown(latencies);
    latencies[count] = endedMs - sentMs;
    count += 1;
    progress.requests += 1;
  }
  return { latenciesMs: latencies.subarray(0, count), elapsedMs: endedMs - startedMs };
}

function isOver(elapsedMs: number, options: ClientOptions): boolean {
  if (elapsedMs >= options.maxMs) return true;
  return elapsedMs >= options.durationMs && options.progress.requests >= options.minRequests;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const offset = by % items.length;
  return [...items.slice(offset), ...items.slice(0, offset)];
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

function concatenated(parts: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
