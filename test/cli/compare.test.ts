import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { openSqliteStore } from '../../tuner/store/sqlite-store.ts';
import { hostNamed, hostRun, measuredEnergy, type HostRun } from '../support/compared-hosts.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claw } from './run-claw.ts';

/** Stores a hand-made run of a host, with samples, in a folder below. */
async function stored(folder: string, store: string, given: HostRun): Promise<void> {
  const opened = await openSqliteStore(join(folder, store, 'store.sqlite'), systemFiles());
  const { run, trials } = hostRun(given);
  await opened.saveRun(run);
  const samples = Float64Array.from({ length: 500 }, (_, index) => 5 + index / 100);
  for (const trial of trials) await opened.addTrial(trial, samples);
  await opened.close();
}

/** Two stores with a run of a host each; the hosts are made up. */
async function twoStores(): Promise<string> {
  const folder = temporaryFolder();
  await stored(folder, '.claw', { id: 'run-a', host: hostNamed('a'), energy: measuredEnergy() });
  await stored(folder, 'lab', {
    id: 'run-b',
    host: hostNamed('b'),
    qps: 1500,
    energy: measuredEnergy(),
  });
  return folder;
}

test.each(['compare', 'pack', 'unpack'])('help of %s has an example', async (command) => {
  const { exitCode, stdout } = await claw(temporaryFolder(), command, '--help');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: claw ${command}`));
  expect(stdout).toMatch(/Examples?:\n {2}claw /);
});

describe('claw compare', () => {
  test('compares runs of two stores, writes the page, the tables and JSON', async () => {
    const folder = await twoStores();
    writeFileSync(
      join(folder, 'hosts.yaml'),
      'defaults: { currency: EUR, pricePerKwh: 0.3 }\nhosts: { a: { capex: 900 }, b: { capex: 2000 } }\n',
    );
    const { exitCode, stdout } = await claw(
      folder,
      ...'compare run-a lab#latest --prices hosts.yaml --json'.split(' '),
      ...'--markdown c.md --csv c.csv -o c.html'.split(' '),
    );
    expect(exitCode).toBe(0);
    const comparison = JSON.parse(stdout) as Record<string, unknown>;
    expect(comparison).toMatchObject({
      schema: 'openclaw.comparison/1',
      page: 'c.html',
      hosts: [{ id: 'a' }, { id: 'b' }],
      contrasts: [{ id: 'b', over: 'a', state: 'too-few-sessions' }],
      breakEvens: [{ leader: 'a', challenger: 'b' }],
    });
    expect(readFileSync(join(folder, 'c.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    expect(readFileSync(join(folder, 'c.md'), 'utf8')).toContain('|  | a | b |');
    expect(readFileSync(join(folder, 'c.csv'), 'utf8')).toMatch(/^host,hostKey,/);
  });

  test('says the answer in words, and how many sessions are missing', async () => {
    const folder = await twoStores();
    const { stdout } = await claw(folder, 'compare', 'run-a', 'lab#run-b');
    expect(stdout).toMatch(/^b serves 1,500 samples\/s at the bound, 1\.50 times a\.\n/);
    expect(stdout).toContain('cannot be said below 5 sessions of each');
    expect(existsSync(join(folder, 'compare.html'))).toBe(true);
  });

  test('takes packed runs as well as those of stores', async () => {
    const folder = await twoStores();
    await claw(folder, 'pack', 'run-b', '--store', 'lab', '-o', 'b.claw');
    const direct = await claw(folder, 'compare', 'run-a', 'lab#run-b', '--json');
    const packed = await claw(folder, 'compare', 'run-a', 'b.claw', '--json');
    expect(packed.exitCode).toBe(0);
    expect(JSON.parse(packed.stdout)).toEqual(JSON.parse(direct.stdout));
    const twice = await claw(folder, 'compare', 'run-a', 'b.claw#run-b', 'lab#run-b', '--json');
    expect(JSON.parse(twice.stdout)).toEqual(JSON.parse(direct.stdout));
  });

  test('exits with 4 where no host meets the bound', async () => {
    const folder = await twoStores();
    const { exitCode, stdout } = await claw(
      folder,
      ...'compare run-a lab#run-b --slo p99<1ms'.split(' '),
    );
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^No host meets the bound\./);
    expect(stdout).toContain('the nearest miss: p99');
  });

  test.each([
    [['run-a'], 1, /every run is of one host, a/],
    [['run-a', 'nowhere#x'], 1, /there is no store in nowhere/],
    [['run-a', 'lab#x'], 1, /there is no run 'x' in lab.*\n.*run-b/],
    [['run-a', 'x.claw'], 1, /there is no bundle x\.claw/],
    [['run-a', 'lab#run-b', '--allow', 'all'], 2, /--allow 'all' is not one of model, data/],
    [['run-a', 'lab#run-b', '--prices', 'no.yaml'], 1, /no\.yaml: there is no such file/],
    [['run-a', 'lab#run-b', '--slo', 'fast'], 2, /--slo 'fast' cannot be read/],
  ])('%j ends with %i and says why', async (args, exitCode, says) => {
    const folder = await twoStores();
    const result = await claw(folder, 'compare', ...args);
    expect(result.stderr).toMatch(says);
    expect(result.exitCode).toBe(exitCode);
    expect(existsSync(join(folder, 'compare.html'))).toBe(false);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });
});

describe('claw pack and unpack', () => {
  test('carry a run to another store, where it can be compared and reported', async () => {
    const folder = await twoStores();
    const packed = await claw(folder, 'pack', 'run-b', '--store', 'lab', '-o', 'b.claw', '--json');
    expect(packed.exitCode).toBe(0);
    expect(JSON.parse(packed.stdout)).toMatchObject({
      bundle: 'b.claw',
      packed: [{ kind: 'run', id: 'run-b', trials: 13 }],
    });
    const unpacked = await claw(folder, 'unpack', 'b.claw', '--json');
    expect(JSON.parse(unpacked.stdout)).toMatchObject({
      contents: [{ id: 'run-b', host: { name: 'b' } }],
      imported: [{ id: 'run-b', state: 'added' }],
    });
    expect((await claw(folder, 'unpack', 'b.claw')).stdout).toMatch(/13 trials, already there/);
    expect((await claw(folder, 'compare', 'run-a', 'run-b')).exitCode).toBe(0);
    expect((await claw(folder, 'report', 'run-b')).exitCode).toBe(0);
  });

  test('only check where that is asked, and leave no store behind', async () => {
    const folder = await twoStores();
    await claw(folder, 'pack', '-o', 'a.claw');
    const checked = await claw(folder, 'unpack', 'a.claw', '--check', '--store', 'new');
    expect(checked.stdout).toMatch(/a\.claw: every hash is right/);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  test('refuse a damaged file before the store is made', async () => {
    const folder = await twoStores();
    await claw(folder, 'pack', '-o', 'a.claw');
    const bytes = readFileSync(join(folder, 'a.claw'));
    writeFileSync(join(folder, 'a.claw'), bytes.subarray(0, bytes.length / 2));
    const { exitCode, stderr } = await claw(folder, 'unpack', 'a.claw', '--store', 'new');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/claw: a\.claw is not a bundle, or damaged: .*\n {2}copy it again/);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  test('refuse a run of that name with other content', async () => {
    const folder = await twoStores();
    await claw(folder, 'pack', 'run-a', '-o', 'a.claw');
    await stored(folder, 'other', { id: 'run-a', qps: 7 });
    const { exitCode, stderr } = await claw(folder, 'unpack', 'a.claw', '--store', 'other');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/has a run run-a with other content: nothing was imported/);
  });
});
