import { describe, expect, test } from 'vitest';
import { toArm } from '../../../tuner/arm.ts';
import { resourceFigures } from '../../../tuner/export/resource-figures.ts';
import { completedRecord } from '../../support/fake-trials.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { servedAt, tunedLinear } from '../../support/tuned-results.ts';

describe('resources', () => {
  test('come from the trials of the very config that ships, with or without its delay', () => {
    const tuned = tunedLinear(temporaryFolder(), { batch: { maxSize: 4, maxDelayMs: 2 } });
    const own = toArm({ ...tuned.config, batch: { maxSize: 4, maxDelayMs: 0 }, provider: 'cpu' });
    const other = toArm({ ...tuned.config, intraOpThreads: 1, provider: 'cpu' });
    const record = completedRecord({ arm: own, sequence: 0 }, { qps: 1 });
    if (record.state !== 'completed') throw new Error('not completed');
    const busy = { ...record, metrics: { ...record.metrics, cpuUtilisation: 1.504 } };
    const trials = [busy, completedRecord({ arm: other, sequence: 1 }, { qps: 1 })];
    const { cpuCores, memoryRequestBytes, memoryLimitBytes } = resourceFigures(tuned, trials);
    expect(cpuCores.value).toBe(1.51);
    expect(cpuCores.from).toContain("the config's 1 trial ");
    // The peak is 200 MiB.
    expect(memoryRequestBytes.value).toBe(240 * 2 ** 20);
    expect(memoryLimitBytes.value).toBe(300 * 2 ** 20);
  });

  test('are those of the config where no trials are known, and say so', () => {
    const tuned = tunedLinear(temporaryFolder(), { replicas: 3, isolation: 'thread' });
    const { cpuCores } = resourceFigures(tuned, null);
    expect(cpuCores.value).toBe(6);
    expect(cpuCores.from).toContain('it is not known what was used');
  });

  test('scale at 0.7 of what is in flight at the highest rate that kept the bound', () => {
    const tuned = tunedLinear(temporaryFolder());
    const served = servedAt(tuned, 500);
    // Little: 500/s x 0.02 s = 10 in flight.
    expect(resourceFigures(served, null).inFlight.value).toBe(7);
    expect(resourceFigures(tuned, null).inFlight.value).toBe(1);
  });
});
