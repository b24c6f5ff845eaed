import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTable } from '../../../tuner/replay/write-table.ts';
import { createSpace, defaultChoices } from '../../../tuner/space.ts';
import { completedRecord, failedRecord } from '../../support/fake-trials.ts';
import { DEFAULT_ARM_COLUMNS } from '../../support/replay-tables.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const { defaultArm: arm } = createSpace(defaultChoices(2, { batch: 'free', passes: ['none'] }), {
  usableCores: 2,
  batch: 'free',
});

async function linesOf(trials: Parameters<typeof writeTable>[1]): Promise<unknown[]> {
  const path = join(temporaryFolder(), 'table.jsonl');
  await writeTable(path, trials);
  const [last, ...lines] = readFileSync(path, 'utf8').split('\n').reverse();
  expect(last).toBe('');
  return lines.reverse().map((line) => JSON.parse(line) as unknown);
}

/** Those that a table may leave out, too. */
const EVERY_ARM_COLUMN = {
  ...DEFAULT_ARM_COLUMNS,
  passes: 'none',
  mem_pattern: true,
  isolation: 'inline',
};

test('a completed trial is its arm and its figures, in the units of the columns', async () => {
  const trial = { arm, sequence: 0, costMs: 2500 };
  const figures = { qps: 100, p99Ms: 12, memoryBytes: 200 * 2 ** 20 };
  const [row] = await linesOf([completedRecord(trial, figures)]);
  expect(row).toEqual({
    ...EVERY_ARM_COLUMN,
    qps: 100,
    // The median of 12 (i + 1) / 199 ms over 200 latencies.
    p50_ms: expect.closeTo((12 * 100.5) / 199, 9) as number,
    p99_ms: 12,
    mem_mib: 200,
    load_ms: 10,
    cost_s: 2.5,
    n: 200,
  });
});

test('a failed trial is its arm and its cost; verification is left out', async () => {
  const purpose = { kind: 'verify', pair: 0, role: 'default', candidate: arm.key } as const;
  const rows = await linesOf([
    failedRecord({ arm, sequence: 0, costMs: 1500 }),
    failedRecord({ arm, sequence: 1, purpose }),
  ]);
  expect(rows).toEqual([{ ...EVERY_ARM_COLUMN, failed: true, cost_s: 1.5 }]);
});
