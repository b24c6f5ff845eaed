import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTable } from '../../../tuner/replay/read-table.ts';
import { smallTable, tableRow, writeTable } from '../../support/replay-tables.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('a recorded table', () => {
  test('has the arms that its lines name, and as truth the medians of their figures', async () => {
    const rows = [100, 130, 110].map((qps) => tableRow({ qps }));
    const table = await readTable(writeTable(temporaryFolder(), 'net.jsonl', rows));
    expect(table.name).toBe('net');
    expect(table.space.arms.length).toBe(1);
    expect(table.arms.get('fp32 1 2 1 all true true')?.truth).toEqual({
      score: 110,
      figures: {
        latencyMs: { p50: 10, p90: 12, p95: 12, p99: 12 },
        memoryBytes: 50 * 1024 * 1024,
      },
    });
  });

  test('takes the default arm of the README, as many threads as the table has', async () => {
    const path = writeTable(temporaryFolder(), 'net.jsonl', smallTable().toReversed());
    expect((await readTable(path)).space.defaultArm.key).toBe('fp32 1 2 1 all true true');
    const many = [1, 8, 4].map((threads) => tableRow({ intra_op_threads: threads }));
    const wide = await readTable(writeTable(temporaryFolder(), 'wide.jsonl', many));
    expect(wide.space.defaultArm.values['intraOpThreads']).toBe(8);
  });

  test('keeps failures: an arm that never completed has no truth', async () => {
    const { qps: _, ...columns } = tableRow({ replicas: 2 }) as { qps: number };
    const rows = [tableRow(), { ...columns, failed: true }];
    const table = await readTable(writeTable(temporaryFolder(), 'net.jsonl', rows));
    expect([...table.arms.values()].map((arm) => arm.truth === null)).toEqual([false, true]);
  });

  test.each([
    ['{"precision": "fp32"', /net\.jsonl, line 2: that is no JSON/],
    ['[]', /net\.jsonl, line 2: /],
    [JSON.stringify({ ...tableRow(), qps: -1 }), /net\.jsonl, line 2: 'qps': /],
    [JSON.stringify({ ...tableRow(), batch: 'big' }), /net\.jsonl, line 2: 'batch': /],
    [JSON.stringify({ failed: true }), /net\.jsonl, line 2: 'precision': /],
  ])('names file and line of a bad one: %s', async (line, message) => {
    const path = join(temporaryFolder(), 'net.jsonl');
    writeFileSync(path, `${JSON.stringify(tableRow())}\n${line}\n`);
    await expect(readTable(path)).rejects.toThrow(message);
    await expect(readTable(path)).rejects.toMatchObject({
      remedy: expect.stringContaining('every line is one trial') as string,
    });
  });

  test('says that there is no file, or nothing in it', async () => {
    const folder = temporaryFolder();
    await expect(readTable(join(folder, 'no.jsonl'))).rejects.toThrow(/no such file/);
    const empty = writeTable(folder, 'empty.jsonl', []);
    await expect(readTable(empty)).rejects.toThrow(/no completed trial/);
  });
});
