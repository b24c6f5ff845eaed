import type { KnobValue } from '../searcher.ts';
import { valueOf, type GroupedSpace, type KnobGroup } from './grouped-space.ts';

/**
 * What is known of a knob before anything is measured: a trend of the modelled
 * logarithm, `mean` per unit of `of`, give or take `sd`.
 */
export interface Effect {
  readonly knob: string;
  readonly of: (value: KnobValue | undefined) => number;
  readonly mean: number;
  readonly sd: number;
}

/** Known effects of one group by its codes, all relative to the default arm. */
export interface GroupEffects {
  /** Expected value of each code. */
  readonly mean: Float64Array;
  /** Covariance of the codes from what is uncertain about the effects: count x count. */
  readonly covariance: Float64Array;
}

export function groupEffects(space: GroupedSpace, effects: readonly Effect[]): GroupEffects[] {
  return space.groups.map((group) => effectsOf(group, effects));
}

function effectsOf(group: KnobGroup, effects: readonly Effect[]): GroupEffects {
  const { count, defaultCode } = group;
  const mean = new Float64Array(count);
  const covariance = new Float64Array(count * count);
  for (const effect of effects) {
    const column = group.knobs.findIndex((knob) => knob.name === effect.knob);
    if (column < 0) continue;
    const at = (code: number): number => effect.of(valueOf(group, code, column));
    const base = at(defaultCode);
    for (let a = 0; a < count; a += 1) {
      const x = at(a) - base;
      mean[a] = (mean[a] as number) + effect.mean * x;
      for (let b = 0; b < count; b += 1) {
        const y = at(b) - base;
        covariance[a * count + b] = (covariance[a * count + b] as number) + effect.sd ** 2 * x * y;
      }
    }
  }
  return { mean, covariance };
}
