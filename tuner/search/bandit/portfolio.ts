import type { KnobValue, SearchArm, SearchProblem, SearchSpace } from '../searcher.ts';

type Wish = Readonly<Record<string, KnobValue>>;

/** Share of a search that goes to the first arms, without and with other hosts' advice; at most so many. */
const SHARE = 0.45;
const ADVISED_SHARE = 0.35;
const MOST = 16;

/**
 * Arms that general knowledge puts first: the default; every precision on one replica
 * a core with one thread each, at a middle batch; then the other graph levels of each
 * precision, since no other arm tells whether a level finds the kernels for a
 * precision, or loses them; with other batches by turns. A wish takes the arm that comes
 * nearest.
 */
export function portfolio(
  { space, priors }: Pick<SearchProblem, 'space' | 'priors'>,
  horizon: number,
): readonly SearchArm[] {
  const known = kept.get(space);
  const arms =
    known ?? [...wishesFor(space)].slice(0, 2 * MOST).map((wish) => nearest(space, wish));
  if (known === undefined) kept.set(space, arms);
  const share = priors.length > 0 ? ADVISED_SHARE : SHARE;
  const most = Math.max(1, Math.min(MOST, Math.floor(share * horizon)));
  return [...new Set([space.defaultArm, ...arms])].slice(0, most);
}

/** By space: every question of a run is about the same one. */
const kept = new WeakMap<SearchSpace, readonly SearchArm[]>();

function* wishesFor(space: SearchSpace): Generator<Wish> {
  const valuesOf = (name: string): readonly KnobValue[] =>
    space.knobs.find((knob) => knob.name === name)?.values ?? [];
  const most = (name: string): number => Math.max(1, ...valuesOf(name).map(Number));
  const standard = space.defaultArm.values;
  const others = (name: string): KnobValue[] =>
    valuesOf(name).filter((value) => value !== standard[name]);
  const cores = Math.max(most('replicas'), most('intraOpThreads'));
  const batch = Math.sqrt(most('batch.maxSize'));
  const middle: Wish = {
    ...standard,
    replicas: cores,
    intraOpThreads: 1,
    spinning: false,
    'batch.maxSize': batch,
  };
  const precisions: readonly Wish[] = [
    ...others('precision').map((precision) => ({ precision, passes: 'clean' })),
    {},
  ];
  for (const precision of precisions) yield { ...middle, ...precision };
  // The batch varies along, never the same way for a precision at two levels: a wish that
  // were spoilt by more than its cell would count against the cell.
  const along: readonly Wish[] = [
    { 'batch.maxSize': 4 * batch },
    { 'batch.maxSize': batch / 4 },
    {},
  ];
  const levels = others('graphLevel').toReversed();
  for (const [row, graphLevel] of levels.entries()) {
    for (const [column, precision] of precisions.entries()) {
      yield { ...middle, ...precision, graphLevel, ...along[(row + column) % along.length] };
    }
  }
}

function nearest(space: SearchSpace, wish: Wish): SearchArm {
  const distance = (arm: SearchArm): number =>
    space.knobs.reduce((sum, { name, scale }) => {
      const [own, wanted] = [arm.values[name], wish[name]];
      if (own === wanted || wanted === undefined) return sum;
      if (scale !== 'log2') return sum + 1;
      return sum + Math.abs(Math.log2(Number(own)) - Math.log2(Number(wanted)));
    }, 0);
  let best = space.defaultArm;
  let least = Infinity;
  for (const arm of space.arms) {
    const own = distance(arm);
    if (own < least) [best, least] = [arm, own];
  }
  return best;
}
