import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { defaultSpace } from '../../../tuner/space.ts';
import { thisOwner } from '../../../tuner/store/run-owner.ts';
import { openSqliteStore } from '../../../tuner/store/sqlite-store.ts';
import type { Store } from '../../../tuner/store/store.ts';
import { benchRecord, benchTrial, endedBenchTrial } from '../../support/bench-records.ts';
import { completedRecord, failedRecord, fakeRun } from '../../support/fake-trials.ts';
import { canMount, mount } from '../../support/mount.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const files = systemFiles();
const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
const arm = space.defaultArm;

interface Kind {
  readonly name: string;
  /** Opens the same store each time within a test. */
  readonly place: () => () => Promise<Store>;
}

// Every store keeps the same promises: a new one adds an entry here.
const KINDS: readonly Kind[] = [
  {
    name: 'sqlite',
    place: () => {
      const path = `${temporaryFolder()}/deep/store.sqlite`;
      return () => openSqliteStore(path, files);
    },
  },
];

async function opened(open: () => Promise<Store>): Promise<Store> {
  const store = await open();
  onTestFinished(() => store.close());
  return store;
}

describe.each(KINDS)('$name store', ({ place }) => {
  test('gives back what was put in, also after it was closed', async () => {
    const open = place();
    const first = await open();
    const run = fakeRun(space);
    const trials = [
      completedRecord({ arm, sequence: 0 }, { qps: 1000, accuracy: 0.97 }),
      failedRecord({ arm, sequence: 1 }),
    ] as const;
    await first.saveRun(run);
    await first.addTrial(trials[0], Float64Array.of(1.5, 2.25, 1e-3));
    await first.addTrial(trials[1], null);
    await first.close();
    const store = await opened(open);
    expect(await store.findRun('run')).toEqual(run);
    expect(await store.listTrials('run')).toEqual(trials);
    const samples = await store.findSamples('run/0');
    expect(samples?.length).toBe(3);
    for (const [index, value] of [1.5, 2.25, 1e-3].entries()) {
      expect(Math.abs((samples?.[index] ?? 0) / value - 1)).toBeLessThan(1e-6);
    }
    expect(await store.findSamples('run/1')).toBeNull();
  });

  test('keeps the latest state of a run', async () => {
    const store = await opened(place());
    await store.saveRun(fakeRun(space));
    await store.saveRun(fakeRun(space, { state: 'interrupted', spentMs: 5 }));
    expect(await store.findRun('run')).toMatchObject({ state: 'interrupted', spentMs: 5 });
    expect(await store.findRun('other')).toBeNull();
  });

  test('lists runs, the newest first, and trials in their order', async () => {
    const store = await opened(place());
    for (const [id, day] of [
      ['a', '01'],
      ['c', '03'],
      ['b', '02'],
    ] as const) {
      await store.saveRun(fakeRun(space, { id, createdAt: `2026-01-${day}T00:00:00.000Z` }));
    }
    expect((await store.listRuns()).map((run) => run.id)).toEqual(['c', 'b', 'a']);
    await store.saveRun(fakeRun(space));
    for (const sequence of [2, 0, 1]) {
      await store.addTrial(completedRecord({ arm, sequence }, { qps: sequence + 1 }), null);
    }
    expect((await store.listTrials('run')).map((trial) => trial.sequence)).toEqual([0, 1, 2]);
  });

  test('never overwrites a trial', async () => {
    const store = await opened(place());
    await store.saveRun(fakeRun(space));
    await store.addTrial(completedRecord({ arm, sequence: 0 }, { qps: 1 }), null);
    const again = store.addTrial(completedRecord({ arm, sequence: 0 }, { qps: 2 }), null);
    await expect(again).rejects.toThrow(/unique/i);
    expect(await store.listTrials('run')).toMatchObject([{ metrics: { qps: 1 } }]);
  });

  test('stores a trial and its samples together or not at all', async () => {
    const store = await opened(place());
    await store.saveRun(fakeRun(space));
    await store.addTrial(completedRecord({ arm, sequence: 0 }, { qps: 1 }), Float64Array.of(1));
    const clash = { ...completedRecord({ arm, sequence: 1 }, { qps: 2 }), id: 'run/0' };
    await expect(store.addTrial(clash, Float64Array.of(2))).rejects.toThrow(/unique/i);
    expect((await store.listTrials('run')).length).toBe(1);
  });

  test('lets one live process drive a run, and a new one when that is gone', async () => {
    const store = await opened(place());
    await store.saveRun(fakeRun(space));
    const own = thisOwner(files);
    expect(await store.claimRun('run', own)).toBe(true);
    expect(await store.claimRun('run', own)).toBe(true);
    const other = { ...own, pid: process.ppid };
    expect(await store.claimRun('run', other)).toBe(false);
    await store.releaseRun('run');
    // A process that has ended: its number may even be another's by now.
    expect(await store.claimRun('run', { ...own, startTicks: '1' })).toBe(true);
    expect(await store.claimRun('run', own)).toBe(true);
  });

  test('gives back what a bench measured, its samples too', async () => {
    const open = place();
    const first = await open();
    const trials = [
      endedBenchTrial({ state: 'failed', message: 'broken' }),
      benchTrial({ sequence: 1 }),
    ];
    const record = benchRecord(trials);
    await first.saveBench(record, [null, Float64Array.of(1.5, 2.25)]);
    await first.close();
    const store = await opened(open);
    expect(await store.findBench('bench')).toEqual(record);
    expect(await store.findBench('other')).toBeNull();
    expect(await store.findSamples('run/0')).toBeNull();
    // Halves and quarters are exact in 32 bits.
    expect(await store.findSamples('run/1')).toEqual(Float64Array.of(1.5, 2.25));
    expect(await store.listRuns()).toEqual([]);
  });

  test('keeps a bench with all of its samples, or not at all', async () => {
    const store = await opened(place());
    await store.saveBench(benchRecord([benchTrial()]), [Float64Array.of(1)]);
    // The second trial has the identifier of one that is there.
    const trials = [{ ...benchTrial(), id: 'new/0' }, benchTrial()];
    const clash = store.saveBench(benchRecord(trials, { id: 'clash' }), [
      Float64Array.of(2),
      Float64Array.of(3),
    ]);
    await expect(clash).rejects.toThrow(/unique/i);
    expect(await store.findBench('clash')).toBeNull();
    expect(await store.findSamples('new/0')).toBeNull();
    expect(await store.findSamples('run/0')).toEqual(Float64Array.of(1));
  });

  test('never overwrites a bench', async () => {
    const store = await opened(place());
    await store.saveBench(benchRecord([]), []);
    await expect(store.saveBench(benchRecord([benchTrial()]), [null])).rejects.toThrow(/unique/i);
    expect(await store.findBench('bench')).toMatchObject({ trials: [] });
  });

  test('lists benches, the newest first', async () => {
    const store = await opened(place());
    for (const [id, day] of [
      ['a', '01'],
      ['c', '03'],
      ['b', '02'],
    ] as const) {
      await store.saveBench(benchRecord([], { id, createdAt: `2026-01-${day}T00:00:00.000Z` }), []);
    }
    expect((await store.listBenches()).map((bench) => bench.id)).toEqual(['c', 'b', 'a']);
  });

  test('serves two at once', async () => {
    const open = place();
    const [one, two] = [await opened(open), await opened(open)];
    await one.saveRun(fakeRun(space));
    for (let sequence = 0; sequence < 10; sequence += 1) {
      const store = sequence % 2 === 0 ? one : two;
      await store.addTrial(completedRecord({ arm, sequence }, { qps: 1 }), Float64Array.of(1));
    }
    expect((await one.listTrials('run')).length).toBe(10);
  });
});

