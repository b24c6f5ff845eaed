import { isDeepStrictEqual } from 'node:util';
import { defaultEngineConfig, type EngineConfig } from '../engine/runtime/engine-config.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { type ArmFigures, figuresOfTrials, type Percentile } from './arm-figures.ts';
import { checkConstraint } from './constraint-check.ts';
import { type Knob, knobNamed, KNOBS } from './knobs.ts';

/** One arm with at least one completed trial. */
export interface ArmResult extends ArmFigures {
  readonly completed: readonly CompletedTrial[];
  /** Constraints that its figures do not meet. */
  readonly broken: readonly RunRecord['constraints'][number][];
}

/** A run's records, arranged once for every part of the page. */
export interface RunView {
  readonly run: RunRecord;
  /** All trials, by sequence. */
  readonly trials: readonly TrialRecord[];
  /** Those that count and were driven as hard as the arm goes: no rate that was only tried. */
  readonly completed: readonly CompletedTrial[];
  readonly arms: readonly ArmResult[];
  readonly defaultKey: string | undefined;
  /** The default arm, when a trial of it completed. */
  readonly baseline: ArmResult | undefined;
  /** The fastest arm that breaks no constraint; search figures, not verified ones. */
  readonly best: ArmResult | undefined;
  /** The percentile that is bounded, else p99. */
  readonly percentile: Percentile;
  readonly limitMs: number | undefined;
}

export function viewRun(run: RunRecord, trials: readonly TrialRecord[]): RunView {
  const ordered = trials.toSorted((left, right) => left.sequence - right.sequence);
  const completed = ordered
    .filter(({ purpose }) => purpose.kind !== 'probe')
    .filter((trial) => trial.state === 'completed');
  const arms = armsOf(completed, run);
  const defaultKey = findDefaultKey(run, ordered);
  const bound = run.constraints.find((constraint) => constraint.kind === 'latency');
  return {
    run,
    trials: ordered,
    completed,
    arms,
    defaultKey,
    baseline: arms.find((arm) => arm.armKey === defaultKey),
    best: arms
      .filter((arm) => arm.broken.length === 0 && Number.isFinite(arm.qps.value))
      .toSorted((left, right) => right.qps.value - left.qps.value)[0],
    percentile: bound?.percentile ?? 'p99',
    limitMs: bound?.limitMs,
  };
}

/** What makes a trial doubtful. That a rate which was tried was too high is its result, not a doubt. */
export function doubtsOf({ purpose, warnings }: TrialRecord): TrialRecord['warnings'] {
  return purpose.kind === 'probe' ? warnings.filter(({ kind }) => kind !== 'overloaded') : warnings;
}

/** The arm that the report is about besides the default, and what it is called. */
export function highlightOf(view: RunView): { armKey: string; name: string } | undefined {
  const { outcome } = view.run;
  if (outcome === null) {
    if (view.best === undefined || view.best.armKey === view.defaultKey) return undefined;
    return { armKey: view.best.armKey, name: 'best so far' };
  }
  switch (outcome.kind) {
    case 'winner':
      return { armKey: outcome.shipped.armKey, name: 'winner' };
    case 'default':
      if (outcome.verification === null) return undefined;
      return { armKey: outcome.verification.candidate, name: 'candidate' };
    case 'nothing-feasible':
      if (outcome.nearest === null || outcome.nearest.armKey === view.defaultKey) return undefined;
      return { armKey: outcome.nearest.armKey, name: 'nearest miss' };
  }
}

/** Knobs that the search chose between and that took more than one value in completed trials. */
export function variedKnobs(view: RunView): readonly Knob[] {
  const named = Object.keys(view.run.knobs).flatMap((name) => knobNamed(name) ?? []);
  const searched = named.length === 0 ? KNOBS : KNOBS.filter((knob) => named.includes(knob));
  return searched.filter((knob) => new Set(view.arms.map((arm) => knob.read(arm.config))).size > 1);
}

function armsOf(completed: readonly CompletedTrial[], run: RunRecord): readonly ArmResult[] {
  const groups = new Map<string, [CompletedTrial, ...CompletedTrial[]]>();
  for (const trial of completed) {
    const group = groups.get(trial.armKey);
    if (group === undefined) groups.set(trial.armKey, [trial]);
    else group.push(trial);
  }
  return [...groups.values()].map((group) => {
    const figures = figuresOfTrials(group);
    const broken = run.constraints.filter((item) => !checkConstraint(item, figures).met);
    return { ...figures, completed: group, broken };
  });
}

/** The outcome knows the default arm; an unfinished run has to recognise it by its config. */
function findDefaultKey(run: RunRecord, trials: readonly TrialRecord[]): string | undefined {
  const { outcome } = run;
  if (outcome !== null && outcome.kind !== 'nothing-feasible') return outcome.baseline.armKey;
  const paired = trials.find(
    (trial) => trial.purpose.kind === 'verify' && trial.purpose.role === 'default',
  );
  const config = expectedDefault(run);
  return (paired ?? trials.find((trial) => isDeepStrictEqual(trial.config, config)))?.armKey;
}

function expectedDefault(run: RunRecord): EngineConfig {
  const cores = run.host.usableCores;
  // A single thread has no pool that could spin, so the arm's canonical form says that it does not.
  const config = { ...defaultEngineConfig(cores), spinning: cores > 1 };
  if (run.workload.batch === 'free') return config;
  return { ...config, batch: { ...config.batch, maxSize: run.workload.batch } };
}
