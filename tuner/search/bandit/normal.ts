/** The standard normal distribution. */

/**
 * P(Z <= z), relative error below 1.2e-7 in both tails: the Chebyshev fit of erfc in
 * Press et al., "Numerical Recipes in C" (1992), section 6.2.
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const series = ERFC.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const tail = 0.5 * t * Math.exp(-x * x + series);
  return z < 0 ? tail : 1 - tail;
}

const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
] as const;

/** Beyond, the difference below loses its digits, and the asymptote is as good. */
const FAR = -30;

/**
 * log of the expected improvement over `best` of a normal value: log sd + log h(z) with
 * h(z) = phi(z) + z Phi(z), and h(z) = phi(z) / z^2 far below (Ament et al. 2023,
 * "Unexpected improvements to expected improvement", equations 8 and 9).
 */
export function logExpectedImprovement(
  belief: { readonly mean: number; readonly sd: number },
  best: number,
): number {
  const z = (belief.mean - best) / belief.sd;
  const logDensity = -0.5 * z * z - 0.5 * Math.log(2 * Math.PI);
  if (z < FAR) return Math.log(belief.sd) + logDensity - 2 * Math.log(-z);
  // phi(z) (1 + z Phi(z) / phi(z)): nothing underflows.
  const ratio = normalCdf(z) / Math.exp(logDensity);
  return Math.log(belief.sd) + logDensity + Math.log(Math.max(1 + z * ratio, 1e-300));
}

/** The value below which a standard normal lies with probability p in (0, 1), by bisection. */
export function normalQuantile(p: number): number {
  let [low, high] = [-10, 10];
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