describe('a store file that cannot be used', () => {
  test('that is no database is named, with what to do', async () => {
    const path = `${temporaryFolder()}/store.sqlite`;
    writeFileSync(path, 'hello, I am a text of some length, and no database at all\n'.repeat(30));
    await expect(openSqliteStore(path, files)).rejects.toThrow(/store\.sqlite is not an SQLite/);
  });

  test('that a newer version wrote is left alone', async () => {
    const path = `${temporaryFolder()}/store.sqlite`;
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(openSqliteStore(path, files)).rejects.toThrow(/newer version of claw/);
  });

  test('that an older version wrote is left alone, with what to do', async () => {
    const path = `${temporaryFolder()}/store.sqlite`;
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 1; CREATE TABLE runs (id TEXT PRIMARY KEY)');
    database.close();
    await expect(openSqliteStore(path, files)).rejects.toMatchObject({
      message: `the store ${path} was written by an older version of claw`,
      remedy: 'move it away, or choose another folder with --store',
    });
    const after = new DatabaseSync(path, { readOnly: true });
    const tables = after.prepare('SELECT name FROM sqlite_schema WHERE type = ?').all('table');
    after.close();
    expect(tables).toEqual([{ name: 'runs' }]);
  });

  test('that is a folder is named', async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/store.sqlite`);
    await expect(openSqliteStore(`${folder}/store.sqlite`, files)).rejects.toThrow(
      /cannot be opened/,
    );
  });

  test('below a file is named', async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, '');
    await expect(openSqliteStore(`${folder}/file/store.sqlite`, files)).rejects.toThrow(
      /cannot write .*: .*not a folder/,
    );
  });

  test.skipIf(!canMount())('on a full disk is named, and the store stays whole', async () => {
    const folder = temporaryFolder();
    mount(folder, 'size=256k');
    const store = await openSqliteStore(`${folder}/store.sqlite`, files);
    await store.saveRun(fakeRun(space));
    const noise = Float64Array.from({ length: 200_000 }, (_, index) => Math.sin(index * index));
    await store.addTrial(completedRecord({ arm, sequence: 0 }, { qps: 1 }), null);
    const tooMuch = store.addTrial(completedRecord({ arm, sequence: 1 }, { qps: 1 }), noise);
    await expect(tooMuch).rejects.toThrow(/the disk is full/);
    expect((await store.listTrials('run')).length).toBe(1);
    await store.close();
  });

  test.skipIf(!canMount())('on a read-only disk is named', async () => {
    const folder = temporaryFolder();
    mount(folder, 'size=1m');
    const store = await openSqliteStore(`${folder}/store.sqlite`, files);
    await store.saveRun(fakeRun(space));
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    const readOnly = await openSqliteStore(`${folder}/store.sqlite`, files);
    expect((await readOnly.listRuns()).length).toBe(1);
    await expect(readOnly.saveRun(fakeRun(space))).rejects.toThrow(/is read-only/);
    await readOnly.close();
  });
});
