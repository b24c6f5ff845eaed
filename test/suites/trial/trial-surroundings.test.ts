import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { systemFiles, type SystemFiles } from '../../../engine/devices/system-files.ts';
import { usableCores } from '../../../engine/devices/usable-cores.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import type { PowerReading, PowerSensor } from '../../../hosts/power/power-sensor.ts';
import type { TrialWarning } from '../../../suites/trial-findings.ts';
import type { TrialOutcome } from '../../../suites/trial/run-trial.ts';
import { fakeFiles } from '../../support/fake-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { evidenceOf } from '../../support/trial-evidence.ts';
import { heavySpec, linearSpec, runQuickly } from '../../support/trial-spec.ts';

const cores = usableCores(systemFiles());

function warningsOf(outcome: TrialOutcome): readonly TrialWarning[] {
  evidenceOf(outcome);
  return 'warnings' in outcome ? outcome.warnings : [];
}

describe('a trial beside others', () => {
  test.skipIf(cores < 2)('whose cores are taken by busy loops is suspect', async () => {
    const config = defaultEngineConfig(cores);
    const spec = await heavySpec(temporaryFolder(), { config });
    const loops = Array.from({ length: cores }, busyLoop);
    try {
      const protocol = { ...spec.protocol, measureMs: 1000 };
      const outcome = await runQuickly({ ...spec, protocol });
      const kinds = warningsOf(outcome).map(({ kind }) => kind);
      expect(kinds).toContain('contention');
    } finally {
      await Promise.all(loops.map(ended));
    }
  });

  test('that make it wait for disks says that it was not quiet', async () => {
    // Half of the time stalls, however often one looks.
    const files: SystemFiles = { ...fakeFiles({}), probe: (path) => stalling(path) };
    const outcome = await runQuickly(await linearSpec(temporaryFolder()), {
      files,
      quietWaitMs: 450,
    });
    const [first] = warningsOf(outcome);
    expect(first).toEqual({
      kind: 'not-quiet',
      detail: expect.stringMatching(
        /^tasks waited for a disk 50\.?\d* % of the time, more than 1 %, after 0\.4 s$/,
      ) as string,
    });
  });
});

function busyLoop(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function stalling(path: string): ReturnType<SystemFiles['probe']> {
  const resource = /^\/proc\/pressure\/(cpu|memory|io)$/.exec(path)?.[1];
  if (resource === undefined) return { state: 'absent' };
  const totalUs = resource === 'io' ? Math.round(systemClock.nowMs() * 500) : 0;
  const line = `avg10=0.00 avg60=0.00 avg300=0.00 total=${totalUs}`;
  return { state: 'read', text: `some ${line}\nfull ${line}\n` };
}

function sensor(
  quality: PowerSensor['quality'],
  read: (atMs: number) => PowerReading,
): PowerSensor {
  return {
    id: 'fake:board',
    kind: 'fake',
    scope: 'board',
    quality,
    // Readings are late on a busy machine; three intervals without one are a gap.
    intervalMs: 50,
    leastPeriodMs: 100,
    read: async () => read(systemClock.nowMs()),
  };
}

describe('the power that was drawn beside a trial', () => {
  test.each([
    ['sampled', (atMs: number) => ({ state: 'power', atMs, watts: 10 }) as const],
    ['counter', (atMs: number) => ({ state: 'energy', atMs, joules: atMs / 100 }) as const],
  ] as const)('of a %s sensor at 10 W becomes joules per sample', async (quality, read) => {
    const spec = await linearSpec(temporaryFolder(), { idleMs: 200 });
    const protocol = { ...spec.protocol, measureMs: 400 };
    const outcome = await runQuickly({ ...spec, protocol }, { sensors: [sensor(quality, read)] });
    const { energyJPerInference: energy, samples, elapsedMs } = evidenceOf(outcome).metrics;
    if (energy.state !== 'measured') throw new Error(JSON.stringify(energy));
    expect(energy.watts / 10).toBeCloseTo(1, 2);
    expect((energy.idleWatts ?? 0) / 10).toBeCloseTo(1, 2);
    expect(energy).toMatchObject({ source: 'fake:board', scope: 'board', quality });
    // 10 W for the time of the load, and a little around it.
    const joules = energy.value * samples;
    expect(joules).toBeGreaterThanOrEqual(0.99 * (elapsedMs / 100));
    expect(joules).toBeLessThan(1.5 * (elapsedMs / 100));
    // Nothing is left beyond the idle machine.
    expect(Math.abs(energy.netValue ?? Infinity)).toBeLessThan(0.02 * energy.value);
  });

  test('is not known where the sensor was refused, and the trial counts all the same', async () => {
    const refused = sensor('sampled', () => ({ state: 'unavailable', reason: 'EACCES' }));
    const outcome = await runQuickly(await linearSpec(temporaryFolder()), { sensors: [refused] });
    expect(evidenceOf(outcome).metrics.energyJPerInference).toEqual({
      state: 'unavailable',
      reason: 'fake:board gave no sample; it failed last with: EACCES',
    });
  });
});
