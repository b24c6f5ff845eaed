import type { KnobValue, SearchArm, SearchKnob, SearchSpace } from './searcher.ts';

/** A space as numbers: knobs that never vary are left out. */
export interface Encoding {
  readonly knobs: readonly EncodedKnob[];
  /** Position of each arm's value among its knob's levels, arm by arm: arms x knobs. */
  readonly levels: Uint16Array;
  readonly indexByKey: ReadonlyMap<string, number>;
}

export interface EncodedKnob {
  readonly name: string;
  readonly scale: SearchKnob['scale'];
  readonly group: string;
  readonly values: readonly (KnobValue | undefined)[];
  /**
   * Where each value lies, in doublings (log2), in the knob's unit (linear) or by
   * its place (ordinal, categorical).
   */
  readonly positions: Float64Array;
}

/** Encodings by space: every question of a run is about the same one. */
const kept = new WeakMap<SearchSpace, Encoding>();

export function encodingOf(space: SearchSpace): Encoding {
  const known = kept.get(space);
  if (known !== undefined) return known;
  const made = encode(space);
  kept.set(space, made);
  return made;
}

function encode({ knobs, arms }: SearchSpace): Encoding {
  const varying = knobs
    .map((knob) => encodeKnob(knob, arms))
    .filter((one) => one.values.length > 1);
  const levels = new Uint16Array(arms.length * varying.length);
  for (const [column, { name, values }] of varying.entries()) {
    const places = new Map(values.map((value, place) => [value, place]));
    for (const [row, arm] of arms.entries()) {
      levels[row * varying.length + column] = places.get(arm.values[name]) ?? 0;
    }
  }
  const indexByKey = new Map(arms.map((arm, index) => [arm.key, index]));
  return { knobs: varying, levels, indexByKey };
}

function encodeKnob(knob: SearchKnob, arms: readonly SearchArm[]): EncodedKnob {
  const occurring = new Set(arms.map((arm) => arm.values[knob.name]));
  const { name, scale, group } = knob;
  // A knob that some arms lack (a session entry) has one more value.
  const values = [...knob.values, undefined].filter((value) => occurring.has(value));
  return { name, scale, group, values, positions: positionsOf(scale, values) };
}

function positionsOf(
  scale: SearchKnob['scale'],
  values: readonly (KnobValue | undefined)[],
): Float64Array {
  if (scale === 'log2') return Float64Array.from(values, (value) => Math.log2(Number(value)));
  if (scale === 'linear') return Float64Array.from(values, Number);
  return Float64Array.from(values.keys());
}

/**
 * Squared distance of two arms by their places in the space: a doubling, a step of
 * an order and another category are about 1 each.
 */
export function squaredDistance({ knobs, levels }: Encoding, a: number, b: number): number {
  let sum = 0;
  for (const [column, { scale, positions }] of knobs.entries()) {
    const left = levels[a * knobs.length + column] as number;
    const right = levels[b * knobs.length + column] as number;
    if (left === right) continue;
    const step = (positions[left] as number) - (positions[right] as number);
    sum +=
      scale === 'categorical' ? 1 : scale === 'linear' ? linearShare(step, positions) : step ** 2;
  }
  return sum;
}

function linearShare(step: number, positions: Float64Array): number {
  return (step / (Math.max(...positions) - Math.min(...positions))) ** 2;
}

/** Groups of knobs in which two arms differ. */
export function differingGroups({ knobs, levels }: Encoding, a: number, b: number): Set<string> {
  const differing = knobs.filter(
    (_, column) => levels[a * knobs.length + column] !== levels[b * knobs.length + column],
  );
  return new Set(differing.map((knob) => knob.group));
}
