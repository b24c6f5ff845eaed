import { expect, test } from 'vitest';
import { spaceOf, tooLargeText } from '../../cli/run-space.ts';
import type { SessionFacts } from '../../engine/graph/memory-plan/session-facts.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { runRecord, workload } from '../reports/fixtures.ts';
import { sessionFacts } from '../support/session-facts.ts';

const MIB = 2 ** 20;

/** A run on two cores over batches, replicas and arenas, its model observed at level `all`. */
function run(limitBytes: number, facts: SessionFacts | null): RunRecord {
  const plain = workload();
  const [artifact] = plain.artifacts;
  if (artifact === undefined) throw new Error('the workload has an artifact');
  const sessions = facts === null ? {} : { sessions: [{ graphLevel: 'all' as const, facts }] };
  return runRecord({
    workload: { ...plain, runtimeBytes: 50 * MIB, artifacts: [{ ...artifact, ...sessions }] },
    knobs: {
      graphLevel: ['basic', 'all'],
      replicas: [1, 2],
      intraOpThreads: [1],
      'batch.maxSize': [1, 32],
      arena: [false],
      memPattern: [false],
      passes: ['none'],
      precision: ['fp32'],
    },
    constraints: [{ kind: 'memory', limitBytes }],
  });
}

/** `1x32` for one replica at batch 32, of the arms at level `all`; the default aside. */
function triedAtAll(record: RunRecord): string[] {
  const { arms, defaultArm } = spaceOf(record);
  return arms
    .filter(({ key, config }) => key !== defaultArm.key && config.graphLevel === 'all')
    .map(({ config }) => `${config.replicas}x${config.batch.maxSize}`)
    .sort();
}

/*
 * Predicted in MiB: 50 for the runtime, for a session 20 + 7 n of runs + 3 n of feeds + 12 n,
 * at most 64, of outputs + 4; a thread takes 20, and another replica a session less the 8 that
 * all share. At batch 1: 96 and 50 + 46 + 38 + 40 = 174; at batch 32: 458 and 898. The least
 * that can then be measured is a fifth less: 76.8, 139.2, 366.4 and 718.4.
 */
test('an arm is left out only where a prediction that is wrong by a quarter is still too much', () => {
  expect(triedAtAll(run(719 * MIB, sessionFacts()))).toEqual(['1x1', '1x32', '2x1', '2x32']);
  expect(triedAtAll(run(718 * MIB, sessionFacts()))).toEqual(['1x1', '1x32', '2x1']);
  expect(triedAtAll(run(366 * MIB, sessionFacts()))).toEqual(['1x1', '2x1']);
  expect(triedAtAll(run(139 * MIB, sessionFacts()))).toEqual(['1x1']);
  expect(triedAtAll(run(76 * MIB, sessionFacts()))).toEqual([]);
});

test('where nothing was observed, the weights alone can be too large', () => {
  const { sizeBytes } = workload().model;
  const both = ['1x1', '1x32', '2x1', '2x32'];
  expect(triedAtAll(run(MIB, null))).toEqual(both);
  expect(triedAtAll(run(1.5 * sizeBytes, null))).toEqual(['1x1', '1x32']);
  expect(triedAtAll(run(0.5 * sizeBytes, null))).toEqual([]);
});

test('a level that was not observed is tried, whatever is known of another', () => {
  const { arms, tooLarge } = spaceOf(run(60 * MIB, sessionFacts()));
  const basic = arms.filter(({ config }) => config.graphLevel === 'basic');
  expect([basic.length, tooLarge]).toEqual([4, 4]);
});

test('what is said of arms that were left out names the limit and what a prediction is worth', () => {
  const text = tooLargeText(7, [{ kind: 'memory', limitBytes: 512 * MIB }]);
  expect(text).toBe(
    '7 arms are not tried: they are predicted to take more than 512 MiB, by more than the 25 % or 8 MiB that a prediction may be wrong',
  );
});
