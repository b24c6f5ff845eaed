import type { EncodedKnob } from '../encoding.ts';
import type { GroupEffects } from './effects.ts';
import type { GroupedSpace, KnobGroup } from './grouped-space.ts';

/** Hyperparameters of the kernel; standard deviations in units of the modelled logarithm. */
export interface KernelParameters {
  /** Main effect of each group. */
  readonly mainSd: readonly number[];
  /** Length scale of each numeric knob, in its positions (doublings), by name. */
  readonly length: Readonly<Record<string, number>>;
  /** Variance of the interaction of two groups over the smaller of theirs, about. */
  readonly interaction: number;
  /** Extra standard deviation of the interaction of the first two groups of `coupled`. */
  readonly coupledSd: number;
  /** What no main effect and no pair explains. */
  readonly productSd: number;
}

/** The kernel as tables over the codes of each group. */
export interface Kernel {
  readonly groups: number;
  readonly counts: readonly number[];
  /** Main effects with the known trends, count x count a group. */
  readonly main: readonly Float64Array[];
  /** Correlation alone. */
  readonly correlation: readonly Float64Array[];
  /** Weight of each pair of groups: groups x groups, the upper triangle. */
  readonly pairs: Float64Array;
  readonly product: number;
  readonly constant: number;
}

/** What is not known of the level of all arms: the default's alone, a factor of e or so. */
const CONSTANT_VARIANCE = 1;
/** Correlation of two categories, exp(-1 / l) of search.md with l = 1. */
const CATEGORY_LENGTH = 1;

/**
 * k(x, x') = c + sum_g v_g k_g + sum_{g<h} w_gh k_g k_h + u prod_g k_g: main effects, pairs and
 * one product, as the additive kernels of Duvenaud, Nickisch and Rasmussen (2011). A group's
 * correlation k_g is the product over its knobs of Matern-5/2 (numbers) or exp(-[x != x'] / l)
 * (categories). w_gh is a share of the harmonic mean of v_g and v_h: a knob that does little
 * alone rarely does much with another (strong heredity; Chipman 1996).
 */
export function createKernel(
  space: GroupedSpace,
  effects: readonly GroupEffects[],
  options: {
    readonly parameters: KernelParameters;
    readonly coupled: readonly [number, number] | null;
  },
): Kernel {
  const { parameters, coupled } = options;
  const size = space.groups.length;
  const correlation = space.groups.map((group) => groupCorrelation(group, parameters.length));
  const variances = parameters.mainSd.map((sd) => sd ** 2);
  const main = correlation.map((table, g) =>
    table.map((value, at) => value * (variances[g] as number) + (effects[g]?.covariance[at] ?? 0)),
  );
  const pairs = new Float64Array(size * size);
  for (let g = 0; g < size; g += 1) {
    for (let h = g + 1; h < size; h += 1) {
      const [a, b] = [variances[g] as number, variances[h] as number];
      pairs[g * size + h] = (parameters.interaction * 2 * a * b) / (a + b);
    }
  }
  if (coupled !== null) {
    const at = Math.min(...coupled) * size + Math.max(...coupled);
    pairs[at] = (pairs[at] as number) + parameters.coupledSd ** 2;
  }
  return {
    groups: size,
    counts: space.groups.map((group) => group.count),
    main,
    correlation,
    pairs,
    product: parameters.productSd ** 2,
    constant: CONSTANT_VARIANCE,
  };
}

function groupCorrelation(
  group: KnobGroup,
  length: Readonly<Record<string, number>>,
): Float64Array {
  const { count, knobs, levels } = group;
  const table = new Float64Array(count * count).fill(1);
  for (const [column, knob] of knobs.entries()) {
    const size = knob.values.length;
    const own = knobTable(knob, length[knob.name] ?? 1);
    for (let a = 0; a < count; a += 1) {
      const row = (levels[a * knobs.length + column] as number) * size;
      for (let b = 0; b < count; b += 1) {
        const right = levels[b * knobs.length + column] as number;
        table[a * count + b] = (table[a * count + b] as number) * (own[row + right] as number);
      }
    }
  }
  return table;
}

/** Correlations of a knob's values: values x values. */
function knobTable(knob: EncodedKnob, length: number): Float64Array {
  const size = knob.values.length;
  return Float64Array.from({ length: size * size }, (_, at) =>
    knobCorrelation(knob, [Math.floor(at / size), at % size], length),
  );
}

function knobCorrelation(
  knob: EncodedKnob,
  [left, right]: readonly [number, number],
  length: number,
): number {
  if (left === right) return 1;
  if (!isNumeric(knob)) return Math.exp(-1 / CATEGORY_LENGTH);
  const distance = (knob.positions[left] as number) - (knob.positions[right] as number);
  return matern52(Math.abs(distance) / length);
}

/** Knobs with distances: a category has none, and the steps of an order need not be alike. */
export function isNumeric(knob: Pick<EncodedKnob, 'scale'>): boolean {
  return knob.scale === 'log2' || knob.scale === 'linear';
}

/** Matern's correlation with smoothness 5/2 (Rasmussen and Williams 2006, equation 4.17). */
export function matern52(scaled: number): number {
  const root = Math.sqrt(5) * scaled;
  return (1 + root + root ** 2 / 3) * Math.exp(-root);
}

/** The covariance of two arms, given where their codes begin. */
export function covariance(kernel: Kernel, codes: Uint16Array, a: number, b: number): number {
  const { groups, counts, main, correlation, pairs } = kernel;
  const own = scratch.length < groups ? (scratch = new Float64Array(groups)) : scratch;
  let sum = kernel.constant;
  let product = kernel.product;
  for (let g = 0; g < groups; g += 1) {
    const at = (codes[a + g] as number) * (counts[g] as number) + (codes[b + g] as number);
    const value = (correlation[g] as Float64Array)[at] as number;
    own[g] = value;
    product *= value;
    sum += (main[g] as Float64Array)[at] as number;
    for (let h = 0; h < g; h += 1)
      sum += (pairs[h * groups + g] as number) * value * (own[h] as number);
  }
  return sum + product;
}

/** Reused between calls: this is the innermost loop of a decision. */
let scratch = new Float64Array(16);
