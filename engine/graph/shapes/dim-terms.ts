/** Sums of products of symbols: what a dim that is no single symbol is made of. */

/** A product: a factor and symbols, sorted. */
export interface Term {
  readonly symbols: readonly string[];
  readonly factor: number;
}

/** A sum, by the symbols of each term; the constant one has none. */
export type Terms = ReadonlyMap<string, Term>;

export function atom(symbol: string): Terms {
  return byKey([{ symbols: [symbol], factor: 1 }]);
}

export function keyOf(term: Term): string {
  return term.symbols.join('\t');
}

export function byKey(terms: readonly Term[]): Terms {
  const sum = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term);
    sum.set(key, { ...term, factor: term.factor + (sum.get(key)?.factor ?? 0) });
  }
  return sum;
}

export function plus(a: Terms, b: Terms, sign: 1 | -1): Terms {
  const added = [...b.values()].map((term) => ({ ...term, factor: sign * term.factor }));
  return byKey([...a.values(), ...added]);
}

export function times(a: Terms, b: Terms): Terms {
  return byKey(
    [...a.values()].flatMap((x) =>
      [...b.values()].map((y) => ({
        symbols: [...x.symbols, ...y.symbols].toSorted(),
        factor: x.factor * y.factor,
      })),
    ),
  );
}

export function divideTerm(term: Term, divisor: Term): Term | null {
  const symbols = [...term.symbols];
  for (const symbol of divisor.symbols) {
    const index = symbols.indexOf(symbol);
    if (index < 0) return null;
    symbols.splice(index, 1);
  }
  return term.factor % divisor.factor === 0
    ? { symbols, factor: term.factor / divisor.factor }
    : null;
}

export function print({ symbols, factor }: Term): string {
  return [...(factor === 1 && symbols.length > 0 ? [] : [String(factor)]), ...symbols].join('*');
}
