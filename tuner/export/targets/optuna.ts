import { UserError } from '../../../engine/base/errors.ts';
import type { TrialRecord } from '../../../suites/trial-record.ts';
import { checkConstraint } from '../../constraint.ts';
import { scoreOf } from '../../objective.ts';
import { soughtFigures, trialFigures } from '../../observation.ts';
import type { RunRecord } from '../../run-record.ts';
import { armValues } from '../../search-knobs.ts';
import type { KnobValue } from '../../search/searcher.ts';
import { everyField } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';

/** Numbers of Optuna's JournalOperation, StudyDirection and TrialState. */
const CREATE_STUDY = 0;
const SET_STUDY_USER_ATTR = 2;
const CREATE_TRIAL = 4;
const MINIMIZE = 1;
const MAXIMIZE = 2;
const COMPLETE = 1;
const FAIL = 3;

const STUDY = { study_id: 0, worker_id: 'openclaw-harness' } as const;

/** A journal, which Optuna's JournalStorage reads as it is. */
export const optunaTarget = Object.freeze<ExportTarget>({
  name: 'optuna',
  summary: "the run's trials as a study in an Optuna journal",
  coverage: everyField("the study's attribute 'openclaw.tuned'"),
  next: ({ history }) =>
    `optuna.load_study(study_name='${history?.run.id ?? ''}', storage=JournalStorage(JournalFileBackend('optuna-journal.log')))`,
  render: (input, head) => [
    {
      path: 'optuna-journal.log',
      text: `${journal(input, head)
        .map((entry) => JSON.stringify(entry))
        .join('\n')}\n`,
    },
  ],
});

function journal(input: ExportInput, head: readonly string[]): object[] {
  const { history, tuned } = input;
  if (history === null) {
    throw new UserError('optuna gets the trials of a run, and a tuned.json has none', {
      remedy: 'give the run by its name, with the --store that it is in',
    });
  }
  const { run, trials } = history;
  const attribute = (name: string, value: unknown): object => ({
    op_code: SET_STUDY_USER_ATTR,
    ...STUDY,
    user_attr: { [name]: value },
  });
  const choices = choicesOf(trials);
  return [
    {
      op_code: CREATE_STUDY,
      worker_id: STUDY.worker_id,
      study_name: run.id,
      directions: run.objective === 'pareto' ? [MAXIMIZE, MINIMIZE] : [MAXIMIZE],
    },
    attribute('openclaw.head', head),
    attribute('openclaw.tuned', tuned),
    ...trials.map((trial) => trialEntry(trial, run, choices)),
  ];
}

type Choices = ReadonlyMap<string, readonly KnobValue[]>;

/** Each knob's values among all trials: Optuna wants the same list in every trial. */
function choicesOf(trials: readonly TrialRecord[]): Choices {
  const values = trials.flatMap(({ config }) => Object.entries(armValues(config)));
  const byKnob = Map.groupBy(values, ([knob]) => knob);
  return new Map([...byKnob].map(([knob, seen]) => [knob, [...new Set(seen.map(([, v]) => v))]]));
}

function trialEntry(trial: TrialRecord, run: RunRecord, choices: Choices): object {
  const values = valuesOf(trial, run);
  const params = Object.entries(armValues(trial.config)).map(([knob, value]) => {
    const known = choices.get(knob) ?? [];
    const attributes = { choices: known };
    const distribution = JSON.stringify({ name: 'CategoricalDistribution', attributes });
    return { knob, distribution, index: known.indexOf(value) };
  });
  const startMs = Date.parse(trial.startedAt);
  return {
    op_code: CREATE_TRIAL,
    ...STUDY,
    state: values === null ? FAIL : COMPLETE,
    value: values?.length === 1 ? values[0] : null,
    values: values !== null && values.length > 1 ? values : null,
    datetime_start: isoText(startMs),
    datetime_complete: isoText(startMs + trial.costMs),
    distributions: Object.fromEntries(params.map((one) => [one.knob, one.distribution])),
    params: Object.fromEntries(params.map((one) => [one.knob, one.index])),
    user_attrs: {
      'openclaw.trial': trial.id,
      'openclaw.state': trial.state,
      'openclaw.purpose': trial.purpose.kind,
      'openclaw.config': trial.config,
      ...(trial.state === 'completed' && { 'openclaw.metrics': trial.metrics }),
    },
    // How far each constraint is missed: Optuna takes what is not above 0 as met.
    system_attrs: trial.state === 'completed' ? { constraints: excesses(trial, run) } : {},
    intermediate_values: {},
  };
}

/** Null where a trial has no figure to be ranked by. */
function valuesOf(trial: TrialRecord, run: RunRecord): number[] | null {
  if (trial.state !== 'completed') return null;
  const figures = soughtFigures(trial.metrics);
  if (run.objective === 'pareto') return [figures.qps, figures.memoryBytes];
  const score = scoreOf(figures, run);
  return score === null ? null : [score];
}

function excesses(trial: TrialRecord & { state: 'completed' }, run: RunRecord): number[] {
  return run.constraints.map((one) => checkConstraint(trialFigures(trial), one).excess - 1);
}

/**
 * UTC without saying so: Optuna's own times name no zone, and Python compares none that does
 * with one that does not.
 */
function isoText(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000');
}
