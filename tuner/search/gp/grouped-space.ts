import { encodingOf, type EncodedKnob } from '../encoding.ts';
import type { KnobValue, SearchSpace } from '../searcher.ts';

/**
 * A space by its decisions: knobs of one group become one code, the position of
 * their combination among those that occur, so that kernels are looked up in tables.
 */
export interface GroupedSpace {
  readonly groups: readonly KnobGroup[];
  /** Code of each arm in each group: arms x groups. */
  readonly codes: Uint16Array;
  readonly armCount: number;
  readonly indexByKey: ReadonlyMap<string, number>;
}

export interface KnobGroup {
  readonly name: string;
  readonly knobs: readonly EncodedKnob[];
  /** Levels of the group's knobs by code: codes x knobs. */
  readonly levels: Uint16Array;
  readonly count: number;
  /** The code of the default arm. */
  readonly defaultCode: number;
}

const kept = new WeakMap<SearchSpace, GroupedSpace>();

export function groupedSpaceOf(space: SearchSpace): GroupedSpace {
  const known = kept.get(space);
  if (known !== undefined) return known;
  const made = groupSpace(space);
  kept.set(space, made);
  return made;
}

function groupSpace(space: SearchSpace): GroupedSpace {
  const encoding = encodingOf(space);
  const { knobs, levels, indexByKey } = encoding;
  const columnsByGroup = Map.groupBy(
    knobs.keys(),
    (column) => (knobs[column] as EncodedKnob).group,
  );
  const armCount = space.arms.length;
  const codes = new Uint16Array(armCount * columnsByGroup.size);
  const defaultIndex = indexByKey.get(space.defaultArm.key) ?? 0;
  const groups = [...columnsByGroup].map(([name, columns], position): KnobGroup => {
    const found = new Map<string, { readonly code: number; readonly own: readonly number[] }>();
    for (let arm = 0; arm < armCount; arm += 1) {
      const own = columns.map((column) => levels[arm * knobs.length + column] as number);
      const key = own.join();
      const entry = found.get(key) ?? { code: found.size, own };
      found.set(key, entry);
      codes[arm * columnsByGroup.size + position] = entry.code;
    }
    return {
      name,
      knobs: columns.map((column) => knobs[column] as EncodedKnob),
      levels: Uint16Array.from([...found.values()].flatMap((entry) => entry.own)),
      count: found.size,
      defaultCode: codes[defaultIndex * columnsByGroup.size + position] as number,
    };
  });
  return { groups, codes, armCount, indexByKey };
}

/** The value of a knob under a code of its group. */
export function valueOf(group: KnobGroup, code: number, column: number): KnobValue | undefined {
  const level = group.levels[code * group.knobs.length + column] as number;
  return group.knobs[column]?.values[level];
}
