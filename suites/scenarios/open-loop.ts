import { concatenate } from '../../engine/base/concatenate.ts';
import type { DrivenLoad } from './closed-loop.ts';

/** Keeps the schedule: says when a query is due, and how late it said so. */
export interface Pacer {
  /** Begins; `onDue` is called for each query, in order. */
  start(onDue: (index: number) => void): Promise<PacedSchedule>;
}

export interface PacedSchedule {
  /** When the schedule's time zero is, on the driver's clock. */
  readonly startedMs: number;
  /** Settles after the last query was announced: how late each was, in ms. */
  readonly lagsMs: Promise<Float64Array>;
  /** Announces nothing more. */
  stop(): void;
}

export interface OpenLoopOptions {
  /** When each query is due, from the start. */
  readonly arrivalsMs: Float64Array;
  readonly pacer: Pacer;
  /** Queries handed over at a time; the rest wait here, so that they can be given up. */
  readonly window: number;
  /** How long after the last arrival answers are waited for. */
  readonly drainMs: number;
  /** Stops early once more queries than `count` took longer than `limitMs`. */
  readonly giveUp: { readonly limitMs: number; readonly count: number } | null;
  readonly nowMs: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface OpenLoopLoad extends DrivenLoad {
  readonly lagsMs: Float64Array;
  /** Announced but not answered in time; their latency so far is among the others. */
  readonly unanswered: number;
  /** Whether the load was given up because it could not meet its bound any more. */
  readonly gaveUp: boolean;
}

/**
 * Drives `query` open-loop: queries come when the schedule says, whether the
 * earlier ones are answered or not. Latency runs from the scheduled time, so a
 * stall is felt by every query that it delays (no coordinated omission). Rejects
 * with the first failure of a query.
 */
export async function driveOpenLoop(
  query: (index: number) => Promise<unknown>,
  options: OpenLoopOptions,
): Promise<OpenLoopLoad> {
  const load = new OpenLoad(query, options);
  const schedule = await options.pacer.start((index) => load.due(index));
  load.begin(schedule);
  const lagsMs = await schedule.lagsMs;
  await load.drained();
  return { ...load.result(), lagsMs };
}

class OpenLoad {
  readonly #query: (index: number) => Promise<unknown>;
  readonly #options: OpenLoopOptions;
  readonly #latencies: Float64Array<ArrayBuffer>;
  readonly #completed: Float64Array<ArrayBuffer>;
  readonly #isAnswered: Uint8Array;
  #schedule: PacedSchedule | null = null;
  #announced = 0;
  #sent = 0;
  #answered = 0;
  #over = 0;
  #gaveUp = false;
  #failure: { readonly thrown: unknown } | null = null;
  /** Set while draining. */
  #onProgress: (() => void) | null = null;

  constructor(query: (index: number) => Promise<unknown>, options: OpenLoopOptions) {
    this.#query = query;
    this.#options = options;
    const { length } = options.arrivalsMs;
    this.#latencies = new Float64Array(length);
    this.#completed = new Float64Array(length);
    this.#isAnswered = new Uint8Array(length);
  }

  begin(schedule: PacedSchedule): void {
    this.#schedule = schedule;
    this.#pump();
  }

  due(index: number): void {
    this.#announced = index + 1;
    this.#pump();
  }

  #pump(): void {
    if (this.#schedule === null) return;
    while (this.#sent < this.#announced && this.#sent - this.#answered < this.#options.window) {
      if (this.#gaveUp || this.#failure !== null) return;
      this.#send(this.#sent);
      this.#sent += 1;
    }
  }

  #send(index: number): void {
    void this.#query(index).then(
      () => this.#complete(index),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #complete(index: number): void {
    const atMs = this.#options.nowMs() - (this.#schedule?.startedMs ?? 0);
    const latency = atMs - (this.#options.arrivalsMs[index] as number);
    this.#latencies[this.#answered] = latency;
    this.#completed[this.#answered] = atMs;
    this.#isAnswered[index] = 1;
    this.#answered += 1;
    this.#judge(latency);
    this.#pump();
    this.#onProgress?.();
  }

  #judge(latencyMs: number): void {
    const { giveUp } = this.#options;
    if (giveUp === null || latencyMs <= giveUp.limitMs) return;
    this.#over += 1;
    if (this.#over <= giveUp.count) return;
    this.#gaveUp = true;
    this.#schedule?.stop();
  }

  #fail(thrown: unknown): void {
    this.#failure ??= { thrown };
    this.#schedule?.stop();
    this.#onProgress?.();
  }

  /** Waits for what is in flight, at most `drainMs`; what only waits here is left. */
  async drained(): Promise<void> {
    const timer = new AbortController();
    const isDone = (): boolean =>
      this.#failure !== null || this.#answered === (this.#gaveUp ? this.#sent : this.#announced);
    const all = new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if (isDone()) resolve();
      };
      this.#onProgress();
    });
    const timeout = this.#options.sleep(this.#options.drainMs, timer.signal);
    try {
      await Promise.race([all, timeout.catch(() => undefined)]);
    } finally {
      timer.abort();
    }
    if (this.#failure !== null) throw this.#failure.thrown;
  }

  result(): Omit<OpenLoopLoad, 'lagsMs'> {
    const nowMs = this.#options.nowMs() - (this.#schedule?.startedMs ?? 0);
    const answered = this.#answered;
    const late = this.#gaveUp ? [] : this.#unanswered(nowMs);
    const elapsedMs = Math.max(
      this.#completed[answered - 1] ?? 0,
      this.#options.arrivalsMs[this.#announced - 1] ?? 0,
    );
    return {
      latenciesMs: concatenate([this.#latencies.subarray(0, answered), late]),
      completedMs: concatenate([this.#completed.subarray(0, answered), late.map(() => nowMs)]),
      queriesPerSecond: elapsedMs === 0 ? 0 : (answered / elapsedMs) * 1000,
      elapsedMs,
      unanswered: this.#announced - answered,
      gaveUp: this.#gaveUp,
    };
  }

  /** A lower bound of the latency of each query that was left: leaving it out would flatter. */
  #unanswered(nowMs: number): number[] {
    const late: number[] = [];
    for (let index = 0; index < this.#announced; index += 1) {
      if (this.#isAnswered[index] === 0) {
        late.push(nowMs - (this.#options.arrivalsMs[index] as number));
      }
    }
    return late;
  }
}
