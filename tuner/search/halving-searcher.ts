import { createRandom } from '../../engine/base/random.ts';
import {
  PASS_PIPELINES,
  PRECISIONS,
  type EngineConfig,
} from '../../engine/runtime/engine-config.ts';
import type { Arm, Space } from '../space.ts';
import type { Ask, Searcher, SearchProblem } from './searcher.ts';
import { ranked, standings, type Standing } from './standings.ts';

/** Arms that the first round measures once each. */
const FIRST_ROUND = 20;
/** How many of the best are then measured this often: fewer and fewer, more and more. */
const RUNGS = [
  { survivors: 8, repetitions: 2 },
  { survivors: 4, repetitions: 3 },
  { survivors: 2, repetitions: 4 },
] as const;
/** A failed arm is tried once more, then given up. */
const MAX_FAILURES = 2;

/**
 * The default first, then a space-filling first round, then successive halving
 * (Karnin, Koren and Somekh 2013) where fidelity is the number of repetitions,
 * never a shorter trial; then the unmeasured neighbours of the best arm, one
 * knob away, until it has none. May be stopped at any time.
 */
export const halvingSearcher: Searcher = Object.freeze({
  name: 'halving',
  ask: (problem: SearchProblem): Ask => {
    const known = standings(problem.records, problem.constraints);
    return (
      askFirstRound(problem, known) ??
      askRungs(known) ??
      askNeighbours(problem.space, known) ?? { kind: 'done' }
    );
  },
});

type Known = ReadonlyMap<string, Standing>;

function askFirstRound(problem: SearchProblem, known: Known): Ask | null {
  const next = firstRound(problem.space, problem.seed).find((arm) => isOpen(arm, known));
  return next === undefined ? null : measure(next.key, 1);
}

/** Never measured, or failed once only. */
function isOpen(arm: Arm, known: Known): boolean {
  const standing = known.get(arm.key);
  if (standing === undefined) return true;
  return standing.completed === 0 && standing.failed < MAX_FAILURES;
}

function askRungs(known: Known): Ask | null {
  const order = ranked(known);
  for (const rung of RUNGS) {
    for (const standing of order.slice(0, rung.survivors)) {
      const missing = rung.repetitions - standing.completed;
      if (missing > 0 && standing.failed < MAX_FAILURES) return measure(standing.armKey, missing);
    }
  }
  return null;
}

function askNeighbours(space: Space, known: Known): Ask | null {
  const best = ranked(known)[0];
  const centre = space.arms.find((arm) => arm.key === best?.armKey);
  if (centre === undefined) return null;
  const next = space.arms.find((arm) => isOpen(arm, known) && isNeighbour(arm, centre));
  return next === undefined ? null : measure(next.key, 1);
}

function measure(armKey: string, repetitions: number): Ask {
  return { kind: 'measure', armKey, repetitions };
}

/**
 * One knob apart. Replicas and threads move together: trading one for the
 * other is one decision about the cores.
 */
function isNeighbour(a: Arm, b: Arm): boolean {
  const x = features(a.config);
  const y = features(b.config);
  const different = FEATURE_GROUPS.filter((group) =>
    group.some((feature) => x[feature] !== y[feature]),
  );
  return different.length === 1;
}

type Feature =
  | 'precision'
  | 'passes'
  | 'level'
  | 'replicas'
  | 'threads'
  | 'spinning'
  | 'batch'
  | 'arena'
  | 'pattern';

const FEATURE_GROUPS: readonly (readonly Feature[])[] = [
  // Which file runs: variants have passes of their own.
  ['precision', 'passes'],
  ['level'],
  ['replicas', 'threads', 'spinning'],
  ['batch'],
  ['arena'],
  ['pattern'],
];

const LEVEL_POSITION: Readonly<Record<EngineConfig['graphLevel'], number>> = {
  disabled: 0,
  basic: 1,
  extended: 2,
  layout: 2.5,
  all: 3,
};

/** Coordinates of a config; steps of about 1 between neighbouring values. */
function features(config: EngineConfig): Readonly<Record<Feature, number>> {
  return {
    // Precisions are no scale: each is as far from fp32 as the others.
    precision: 2 * PRECISIONS.indexOf(config.precision),
    passes: PASS_PIPELINES.indexOf(config.passes),
    level: LEVEL_POSITION[config.graphLevel],
    replicas: Math.log2(config.replicas),
    threads: Math.log2(config.intraOpThreads),
    spinning: Number(config.spinning),
    batch: Math.log2(config.batch.maxSize),
    arena: Number(config.arena),
    pattern: Number(config.memPattern),
  };
}

/**
 * The default, every split of the cores and every file (precision, passes) at the
 * default's other settings, then
 * arms that lie as far as can be from those chosen before (greedy maximin), the
 * first of them drawn by the seed. O(FIRST_ROUND x arms).
 */
function firstRound(space: Space, seed: number): readonly Arm[] {
  const base = features(space.defaultArm.config);
  const differOnlyIn = (free: readonly Feature[]): Arm[] =>
    space.arms.filter((arm) => {
      const own = features(arm.config);
      const fixed = FEATURE_GROUPS.flat().filter((feature) => !free.includes(feature));
      return fixed.every((feature) => own[feature] === base[feature]) && arm !== space.defaultArm;
    });
  const splits = differOnlyIn(['replicas', 'threads', 'spinning']);
  const files = differOnlyIn(['precision', 'passes']);
  const chosen = [space.defaultArm, ...splits, ...files].slice(0, FIRST_ROUND);
  return fillSpace(chosen, createRandom(seed, 'first round').shuffled(space.arms));
}

function fillSpace(chosen: Arm[], candidates: readonly Arm[]): readonly Arm[] {
  const points = candidates.map((arm) => Object.values(features(arm.config)));
  const distances = points.map((point) =>
    Math.min(...chosen.map((arm) => squaredDistance(point, Object.values(features(arm.config))))),
  );
  while (chosen.length < Math.min(FIRST_ROUND, candidates.length)) {
    const farthest = distances.indexOf(Math.max(...distances));
    const centre = points[farthest] as number[];
    chosen.push(candidates[farthest] as Arm);
    for (const [index, point] of points.entries()) {
      distances[index] = Math.min(distances[index] as number, squaredDistance(point, centre));
    }
  }
  return chosen;
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + (value - (b[index] as number)) ** 2, 0);
}
