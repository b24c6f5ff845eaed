/** What one probe at a rate said. */
export interface PeakProbe {
  readonly ratePerSecond: number;
  readonly seed: number;
  /** Whether the trial was valid and its bound is certified. */
  readonly passes: boolean;
}

export interface PeakSearchOptions<T extends PeakProbe> {
  /** Measures at a rate; must meet the full validity rule by itself. */
  readonly probe: (ratePerSecond: number, seed: number) => Promise<T>;
  /** Where to begin, such as half of what a closed loop reaches. */
  readonly startRate: number;
  readonly seed: number;
  /** The bracket is closed when its ends are this close; default 0.03. */
  readonly resolution?: number;
  /** Lower rates are of no interest: none is probed; default 0. */
  readonly atLeast?: number;
  /** Ends the search after a probe that leaves no hope, such as on a machine too busy to measure. */
  readonly isHopeless?: (probes: readonly T[]) => boolean;
  /** Probes at most, those of the confirmation included; default 24. */
  readonly maxProbes?: number;
}

export interface Peak<T extends PeakProbe> {
  /** The highest rate that passed twice, with two seeds; null when none did. */
  readonly best: T | null;
  /** The lowest rate above it that failed; null when none was reached. */
  readonly failedAt: number | null;
  readonly probes: readonly T[];
  /** Whether the search ended by itself rather than at the limit of probes. */
  readonly complete: boolean;
}

/**
 * The highest rate whose probe passes: doubles from a rate that passes (halves
 * until one does), then bisects, then confirms with a fresh seed. A rate that
 * passes once and fails its confirmation was luck: the search goes on below it.
 * About 2 log2(peak / start) + log2(1 / resolution) + 1 probes.
 */
export async function findPeak<T extends PeakProbe>(
  options: PeakSearchOptions<T>,
): Promise<Peak<T>> {
  const search = new PeakSearch(options);
  await search.bracket();
  await search.bisect();
  return search.confirm();
}

class PeakSearch<T extends PeakProbe> {
  readonly #options: PeakSearchOptions<T>;
  readonly #resolution: number;
  readonly #atLeast: number;
  readonly #probes: T[] = [];
  #low: number | null = null;
  #high: number | null = null;

  constructor(options: PeakSearchOptions<T>) {
    this.#options = options;
    this.#resolution = options.resolution ?? 0.03;
    this.#atLeast = options.atLeast ?? 0;
  }

  async bracket(): Promise<void> {
    let rate = this.#options.startRate;
    for (let step = 0; step < MAX_DOUBLINGS && this.#mayProbe(); step += 1) {
      const { passes } = await this.#try(rate);
      if (this.#low !== null && this.#high !== null) return;
      const next = passes ? rate * 2 : Math.max(rate / 2, this.#atLeast);
      if (next === rate) return;
      rate = next;
    }
  }

  async bisect(): Promise<void> {
    while (this.#low !== null && this.#high !== null && this.#mayProbe(KEPT_TO_CONFIRM)) {
      if (this.#high / this.#low <= 1 + this.#resolution) return;
      // The geometric middle: rates are compared by their ratio.
      await this.#try(Math.sqrt(this.#low * this.#high));
    }
  }

  async confirm(): Promise<Peak<T>> {
    while (this.#low !== null && this.#mayProbe()) {
      const rate = this.#low;
      const confirmed = await this.#measure(rate);
      if (confirmed.passes) return this.#peak(confirmed, true);
      await this.#descend(rate);
    }
    return this.#peak(null, this.#low === null && this.#mayProbe());
  }

  /** From a rate that passed by luck, down in growing steps to one that passes. */
  async #descend(from: number): Promise<void> {
    this.#high = from;
    this.#low = null;
    let step = 1 + 2 * this.#resolution;
    let rate = from / step;
    for (let tries = 0; tries < MAX_DOUBLINGS && this.#mayProbe(); tries += 1) {
      rate = Math.max(rate, this.#atLeast);
      if (rate >= (this.#high ?? Infinity) || (await this.#try(rate)).passes) return;
      step = Math.min(2, step * step);
      rate /= step;
    }
  }

  async #try(rate: number): Promise<T> {
    const probe = await this.#measure(rate);
    if (probe.passes) this.#low = Math.max(this.#low ?? 0, rate);
    else this.#high = Math.min(this.#high ?? Infinity, rate);
    return probe;
  }

  /** Every probe has a seed of its own: the same arrivals twice would prove nothing. */
  async #measure(rate: number): Promise<T> {
    const probe = await this.#options.probe(rate, this.#options.seed + this.#probes.length);
    this.#probes.push(probe);
    return probe;
  }

  #mayProbe(kept = 0): boolean {
    if (this.#options.isHopeless?.(this.#probes) === true) return false;
    return this.#probes.length + kept < (this.#options.maxProbes ?? 24);
  }

  #peak(best: T | null, complete: boolean): Peak<T> {
    return { best, failedAt: this.#high, probes: this.#probes, complete };
  }
}

/** A narrow bracket is worth nothing without a confirmed end. */
const KEPT_TO_CONFIRM = 2;
/** 2^20 in either direction: beyond that the start was no measurement. */
const MAX_DOUBLINGS = 20;
