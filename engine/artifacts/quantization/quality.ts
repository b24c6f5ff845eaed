import type { Tensor, Tensors } from '../../runtime/tensor.ts';
import { floatsOf, isFloat } from '../tensor-values.ts';

/**
 * How close a variant is to its original, on the same samples. Averages over
 * samples; of several outputs the worst one counts.
 */
export interface Quality {
  readonly samples: number;
  /** Mean cosine between the outputs of a sample; 1 for equal ones. */
  readonly cosine: number;
  /** 10 log10 of signal power over the power of the difference, over all samples, dB. */
  readonly sqnrDb: number;
  /** Share of samples with the same arg-max of the first output; null where it has no classes. */
  readonly agreement: number | null;
  /** Shares of samples whose arg-max is the label; null without labels. */
  readonly accuracy: number | null;
  readonly originalAccuracy: number | null;
}

/** A floor that a variant must reach to be of use. */
export interface QualityFloor {
  readonly kind: 'accuracy' | 'accuracy-loss' | 'agreement' | 'cosine' | 'sqnr';
  readonly value: number;
}

/** Infinity would not survive JSON; nothing is closer than this. */
const MOST_DB = 200;

/** Gathers quality request by request; the outputs are not kept. */
export class QualityMeter {
  readonly #outputs = new Map<string, OutputTotals>();
  #samples = 0;
  #classified = 0;
  #agreed = 0;
  #labelled = 0;
  #right = 0;
  #originalRight = 0;

  /** `rows` samples of one request; `labels` has one class index for each. */
  add(
    outputs: { readonly original: Tensors; readonly variant: Tensors },
    rows: number,
    labels: Int32Array | null,
  ): void {
    this.#samples += rows;
    for (const [index, [name, tensor]] of Object.entries(outputs.original).entries()) {
      const other = outputs.variant[name];
      if (other === undefined || !isFloat(tensor) || !isFloat(other)) continue;
      this.#compare(name, { original: tensor, variant: other, rows });
      if (index === 0) this.#classify({ original: tensor, variant: other, rows, labels });
    }
  }

  #compare(
    name: string,
    pair: { readonly original: Tensor; readonly variant: Tensor; readonly rows: number },
  ): void {
    const totals = this.#outputs.get(name) ?? { signal: 0, noise: 0, cosines: 0, rows: 0 };
    this.#outputs.set(name, totals);
    const [a, b] = [floatsOf(pair.original), floatsOf(pair.variant)];
    // An output that is not per sample is one row.
    const rows = pair.original.dims[0] === pair.rows ? pair.rows : 1;
    const length = a.length / rows;
    for (let row = 0; row < rows; row += 1) {
      const { signal, noise, cosine } = compareRow(a, b, row * length, length);
      totals.signal += signal;
      totals.noise += noise;
      totals.cosines += cosine;
      totals.rows += 1;
    }
  }

  #classify(pair: {
    readonly original: Tensor;
    readonly variant: Tensor;
    readonly rows: number;
    readonly labels: Int32Array | null;
  }): void {
    const { dims } = pair.original;
    const classes = dims.at(-1) ?? 0;
    if (dims.length !== 2 || dims[0] !== pair.rows || classes < 2) return;
    const [a, b] = [floatsOf(pair.original), floatsOf(pair.variant)];
    for (let row = 0; row < pair.rows; row += 1) {
      const [of, as] = [argMax(a, row * classes, classes), argMax(b, row * classes, classes)];
      this.#classified += 1;
      if (of === as) this.#agreed += 1;
      if (pair.labels === null) continue;
      this.#labelled += 1;
      if (as === pair.labels[row]) this.#right += 1;
      if (of === pair.labels[row]) this.#originalRight += 1;
    }
  }

  result(): Quality {
    const all = [...this.#outputs.values()];
    const share = (count: number, of: number): number | null => (of === 0 ? null : count / of);
    return {
      samples: this.#samples,
      cosine: Math.min(1, ...all.map(({ cosines, rows }) => cosines / rows)),
      sqnrDb: Math.min(MOST_DB, ...all.map(decibels)),
      agreement: share(this.#agreed, this.#classified),
      accuracy: share(this.#right, this.#labelled),
      originalAccuracy: share(this.#originalRight, this.#labelled),
    };
  }
}

interface OutputTotals {
  signal: number;
  noise: number;
  cosines: number;
  rows: number;
}

function decibels({ signal, noise }: OutputTotals): number {
  if (noise === 0) return MOST_DB;
  return signal === 0 ? -MOST_DB : 10 * Math.log10(signal / noise);
}

function compareRow(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  start: number,
  length: number,
): { readonly signal: number; readonly noise: number; readonly cosine: number } {
  let [signal, noise, power, product] = [0, 0, 0, 0];
  for (let index = start; index < start + length; index += 1) {
    const x = a[index] as number;
    const y = b[index] as number;
    // A masked position is the same infinity in both.
    if (x === y && !Number.isFinite(x)) continue;
    signal += x * x;
    power += y * y;
    product += x * y;
    noise += (x - y) * (x - y);
  }
  const norm = Math.sqrt(signal * power);
  const cosine = norm === 0 ? (signal === power ? 1 : 0) : product / norm;
  // NaN compares as the worst there is.
  return Number.isNaN(noise) ? { signal: 0, noise: 1, cosine: -1 } : { signal, noise, cosine };
}

function argMax(values: ArrayLike<number>, start: number, length: number): number {
  let best = 0;
  for (let index = 1; index < length; index += 1) {
    if ((values[start + index] as number) > (values[start + best] as number)) best = index;
  }
  return best;
}

/** Floors that a quality misses, with what it reaches; empty when it holds all. */
export function missedFloors(
  quality: Quality,
  floors: readonly QualityFloor[],
): { readonly floor: QualityFloor; readonly reached: number | null }[] {
  return floors
    .map((floor) => ({ floor, reached: reachedBy(quality, floor) }))
    .filter(({ floor, reached }) => {
      if (reached === null) return true;
      return floor.kind === 'accuracy-loss' ? reached > floor.value : reached < floor.value;
    });
}

/** What a floor looks at; null where it cannot be measured on these outputs or this data. */
function reachedBy(quality: Quality, { kind }: QualityFloor): number | null {
  switch (kind) {
    case 'accuracy':
      return quality.accuracy;
    case 'accuracy-loss':
      return quality.accuracy === null || quality.originalAccuracy === null
        ? null
        : quality.originalAccuracy - quality.accuracy;
    case 'agreement':
      return quality.agreement;
    case 'cosine':
      return quality.cosine;
    case 'sqnr':
      return quality.sqnrDb;
  }
}
