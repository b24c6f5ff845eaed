import { createRandom } from '../../engine/base/random.ts';
import { differingGroups, encodingOf, type Encoding } from './encoding.ts';
import { DONE, measure, type Ask, type Searcher, type SearchProblem } from './searcher.ts';
import { bestMeasured, isOpen, ranked, standings, type Standing } from './standings.ts';

/**
 * One decision at a time from the default, as the quick mode of the best-known
 * serving tuner: every value of one knob (or group of knobs) around the best arm so
 * far, then those of the next knob, until no knob has an unmeasured value left
 * around the best. The order of the knobs is drawn by the seed.
 */
export const hillClimbSearcher: Searcher = Object.freeze({
  name: 'hill-climb',
  ask: ({ space, seed, records, constraints }: SearchProblem): Ask => {
    const known = standings(records, constraints);
    if (isOpen(space.defaultArm.key, known)) return measure(space.defaultArm.key);
    const encoding = encodingOf(space);
    const groups = [...new Set(encoding.knobs.map((knob) => knob.group))];
    const centre = encoding.indexByKey.get(bestKey(known) ?? space.defaultArm.key) ?? 0;
    for (const group of createRandom(seed, 'hill climb').shuffled(groups)) {
      const next = space.arms.find(
        ({ key }, index) => isOpen(key, known) && differsIn(encoding, { index, centre, group }),
      );
      if (next !== undefined) return measure(next.key);
    }
    return DONE;
  },
  recommend: bestMeasured,
});

function bestKey(known: ReadonlyMap<string, Standing>): string | undefined {
  return ranked(known)[0]?.armKey;
}

function differsIn(
  encoding: Encoding,
  at: { readonly index: number; readonly centre: number; readonly group: string },
): boolean {
  const groups = differingGroups(encoding, at.index, at.centre);
  return groups.size === 1 && groups.has(at.group);
}
