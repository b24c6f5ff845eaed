import type { BatchTarget } from '../../../../engine/runtime/batching/batcher-options.ts';
import type { FakeClock } from './fake-clock.ts';

/** A request by name; its answer is its name in capitals. */
export interface MockFeeds {
  readonly name: string;
  readonly samples: number;
  readonly shape: string | null;
}

export function feeds(name: string, samples = 1, shape: string | null = 's'): MockFeeds {
  return { name, samples, shape };
}

/** A run as the target saw it. */
export interface MockRun {
  readonly startedMs: number;
  readonly names: string;
  readonly deadlineAtMs: number | null;
}

export interface MockTargetOptions {
  readonly clock: FakeClock;
  readonly runMs: number;
  /** What a run throws instead of answering, or null. */
  readonly failure?: (names: readonly string[]) => Error | null;
}

/** Takes `runMs` for a run of any size, on the fake clock. */
export class MockTarget implements BatchTarget<MockFeeds, string> {
  readonly runs: MockRun[] = [];
  readonly requests: (readonly MockFeeds[])[] = [];
  /** Runs at the same time, at most. */
  peak = 0;
  #active = 0;
  readonly #options: MockTargetOptions;

  constructor(options: MockTargetOptions) {
    this.#options = options;
  }

  /** The runs as `start time: names`. */
  get log(): string[] {
    return this.runs.map((run) => `${run.startedMs}: ${run.names}`);
  }

  samplesOf(request: MockFeeds): number {
    return request.samples;
  }

  shapeKeyOf(request: MockFeeds): string | null {
    return request.shape;
  }

  async run(requests: readonly MockFeeds[], deadlineAtMs: number | null): Promise<string[]> {
    const { clock, runMs, failure } = this.#options;
    const names = requests.map((request) => request.name);
    this.runs.push({ startedMs: clock.nowMs(), names: names.join(' '), deadlineAtMs });
    this.requests.push(requests);
    this.#active += 1;
    this.peak = Math.max(this.peak, this.#active);
    await new Promise<void>((resolve) => clock.setTimer(resolve, runMs));
    this.#active -= 1;
    const thrown = failure?.(names) ?? null;
    if (thrown !== null) throw thrown;
    return names.map((name) => name.toUpperCase());
  }
}
