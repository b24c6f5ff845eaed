import type { IrValue } from '../ir/ir.ts';
import type { ProductWeights } from './constant-product.ts';

/** Quantizes weights that several products share once, for each way that they read them. */
export class WeightCache<T> {
  readonly #made = new Map<IrValue, Map<string, T>>();
  readonly #make: (weights: ProductWeights) => T;

  constructor(make: (weights: ProductWeights) => T) {
    this.#make = make;
  }

  of(weights: ProductWeights): T {
    const { value, isTransposed, factor } = weights;
    const forms = this.#made.get(value) ?? new Map<string, T>();
    this.#made.set(value, forms);
    const key = `${isTransposed} ${factor}`;
    const known = forms.get(key);
    if (known !== undefined) return known;
    const made = this.#make(weights);
    forms.set(key, made);
    return made;
  }
}
