/** Steps, in units of each coordinate's own scale: halved until they are this small. */
const FIRST_STEP = 0.8;
const LAST_STEP = 0.15;
/** Passes over all coordinates, at most. */
const MAX_PASSES = 8;

/**
 * A local minimum by coordinate pattern search (Hooke and Jeeves 1961): a step up or
 * down in each coordinate where it pays, smaller steps when none does. Deterministic,
 * no derivatives; at most 2 x coordinates x 8 evaluations.
 */
export function minimize(
  loss: (point: Float64Array) => number,
  start: Float64Array,
  scales: Float64Array,
): Float64Array {
  const point = Float64Array.from(start);
  let best = loss(point);
  let step = FIRST_STEP;
  for (let pass = 0; pass < MAX_PASSES && step >= LAST_STEP; pass += 1) {
    let improved = false;
    for (let at = 0; at < point.length; at += 1) {
      const before = point[at] as number;
      for (const direction of [1, -1]) {
        point[at] = before + direction * step * (scales[at] as number);
        const value = loss(point);
        if (value < best) {
          best = value;
          improved = true;
          break;
        }
        point[at] = before;
      }
    }
    if (!improved) step /= 2;
  }
  return point;
}
