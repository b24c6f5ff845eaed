import type { Dim } from '../describe.ts';
import { atom, byKey, divideTerm, keyOf, plus, print, times, type Terms } from './dim-terms.ts';

/**
 * Arithmetic of dims: numbers, symbols and sums of products of them, all at least
 * zero. An expression is named by its canonical form, so that dims that are equal
 * for every input are equal strings. What cannot be expressed is null.
 */
export class DimAlgebra {
  readonly #terms = new Map<string, Terms>();
  readonly #names = new Map<string, string>();
  /** Symbols that stand for a minimum of a number and a symbol. */
  readonly #minima = new Map<string, { readonly limit: number; readonly of: string }>();

  /** Every symbol of the model first: expressions then avoid its name. */
  declare(symbol: string): void {
    this.#terms.set(symbol, atom(symbol));
  }

  add(a: Dim, b: Dim): Dim {
    if (a === null || b === null) return null;
    if (typeof a === 'number' && typeof b === 'number') return safeInteger(a + b);
    return this.#nameOf(plus(this.#read(a), this.#read(b), 1));
  }

  subtract(a: Dim, b: Dim): Dim {
    if (a === null || b === null) return null;
    if (typeof a === 'number' && typeof b === 'number') return safeInteger(a - b);
    return this.#nameOf(plus(this.#read(a), this.#read(b), -1));
  }

  multiply(a: Dim, b: Dim): Dim {
    if (a === 0 || b === 0) return 0;
    if (a === null || b === null) return null;
    if (typeof a === 'number' && typeof b === 'number') return safeInteger(a * b);
    return this.#nameOf(times(this.#read(a), this.#read(b)));
  }

  product(dims: readonly Dim[]): Dim {
    return dims.reduce((product, dim) => this.multiply(product, dim), 1);
  }

  /** Towards zero, as integers divide in ONNX; with symbols only where nothing is left over. */
  divide(a: Dim, b: Dim): Dim {
    if (a === null || b === null || b === 0) return null;
    if (typeof a === 'number' && typeof b === 'number') return safeInteger((a - (a % b)) / b);
    const [divisor, ...more] = this.#read(b).values();
    if (divisor === undefined || more.length > 0) return null;
    const quotient = [...this.#read(a).values()].map((term) => divideTerm(term, divisor));
    return quotient.includes(null)
      ? null
      : this.#nameOf(byKey(quotient.filter((term) => term !== null)));
  }

  /** 1, 0 or -1 where that is sure for every input. */
  sign(dim: Dim): -1 | 0 | 1 | null {
    if (dim === null) return null;
    if (typeof dim === 'number') return Math.sign(dim) as -1 | 0 | 1;
    const terms = this.#read(dim);
    const fixed = terms.get('')?.factor ?? 0;
    const factors = [...terms.values()].map(({ factor }) => factor);
    if (fixed > 0 && factors.every((factor) => factor > 0)) return 1;
    if (fixed < 0 && factors.every((factor) => factor < 0)) return -1;
    return null;
  }

  isNonNegative(dim: Dim): boolean {
    if (typeof dim === 'number') return dim >= 0;
    return dim !== null && [...this.#read(dim).values()].every(({ factor }) => factor >= 0);
  }

  minimum(a: Dim, b: Dim): Dim {
    if (a === null || b === null) return null;
    if (typeof a === 'number' && typeof b === 'number') return Math.min(a, b);
    if (a === Infinity) return b;
    if (b === Infinity) return a;
    if (this.isNonNegative(this.subtract(a, b))) return b;
    if (this.isNonNegative(this.subtract(b, a))) return a;
    const [limit, of] = typeof a === 'number' ? [a, b] : [b, a];
    if (typeof limit !== 'number' || typeof of !== 'string') return null;
    if (!Number.isSafeInteger(limit) || limit < 0 || !this.isNonNegative(of)) return null;
    return this.#minimumName(limit, of);
  }

  #minimumName(limit: number, of: string): string {
    const key = `min ${limit} ${of}`;
    const name = this.#names.get(key) ?? this.#freshName(key, `min(${limit},${of})`);
    this.#terms.set(name, atom(name));
    this.#minima.set(name, { limit, of });
    return name;
  }

  /**
   * The dim that two broadcast to in every run that succeeds. min(c,S) with S: the
   * former is equal to S, or 1, or the run fails.
   */
  broadcast(a: Dim, b: Dim): Dim {
    if (a === b || b === 1) return a;
    if (a === 1) return b;
    if (typeof a === 'number') return typeof b === 'number' ? null : a;
    if (typeof b === 'number') return b;
    if (this.#isMinimumOf(a, b)) return b;
    return this.#isMinimumOf(b, a) ? a : null;
  }

  #isMinimumOf(a: Dim, b: Dim): boolean {
    const minimum = typeof a === 'string' ? this.#minima.get(a) : undefined;
    return minimum !== undefined && minimum.of === b && minimum.limit >= 1;
  }

  #read(dim: number | string): Terms {
    if (typeof dim === 'string') return this.#terms.get(dim) ?? atom(dim);
    return dim === 0 ? new Map() : byKey([{ symbols: [], factor: dim }]);
  }

  #nameOf(terms: Terms): Dim {
    const kept = [...terms.values()].filter(({ factor }) => factor !== 0);
    const [first] = kept;
    if (first === undefined) return 0;
    if (kept.some((term) => !Number.isSafeInteger(term.factor))) return null;
    if (kept.length > MAX_SIZE || kept.some(({ symbols }) => symbols.length > MAX_SIZE))
      return null;
    if (kept.length === 1 && first.symbols.length === 0) return first.factor;
    if (kept.length === 1 && first.symbols.length === 1 && first.factor === 1) {
      return first.symbols[0] as string;
    }
    const sorted = kept.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).reverse();
    const key = sorted.map((term) => `${term.factor} ${keyOf(term)}`).join('\n');
    const name = this.#names.get(key) ?? this.#freshName(key, sorted.map(print).join('+'));
    this.#terms.set(name, byKey(sorted));
    return name;
  }

  #freshName(key: string, wanted: string): string {
    let name = wanted;
    while (this.#terms.has(name)) name += "'";
    this.#names.set(key, name);
    return name;
  }
}

/** Of terms in a sum and symbols in a term: an expression that grows on stays cheap. */
const MAX_SIZE = 6;

/** Null beyond what a number holds exactly; never minus zero. */
function safeInteger(value: number): number | null {
  return Number.isSafeInteger(value) ? value + 0 : null;
}
