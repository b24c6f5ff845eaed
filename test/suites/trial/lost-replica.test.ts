import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { invalidReasons } from '../../../suites/trial/validity.ts';
import { describeInvalid, isTransient } from '../../../suites/trial-findings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { trialEvidence } from '../../support/trial-judgement.ts';
import { linearSpec, runQuickly } from '../../support/trial-spec.ts';

const files = systemFiles();

function childrenOf(pid: number): number[] {
  return files
    .list(`/proc/${pid}/task`)
    .flatMap((task) => files.read(`/proc/${pid}/task/${task}/children`)?.split(' ') ?? [])
    .filter((text) => text.trim() !== '')
    .map(Number);
}

/** The process of a replica of a trial that this process started. */
async function findReplica(): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = childrenOf(process.pid)
      .flatMap(childrenOf)
      .find((pid) => files.read(`/proc/${pid}/cmdline`)?.includes('replica-process'));
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error('the trial started no replica');
}

describe('a trial that lost a replica', () => {
  test('is invalid, with the number of processes that died, and may be repeated', () => {
    expect(invalidReasons(trialEvidence())).toEqual([]);
    const reasons = invalidReasons({ ...trialEvidence(), lostProcesses: 2 });
    expect(reasons).toEqual([{ kind: 'replica-lost', processes: 2 }]);
    expect(reasons.map(describeInvalid)).toEqual([
      'replicas died while measuring and were started again: 2',
    ]);
    expect(reasons.every(isTransient)).toBe(true);
  });

  test.runIf(process.platform === 'linux')('says so, whoever killed it', async () => {
    const spec = await linearSpec(temporaryFolder());
    const trial = runQuickly({
      ...spec,
      config: { ...spec.config, replicas: 2, isolation: 'process' },
      protocol: { ...spec.protocol, measureMs: 3000, measureMaxMs: 10_000 },
    });
    const replica = await findReplica();
    // Opening, and a warm-up of a tenth of a second.
    await sleep(1500);
    process.kill(replica, 'SIGKILL');
    const outcome = await trial;
    if (outcome.state !== 'invalid') throw new Error(`the trial ended as ${outcome.state}`);
    expect(outcome.reasons).toContainEqual({ kind: 'replica-lost', processes: 1 });
    expect(outcome.evidence?.metrics.samples).toBeGreaterThan(0);
  });
});
