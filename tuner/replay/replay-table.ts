import { median } from '../../engine/base/statistics.ts';
import type { ConstrainedFigures } from '../constraint.ts';
import { describeKnobs } from '../search-knobs.ts';
import type { KnobValue, Prior, SearchArm, SearchSpace } from '../search/searcher.ts';
import {
  armColumns,
  KNOB_OF_COLUMN,
  type ArmColumns,
  type CompletedRow,
  type TableRow,
} from './table-columns.ts';

/** Recorded trials by arm. Plain data: it goes to worker threads as it is. */
export interface ReplayTable {
  readonly name: string;
  readonly space: SearchSpace;
  readonly arms: ReadonlyMap<string, RecordedArm>;
}

export interface RecordedArm {
  readonly key: string;
  /** What names the arm in the table. */
  readonly columns: ArmColumns;
  readonly rows: readonly TableRow[];
  /** Medians over the rows that completed; null when none did. */
  readonly truth: { readonly score: number; readonly figures: ConstrainedFigures } | null;
}

export function createTable(name: string, rows: readonly TableRow[]): ReplayTable {
  const byKey = Map.groupBy(rows, (row) => keyOf(armColumns(row)));
  const arms = new Map([...byKey].map(([key, own]) => [key, recordedArm(key, own)]));
  const all = [...arms.values()].map(toSearchArm);
  const defaultArm = defaultAmong(all);
  return { name, space: { knobs: describeKnobs(all), defaultArm, arms: all }, arms };
}

function keyOf(columns: ArmColumns): string {
  return Object.values(columns).join(' ');
}

function recordedArm(key: string, rows: readonly TableRow[]): RecordedArm {
  const completed = rows.filter((row): row is CompletedRow => row.failed !== true);
  const typical = (of: (row: CompletedRow) => number): number => median(completed.map(of));
  const truth =
    completed.length === 0
      ? null
      : {
          score: typical((row) => row.qps),
          figures: figuresOf({
            p50Ms: typical((row) => row.p50_ms),
            p99Ms: typical((row) => row.p99_ms),
            memoryMib: typical((row) => row.mem_mib),
          }),
        };
  return { key, columns: armColumns(rows[0] as TableRow), rows, truth };
}

/** Figures of a row. A table has no p90 and p95: p99 stands in, which they never exceed. */
export function figuresOf(row: {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly memoryMib: number;
}): ConstrainedFigures {
  const { p50Ms: p50, p99Ms: p99 } = row;
  return { latencyMs: { p50, p90: p99, p95: p99, p99 }, memoryBytes: row.memoryMib * 2 ** 20 };
}

function toSearchArm({ key, columns }: RecordedArm): SearchArm {
  const values = Object.entries(columns).map(([column, value]) => [
    KNOB_OF_COLUMN[column as keyof ArmColumns],
    value,
  ]);
  return { key, values: Object.fromEntries(values) as Record<string, KnobValue> };
}

/** What a user gets who sets nothing, as many threads as the table knows; see the README of the tables. */
const DEFAULT_VALUES: Readonly<Record<string, KnobValue>> = Object.freeze({
  precision: 'fp32',
  passes: 'none',
  replicas: 1,
  'batch.maxSize': 1,
  graphLevel: 'all',
  spinning: true,
  arena: true,
  memPattern: true,
});

/** The arm that has most of the default's values; of several the first. */
function defaultAmong(arms: readonly SearchArm[]): SearchArm {
  const threads = Math.max(...arms.map((arm) => Number(arm.values['intraOpThreads'])));
  const wanted = Object.entries({ ...DEFAULT_VALUES, intraOpThreads: threads });
  const agreement = (arm: SearchArm): number =>
    wanted.filter(([name, value]) => arm.values[name] === value).length;
  return arms.reduce((best, arm) => (agreement(arm) > agreement(best) ? arm : best));
}

/** A table as what another host found. */
export function toPrior({ name, space, arms }: ReplayTable): Prior {
  const scores = space.arms.flatMap((arm) => {
    const truth = arms.get(arm.key)?.truth;
    return truth === undefined || truth === null ? [] : [{ arm, score: truth.score }];
  });
  return { hostKey: name, scores };
}
