import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompletedRow, TableRow } from '../../tuner/replay/table-columns.ts';

/** The default arm of two cores, in the columns that every table has. */
export const DEFAULT_ARM_COLUMNS = Object.freeze({
  precision: 'fp32',
  replicas: 1,
  intra_op_threads: 2,
  batch: 1,
  graph_level: 'all',
  spinning: true,
  arena: true,
});

/** One completed trial of the default arm, with changes. */
export function tableRow(changes: Partial<CompletedRow> = {}): TableRow {
  return {
    ...DEFAULT_ARM_COLUMNS,
    qps: 100,
    p50_ms: 10,
    p99_ms: 12,
    mem_mib: 50,
    cost_s: 1,
    ...changes,
  };
}

/** Eight arms: two replicas double the throughput, batch 8 adds half and takes eight times as long. */
export function smallTable(): TableRow[] {
  return [true, false].flatMap((arena) =>
    [1, 2].flatMap((replicas) =>
      [1, 8].map((batch) => {
        const qps = 100 * replicas * (batch === 8 ? 1.5 : 1) * (arena ? 1 : 0.9);
        const p50 = (1000 * replicas * batch) / qps;
        return tableRow({
          replicas,
          batch,
          arena,
          qps,
          intra_op_threads: 3 - replicas,
          spinning: replicas === 1,
          p50_ms: p50,
          p99_ms: 1.2 * p50,
          mem_mib: 50 * replicas,
        });
      }),
    ),
  );
}

export function writeTable(folder: string, name: string, rows: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}
