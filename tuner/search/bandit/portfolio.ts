import type { KnobValue, SearchArm, SearchSpace } from '../searcher.ts';

type Wish = Readonly<Record<string, KnobValue>>;

/**
 * Arms that general knowledge puts first, the default among them: one replica a core
 * with one thread each, a middle batch, each precision that the space has; then the
 * other splits of the cores. A wish takes the arm that comes nearest.
 */
export function portfolio(space: SearchSpace): readonly SearchArm[] {
  const numbers = (name: string): number[] =>
    (space.knobs.find((knob) => knob.name === name)?.values ?? [1]).map(Number);
  const values = (name: string): readonly KnobValue[] =>
    space.knobs.find((knob) => knob.name === name)?.values ?? [];
  const cores = Math.max(...numbers('replicas'), ...numbers('intraOpThreads'));
  const batch = Math.sqrt(Math.max(...numbers('batch.maxSize')));
  const full: Wish = {
    ...space.defaultArm.values,
    replicas: cores,
    intraOpThreads: 1,
    spinning: false,
  };
  const middle: Wish = { ...full, 'batch.maxSize': batch };
  const precisions = values('precision').filter((one) => one !== full['precision']);
  const wishes: Wish[] = [
    ...precisions.map((precision) => ({ ...middle, precision, passes: 'clean' })),
    middle,
  ];
  const found = wishes.map((wish) => nearest(space, wish));
  return [...new Set([space.defaultArm, ...found])];
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
