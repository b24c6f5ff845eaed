import { createRandom, type Random } from '../../../engine/base/random.ts';
import { median } from '../../../engine/base/statistics.ts';
import { bestDivision } from './energy-distance.ts';
import { changeOf } from './past-night.ts';

/** Nights that are searched for changes. */
const CHANGE_WINDOW = 50;
/** A change is named once so many nights lie on either side. */
const LEAST_SIDE = 3;
/** The chance at which noise alone may look like a change. */
const LEVEL = 0.001;
/** Permutations: none may reach the series' own statistic for 1 / 2000 < 0.001. */
const PERMUTATIONS = 1999;
/** A smaller change does not matter to anybody. */
const LEAST_CHANGE = 0.02;
/** A window of 50 nights holds few changes that matter. */
const MAX_CHANGES = 8;

export interface ChangePoint {
  /** Position in the series of the first night after the change. */
  readonly index: number;
  /** Relative change of the median from the stretch before to the one after: -0.05 for 5 % less. */
  readonly change: number;
  readonly p: number;
}

/**
 * Where the level of a series changed, by E-divisive: the best division is kept when fewer
 * than one in a thousand permutations of the values within their stretches divide as well,
 * and then each stretch is divided further. Only the last 50 values are looked at, and
 * only changes of at least 2 % are given, in order. `values` are logarithms; the same seed
 * gives the same answer.
 */
export function findChangePoints(values: readonly number[], seed: number): ChangePoint[] {
  const offset = Math.max(0, values.length - CHANGE_WINDOW);
  const window = values.slice(offset);
  const random = createRandom(seed, 'change points');
  const found: { readonly at: number; readonly p: number }[] = [];
  while (found.length < MAX_CHANGES) {
    const stretches = stretchesOf(window, found);
    const best = bestOf(stretches);
    if (best === null) break;
    const p = chanceOf(best.statistic, stretches, random);
    if (p >= LEVEL) break;
    found.push({ at: best.at, p });
  }
  return found
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, p }) => ({ index: offset + at, change: changeAt(at, window, found), p }))
    .filter(({ change }) => Math.abs(change) >= LEAST_CHANGE);
}

interface Stretch {
  readonly from: number;
  readonly values: readonly number[];
}

function stretchesOf(
  window: readonly number[],
  found: readonly { readonly at: number }[],
): Stretch[] {
  const bounds = [0, ...found.map(({ at }) => at).toSorted((a, b) => a - b), window.length];
  return bounds
    .slice(1)
    .map((to, index) => ({ from: bounds[index] ?? 0, values: window.slice(bounds[index], to) }));
}

/** The best division of any stretch; null where all are too short. */
function bestOf(stretches: readonly Stretch[]): { at: number; statistic: number } | null {
  let best = { at: 0, statistic: -Infinity };
  for (const { from, values } of stretches) {
    const { at, statistic } = bestDivision(values, LEAST_SIDE);
    if (statistic > best.statistic) best = { at: from + at, statistic };
  }
  return best.statistic === -Infinity ? null : best;
}

/**
 * The share of permutations whose best division is as good, the series itself counted as
 * one of them. Given up, as 1, when it can no longer be below the level.
 */
function chanceOf(statistic: number, stretches: readonly Stretch[], random: Random): number {
  let reached = 1;
  for (let i = 0; i < PERMUTATIONS; i += 1) {
    const shuffled = stretches.map((one) => ({ ...one, values: random.shuffled(one.values) }));
    if ((bestOf(shuffled)?.statistic ?? -Infinity) >= statistic) reached += 1;
    if (reached >= LEVEL * (PERMUTATIONS + 1)) return 1;
  }
  return reached / (PERMUTATIONS + 1);
}

function changeAt(
  at: number,
  window: readonly number[],
  found: readonly { readonly at: number }[],
): number {
  const stretches = stretchesOf(window, found);
  const after = stretches.findIndex(({ from }) => from === at);
  const before = stretches[after - 1]?.values ?? [];
  return changeOf(median([...(stretches[after]?.values ?? [])]) - median([...before]));
}
