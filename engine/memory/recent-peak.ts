/**
 * The highest value of the recent past, counted in steps: of the last `window`
 * to twice as many, because the older of two windows is dropped as a whole. No
 * clock, so that the same calls always trim the same blocks.
 */
export class RecentPeak {
  readonly #window: number;
  #steps = 0;
  #current = 0;
  #previous = 0;

  constructor(window: number) {
    this.#window = window;
  }

  get value(): number {
    return Math.max(this.#current, this.#previous);
  }

  /** Notes the value of a further step. */
  note(value: number): void {
    if (this.#steps === this.#window) {
      this.#previous = this.#current;
      this.#current = value;
      this.#steps = 0;
    }
    this.#steps += 1;
    if (value > this.#current) this.#current = value;
  }
}
