import { expect, test } from 'vitest';
import type { ProcessTable } from '../../../engine/memory/process-identity.ts';
import { sweepSharedMemory } from '../../../engine/memory/sweep-shared-memory.ts';

/** This process, 10, and the living process 20, which started at 700. */
const processes: ProcessTable = {
  ownPid: 10,
  stat: (pid) => {
    const startTicks = new Map([
      [10, 500],
      [20, 700],
    ]).get(pid);
    return startTicks === undefined ? null : `${pid} (node) S ${'1 '.repeat(18)}${startTicks} 0`;
  },
  exists: (pid) => pid === 10 || pid === 20,
  namespace: () => 'pid:[5]',
};

const OWN = 'openclaw-5.10.500-0.1';
const LIVING = 'openclaw-5.20.700-0.1';
const REUSED_PID = 'openclaw-5.20.699-0.1';
const DEAD = 'openclaw-5.30.600-2.9';
const OTHER_CONTAINER = 'openclaw-6.30.600-0.1';

test('removes what dead owners left, also where their pid lives on as another process', () => {
  const unlinked: string[] = [];
  const names = [OWN, LIVING, REUSED_PID, DEAD, OTHER_CONTAINER, 'sem.x', 'openclaw-mine', 'psm_1'];
  const result = sweepSharedMemory({
    processes,
    list: () => names,
    unlink: (name) => unlinked.push(name),
  });
  expect(unlinked).toEqual([REUSED_PID, DEAD]);
  expect(result).toEqual({
    removed: [REUSED_PID, DEAD],
    kept: [OWN, LIVING, OTHER_CONTAINER],
    refused: [],
  });
});

test("another user's segment is reported, and the sweep goes on", () => {
  const result = sweepSharedMemory({
    processes,
    list: () => [REUSED_PID, DEAD],
    unlink: (name) => {
      if (name === REUSED_PID) throw new Error('permission denied');
    },
  });
  expect(result.removed).toEqual([DEAD]);
  expect(result.refused).toEqual([{ name: REUSED_PID, reason: 'permission denied' }]);
});
