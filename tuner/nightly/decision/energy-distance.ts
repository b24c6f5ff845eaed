/**
 * The best division of a series in two by the energy distance, as in David S. Matteson and
 * Nicholas A. James, "A Nonparametric Approach for Multiple Change Point Analysis of
 * Multivariate Data" (JASA 109, 2014), equations (5) to (7), with alpha = 1:
 *
 *   E(X, Y) = 2/(mn) sum |Xi - Yj| - C(m,2)^-1 sum |Xi - Xk| - C(n,2)^-1 sum |Yj - Yk|
 *   Q(X, Y) = mn / (m + n) E(X, Y)
 *
 * X is what lies before the division and Y what follows it up to any later end: a Y up to
 * the end of the series may hold another change, which would dilute this one.
 */
export interface Division {
  /** Position of the first value after it. */
  readonly at: number;
  /** Q; -Infinity where the series is too short to be divided. */
  readonly statistic: number;
}

/**
 * The division with the largest Q, each side at least `leastSide` (2 or more) long.
 * O(n^2) time and memory, by sums over rectangles of the matrix of distances.
 */
export function bestDivision(values: readonly number[], leastSide: number): Division {
  const count = values.length;
  const sums = distanceSums(values);
  let best: Division = { at: 0, statistic: -Infinity };
  for (let at = leastSide; at <= count - leastSide; at += 1) {
    for (let end = at + leastSide; end <= count; end += 1) {
      const statistic = scaledDistance(sums, { at, end, width: count + 1 });
      if (statistic > best.statistic) best = { at, statistic };
    }
  }
  return best;
}

/** [i, j] with i, j <= n: the sum of |za - zb| over a < i, b < j. */
function distanceSums(values: readonly number[]): Float64Array {
  const width = values.length + 1;
  const sums = new Float64Array(width * width);
  for (let i = 1; i < width; i += 1) {
    let row = 0;
    for (let j = 1; j < width; j += 1) {
      row += Math.abs((values[i - 1] as number) - (values[j - 1] as number));
      sums[i * width + j] = (sums[(i - 1) * width + j] as number) + row;
    }
  }
  return sums;
}

/** Q of X = [0, at) and Y = [at, end). */
function scaledDistance(
  sums: Float64Array,
  { at, end, width }: { readonly at: number; readonly end: number; readonly width: number },
): number {
  const [m, n] = [at, end - at];
  const corner = sums[at * width + at] as number;
  const edge = sums[at * width + end] as number;
  const between = edge - corner;
  const withinX = corner / 2;
  const withinY = ((sums[end * width + end] as number) - 2 * edge + corner) / 2;
  const distance =
    (2 * between) / (m * n) - withinX / ((m * (m - 1)) / 2) - withinY / ((n * (n - 1)) / 2);
  return ((m * n) / (m + n)) * distance;
}
