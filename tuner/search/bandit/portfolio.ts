import type { KnobValue, SearchArm, SearchKnob, SearchSpace } from '../searcher.ts';

type Wish = Readonly<Record<string, KnobValue>>;

/** Share of a search that goes to the first arms, at most, and how many they are at most. */
const SHARE = 0.55;
const MOST = 16;

/**
 * Arms that general knowledge puts first: the default; every precision on one replica
 * a core with one thread each, at a middle batch; then the other graph levels of each
 * precision, since no other arm tells whether a level finds the kernels for a
 * precision, or loses them; then the other splits of the cores. A wish takes the arm
 * that comes nearest.
 */
export function portfolio(space: SearchSpace, horizon: number): readonly SearchArm[] {
  const wishes = [...wishesFor(space)];
  const found = new Set([space.defaultArm, ...wishes.map((wish) => nearest(space, wish))]);
  return [...found].slice(0, Math.max(1, Math.min(MOST, Math.floor(SHARE * horizon))));
}

function* wishesFor(space: SearchSpace): Generator<Wish> {
  const knob = (name: string): SearchKnob | undefined =>
    space.knobs.find((one) => one.name === name);
  const most = (name: string): number => Math.max(...(knob(name)?.values ?? [1]).map(Number));
  const cores = Math.max(most('replicas'), most('intraOpThreads'));
  const standard = space.defaultArm.values;
  const batch = Math.sqrt(most('batch.maxSize'));
  const full = { ...standard, replicas: cores, intraOpThreads: 1, spinning: false };
  const middle: Wish = { ...full, 'batch.maxSize': batch };
  const others = (name: string): KnobValue[] =>
    (knob(name)?.values ?? []).filter((value) => value !== standard[name]);
  const precisions = others('precision').map((precision) => ({ precision, passes: 'clean' }));
  for (const precision of [...precisions, {}]) yield { ...middle, ...precision };
  // What else varies, varies along: one measurement tells of several knobs.
  const splits: Wish[] = [{}, { replicas: 1, intraOpThreads: cores, spinning: false }, {}];
  const batches = [batch * 4, batch / 4, batch];
  let turn = 0;
  for (const graphLevel of others('graphLevel').toReversed()) {
    for (const precision of [...precisions, {}]) {
      yield {
        ...middle,
        graphLevel,
        ...precision,
        ...splits[turn % splits.length],
        'batch.maxSize': batches[turn % batches.length] as number,
      };
      turn += 1;
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
