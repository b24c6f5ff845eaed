import { expect, test } from 'vitest';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { findPriors } from '../../tuner/priors.ts';
import { readTable } from '../../tuner/replay/read-table.ts';
import { writeTable } from '../../tuner/replay/write-table.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { openSqliteStore } from '../../tuner/store/sqlite-store.ts';
import { completedRecord, failedRecord, fakeRun } from '../support/fake-trials.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { join } from 'node:path';

const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
const [first, second] = space.arms;
if (first === undefined || second === undefined) throw new Error('no arms');
const purpose = { kind: 'search' } as const;

test('what earlier finished runs of the same model found, means of each arm', async () => {
  const store = await openSqliteStore(':memory:', systemFiles());
  const now = fakeRun(space, { id: 'now', createdAt: '2026-02-01T00:00:00.000Z' });
  const earlier = fakeRun(space, { id: 'earlier', state: 'finished' });
  const other = { ...earlier.workload, model: { ...earlier.workload.model, sha256: 'other' } };
  const runs = [
    earlier,
    { ...earlier, id: 'later', createdAt: '2026-03-01T00:00:00.000Z' },
    { ...earlier, id: 'stopped', state: 'interrupted' as const },
    { ...earlier, id: 'another model', workload: other },
    now,
  ];
  for (const run of runs) {
    await store.saveRun(run);
    for (const [sequence, qps] of [100, 400].entries()) {
      const trial = completedRecord({ arm: first, sequence, purpose }, { qps });
      await store.addTrial({ ...trial, id: `${run.id}/${sequence}`, runId: run.id }, null);
    }
    const failed = failedRecord({ arm: second, sequence: 2, purpose });
    await store.addTrial({ ...failed, id: `${run.id}/2`, runId: run.id }, null);
  }
  const priors = await findPriors(store, now);
  expect(priors.length).toBe(1);
  expect(priors[0]?.scores.map(({ arm }) => arm.key)).toEqual([first.key]);
  expect(priors[0]?.scores[0]?.score).toBeCloseTo(200, 9);
  await store.close();
});

test('a recorded run is read again as a table', async () => {
  const path = join(temporaryFolder(), 'run.jsonl');
  await writeTable(path, [
    completedRecord({ arm: first, sequence: 0, purpose }, { qps: 100 }),
    completedRecord({ arm: first, sequence: 1, purpose }, { qps: 300 }),
    failedRecord({ arm: second, sequence: 2, purpose }),
  ]);
  const table = await readTable(path);
  expect(table.space.arms.length).toBe(2);
  const truths = [...table.arms.values()].map(({ truth }) => truth?.score ?? null);
  expect(truths).toEqual([200, null]);
  expect(table.space.defaultArm.values).toMatchObject({ precision: 'fp32', 'batch.maxSize': 1 });
});
