import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { smallTable, writeTable } from '../support/replay-tables.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claw } from './run-claw.ts';

function folderWithTables(): string {
  const folder = temporaryFolder();
  writeTable(folder, 'one.jsonl', smallTable());
  writeTable(folder, 'two.jsonl', smallTable());
  return folder;
}

describe('claw replay', () => {
  test('prints one JSON document for one table, with what each seed would ship', async () => {
    const args = ['--trials', '8', '--seeds', '3', '--searcher', 'random', '--json'];
    const { exitCode, stdout } = await claw(folderWithTables(), 'replay', 'one.jsonl', ...args);
    expect(exitCode).toBe(0);
    const result = JSON.parse(stdout) as { seeds: object[]; curve: object[] };
    expect(result).toMatchObject({ table: 'one', searcher: 'random', trials: 8, violations: 0 });
    expect(result.seeds.map((seed) => Object.keys(seed))).toEqual(
      [1, 2, 3].map(() => ['seed', 'arm', 'regret', 'violated', 'evaluations', 'seconds']),
    );
    expect(result.seeds).toMatchObject([1, 2, 3].map((seed) => ({ seed, evaluations: 8 })));
    expect(result.curve.length).toBe(8);
    expect(result.curve[7]).toMatchObject({ evaluations: 8, medianRegret: 0 });
  });

  test('prints an array for several tables, under a bound and with a prior', async () => {
    const { exitCode, stdout } = await claw(
      folderWithTables(),
      'replay',
      'one.jsonl',
      'two.jsonl',
      '--slo',
      'p99<20ms',
      '--max-memory',
      '120MiB',
      '--prior',
      'two.jsonl',
      '--budget',
      '9',
      '--seeds',
      '2',
      '--json',
    );
    expect(exitCode).toBe(0);
    const results = JSON.parse(stdout) as { seeds: { seconds: number }[] }[];
    expect(results).toMatchObject([{ table: 'one' }, { table: 'two' }]);
    expect(results[0]?.seeds[0]?.seconds).toBeLessThanOrEqual(9);
  });

  test('prints a table for people', async () => {
    const { stdout } = await claw(folderWithTables(), 'replay', 'one.jsonl', '--seeds', '2');
    expect(stdout).toMatch(/^one: \w+, 2 seeds\n {2}evaluations {3}median regret {3}p90 regret\n/);
    expect(stdout).toMatch(/shipped \d times?: fp32, 2 x 1, batch 8, all, sleeping, arena/);
  });

  test.each([
    [['none.jsonl'], 1, /none\.jsonl cannot be read: there is no such file/],
    [['bad.jsonl'], 1, /bad\.jsonl, line 1: 'precision'/],
    [['one.jsonl', '--searcher', 'luck'], 2, /--searcher 'luck'.*\n.*hill-climb/],
    [['one.jsonl', '--trials', '0'], 2, /--trials '0'/],
    [['one.jsonl', '--trials', '3', '--budget', '9'], 2, /exclude each other/],
    [['one.jsonl', '--noise', '3'], 2, /--noise '3' must be a share/],
    [['one.jsonl', '--slo', 'p95<9ms'], 2, /tables have no p95/],
    [['one.jsonl', '--slo', 'p99<1ms'], 4, /no arm of one meets p99 < 1 ms\n.*lowest p99 is/],
    [['one.jsonl', '--prior', 'none.jsonl'], 1, /none\.jsonl cannot be read/],
  ])('refuses %j', async (args, code, message) => {
    const folder = folderWithTables();
    writeFileSync(join(folder, 'bad.jsonl'), '{}\n');
    const { exitCode, stderr } = await claw(folder, 'replay', ...args);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});
