import type { Json } from '../../../engine/base/json.ts';
import { everyField } from '../coverage.ts';
import type { ExportInput } from '../export-input.ts';
import type { ExportTarget } from '../export-target.ts';
import { flattenTuned } from '../flatten-tuned.ts';

/** What MLflow's REST API takes to make a run: the bodies of its requests, less the run's id. */
export interface MlflowRun {
  readonly name: string;
  /** Epoch milliseconds; null where no run is known, only its tuned.json. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly params: readonly MlflowText[];
  readonly metrics: readonly { readonly key: string; readonly value: number }[];
  readonly tags: readonly MlflowText[];
}

interface MlflowText {
  readonly key: string;
  readonly value: string;
}

/** MLflow's own bounds on a value. */
const MAX_PARAM_LENGTH = 6000;
const MAX_TAG_LENGTH = 8000;

export const mlflowTarget = Object.freeze<ExportTarget>({
  name: 'mlflow',
  summary: 'a run of MLflow: a file, or sent with --mlflow-url',
  coverage: everyField('a parameter or a metric of that name'),
  next: () => 'claw export ... --to mlflow --mlflow-url http://HOST:5000 sends it',
  render: (input, head) => [
    {
      path: 'mlflow-run.json',
      text: `${JSON.stringify(mlflowRun(input, head), null, 2)}\n`,
    },
  ],
});

/** Figures of the result and of the default are metrics; all else is a parameter. */
export function mlflowRun(input: ExportInput, head: readonly string[]): MlflowRun {
  const { tuned, history, version, name } = input;
  const leaves = [...flattenTuned(tuned)];
  const isMetric = ([path, value]: readonly [string, Json]): boolean =>
    typeof value === 'number' && /^(baseline\.)?metrics\./.test(path);
  const startMs = history === null ? null : Date.parse(history.run.createdAt);
  return {
    name: history?.run.id ?? name,
    startMs,
    endMs: startMs === null || history === null ? null : startMs + Math.round(history.run.spentMs),
    params: leaves
      .filter((leaf) => !isMetric(leaf))
      .map(([key, value]) => ({ key: mlflowKey(key), value: paramText(value) })),
    metrics: leaves.filter(isMetric).map(([key, value]) => ({ key, value: Number(value) })),
    tags: [
      { key: 'openclaw.version', value: version },
      { key: 'mlflow.note.content', value: head.join('\n').slice(0, MAX_TAG_LENGTH) },
    ],
  };
}

/** MLflow allows letters, digits and `_-./ :` in a key. */
function mlflowKey(path: string): string {
  return path.replaceAll(/[^\w\-./ :]/g, '_').slice(0, 250);
}

function paramText(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.slice(0, MAX_PARAM_LENGTH);
}
