import { formatCount, formatNumber } from '../engine/base/units.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { checkConstraint, describeConstraint } from './constraint.ts';
import { trialFigures } from './observation.ts';
import type { Constraint, Explanation } from './run-record.ts';
import { believe, type Belief } from './search/bandit/belief.ts';
import type { KnobValue, SearchArm, SearchProblem } from './search/searcher.ts';

/**
 * Why an arm was chosen, from everything that the search measured: what each decision
 * is worth with the others as the arm has them, by the joint posterior of the model
 * of the scores (95 %), and what was rejected. Null before anything completed.
 */
export function explainArm(
  problem: SearchProblem,
  armKey: string,
  trials: readonly TrialRecord[],
): Explanation | null {
  const belief = believe(problem);
  const arm = problem.space.arms.find(({ key }) => key === armKey);
  if (belief === null || arm === undefined) return null;
  const effects = [...groupsOf(problem)].flatMap(
    ([group, knobs]) => effectOf(problem, belief, { arm, group, knobs }) ?? [],
  );
  return {
    armKey,
    effects: effects.sort((a, b) => b.ratio.value - a.ratio.value),
    rejected: rejections(trials, problem.constraints),
  };
}

function groupsOf({ space }: SearchProblem): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, group, values } of space.knobs) {
    if (values.length > 1) groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return groups;
}

type Effect = Explanation['effects'][number];

/**
 * The arm against the same with one decision as the default has it; where the arm has
 * the default's, against the best of the other ways.
 */
function effectOf(
  problem: SearchProblem,
  belief: Belief,
  of: { readonly arm: SearchArm; readonly group: string; readonly knobs: readonly string[] },
): Effect | null {
  const { arm, group, knobs } = of;
  const others = neighbours(problem, arm, knobs);
  const { defaultArm, arms } = problem.space;
  const asDefault = others.filter((index) =>
    knobs.every((knob) => arms[index]?.values[knob] === defaultArm.values[knob]),
  );
  const from = asDefault.length > 0 ? asDefault : others;
  const [first, ...rest] = from;
  if (first === undefined) return null;
  const best = rest.reduce((a, b) => (belief.mean(b) > belief.mean(a) ? b : a), first);
  const other = arms[best] as SearchArm;
  const [own, its] = [belief.candidate(arms.indexOf(arm)), belief.candidate(best)];
  const variance = own.variance + its.variance - 2 * belief.covariance(own, its);
  const half = 1.96 * Math.sqrt(Math.max(0, variance));
  const gain = own.mean - its.mean;
  const differing = knobs.filter((knob) => arm.values[knob] !== other.values[knob]);
  return {
    group,
    chosen: valuesOf(arm, differing),
    insteadOf: valuesOf(other, differing),
    ratio: {
      value: Math.exp(gain),
      low: Math.exp(gain - half),
      high: Math.exp(gain + half),
    },
  };
}

/** Arms that differ in these knobs alone. */
function neighbours({ space }: SearchProblem, arm: SearchArm, knobs: readonly string[]): number[] {
  const fixed = space.knobs.map(({ name }) => name).filter((name) => !knobs.includes(name));
  return [...space.arms.keys()].filter((index) => {
    const { key, values } = space.arms[index] as SearchArm;
    return key !== arm.key && fixed.every((name) => values[name] === arm.values[name]);
  });
}

function valuesOf({ values }: SearchArm, knobs: readonly string[]): Record<string, KnobValue> {
  return Object.fromEntries(
    knobs.flatMap((knob) => (values[knob] === undefined ? [] : [[knob, values[knob]]])),
  );
}

/** Why arms that were tried cannot ship, each reason with how many arms it met. */
function rejections(
  trials: readonly TrialRecord[],
  constraints: readonly Constraint[],
): Explanation['rejected'] {
  const reasons = new Map<string, Set<string>>();
  const reject = (reason: string, { armKey }: TrialRecord): void => {
    reasons.set(reason, (reasons.get(reason) ?? new Set()).add(armKey));
  };
  for (const trial of trials) {
    if (trial.state === 'failed') reject(`failed: ${firstLine(trial.message)}`, trial);
    else if (trial.state === 'timeout') reject('took longer than trials may', trial);
    else if (trial.state === 'out-of-memory') reject('ran out of memory', trial);
    else if (trial.state === 'completed') {
      for (const constraint of constraints) {
        const { met } = checkConstraint(trialFigures(trial), constraint);
        if (!met) reject(`broke ${describeConstraint(constraint)}`, trial);
      }
    }
  }
  return [...reasons].map(([reason, arms]) => ({ reason, arms: arms.size }));
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? '';
}

/** For people, one line an effect and a reason. */
export function explanationLines({ effects, rejected }: Explanation): string[] {
  return [
    ...effects.map(({ chosen, insteadOf, ratio }) => {
      const range = `${formatNumber(ratio.value)} times [${formatNumber(ratio.low)}, ${formatNumber(ratio.high)}]`;
      const shows = ratio.low > 1 || ratio.high < 1 ? '' : ': no difference that shows';
      return `${settings(chosen)} instead of ${settings(insteadOf)}: ${range}${shows}`;
    }),
    ...rejected.map(({ reason, arms }) => `rejected: ${formatCount(arms, 'arm')} ${reason}`),
  ];
}

function settings(values: Readonly<Record<string, KnobValue>>): string {
  return Object.entries(values)
    .map(([knob, value]) => `${knob} ${String(value)}`)
    .join(', ');
}
