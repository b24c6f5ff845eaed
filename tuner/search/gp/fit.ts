import { mean } from '../../../engine/base/statistics.ts';
import { groupEffects, type Effect } from './effects.ts';
import {
  condition,
  priorMean,
  type GaussianProcess,
  type Model,
  type Rows,
} from './gaussian-process.ts';
import type { GroupedSpace } from './grouped-space.ts';
import { createKernel, isNumeric } from './kernel.ts';
import { minimize } from './pattern-search.ts';

/** A positive hyperparameter before anything is measured: its logarithm is normal. */
export interface LogNormal {
  readonly median: number;
  /** Standard deviation of the logarithm. */
  readonly spread: number;
}

/** What is believed before anything is measured. */
export interface Beliefs {
  readonly effects: readonly Effect[];
  /** Standard deviation of the main effect of a group, by its name; `other` for the rest. */
  readonly mainSd: Readonly<Record<string, LogNormal>> & { readonly other: LogNormal };
  readonly length: LogNormal;
  readonly interaction: LogNormal;
  /** Two groups that are known to interact. */
  readonly coupled: readonly [string, string];
  readonly coupledSd: LogNormal;
  readonly productSd: LogNormal;
  readonly noiseSd: LogNormal;
  readonly driftSd: LogNormal;
  readonly driftRows: number;
}

export interface Fitted {
  readonly model: Model;
  readonly process: GaussianProcess;
}

/** Rows that hyperparameters are fitted to: beyond, they cost much and change little. */
const FITTED_ROWS = 48;
/** Below, the beliefs stand as they are. */
const LEAST_ROWS = 4;

/**
 * The process with the most probable hyperparameters given the rows and the beliefs
 * (maximum a posteriori of the log marginal likelihood; Rasmussen and Williams 2006,
 * section 5.4.1), found by a deterministic search over their logarithms. Null
 * without rows, or when they cannot be factorized.
 */
export function fit(space: GroupedSpace, rows: Rows, beliefs: Beliefs): Fitted | null {
  if (rows.arms.length === 0) return null;
  const parameters = listParameters(space, beliefs);
  const build = modelBuilder(space, rows, beliefs);
  const used = fittedRows(rows);
  const loss = (logs: Float64Array): number => {
    const evidence = condition(build(logs), used)?.logEvidence ?? -Infinity;
    return parameters.reduce(
      (sum, { spread, median }, at) =>
        sum + 0.5 * (((logs[at] as number) - Math.log(median)) / spread) ** 2,
      -evidence,
    );
  };
  const medians = Float64Array.from(parameters, ({ median }) => Math.log(median));
  const spreads = Float64Array.from(parameters, ({ spread }) => spread);
  const best = used.arms.length < LEAST_ROWS ? medians : minimize(loss, medians, spreads);
  const model = build(best);
  const process = condition(model, rows);
  return process === null ? null : { model, process };
}

/** In this order: main effects, lengths, interaction, coupled, product, noise, drift. */
function listParameters({ groups }: GroupedSpace, beliefs: Beliefs): LogNormal[] {
  const { interaction, coupledSd, productSd, noiseSd, driftSd } = beliefs;
  return [
    ...groups.map(({ name }) => beliefs.mainSd[name] ?? beliefs.mainSd.other),
    ...groups.flatMap((group) => group.knobs.filter(isNumeric)).map(() => beliefs.length),
    interaction,
    coupledSd,
    productSd,
    noiseSd,
    driftSd,
  ];
}

function modelBuilder(
  space: GroupedSpace,
  rows: Rows,
  beliefs: Beliefs,
): (logs: Float64Array) => Model {
  const effects = groupEffects(space, beliefs.effects);
  const numeric = space.groups.flatMap((group) => group.knobs.filter(isNumeric));
  const places = beliefs.coupled.map((name) => space.groups.findIndex((one) => one.name === name));
  const [first = -1, second = -1] = places;
  const coupled = first < 0 || second < 0 ? null : ([first, second] as const);
  const level = firstLevel({ space, effects, rows });
  return (logs) => {
    const values = [...logs].map(Math.exp);
    const size = space.groups.length;
    const mainSd = values.slice(0, size);
    const length = Object.fromEntries(
      numeric.map((knob, at) => [knob.name, values[size + at] as number]),
    );
    const [interaction = 0, coupledSd = 0, productSd = 0, noiseSd = 0, driftSd = 0] = values.slice(
      size + numeric.length,
    );
    const parameters = { mainSd, length, interaction, coupledSd, productSd };
    return {
      space,
      effects,
      level,
      kernel: createKernel(space, effects, { parameters, coupled }),
      noise: { noiseSd, driftSd, driftRows: beliefs.driftRows },
    };
  };
}

/** The mean of what the known effects leave. */
function firstLevel(of: Pick<Model, 'space' | 'effects'> & { readonly rows: Rows }): number {
  const { rows, ...known } = of;
  const residuals = Array.from(
    rows.arms,
    (arm, i) => (rows.values[i] as number) - priorMean({ ...known, level: 0 }, arm),
  );
  return mean(residuals);
}

/** All rows, or evenly spaced ones of many, the last included. */
function fittedRows(rows: Rows): Rows {
  const n = rows.arms.length;
  if (n <= FITTED_ROWS) return rows;
  const places = Array.from({ length: FITTED_ROWS }, (_, i) =>
    Math.round((i * (n - 1)) / (FITTED_ROWS - 1)),
  );
  return {
    arms: Int32Array.from(places, (place) => rows.arms[place] as number),
    values: Float64Array.from(places, (place) => rows.values[place] as number),
  };
}
