import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemFiles, type SystemFiles } from '../../../engine/devices/system-files.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { runTrial, type TrialOutcome } from '../../../suites/trial/run-trial.ts';
import type { TrialProtocol } from '../../../suites/trial/trial-spec.ts';
import { fakeFiles } from '../../support/fake-files.ts';
import { evidenceOf } from '../../support/trial-evidence.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import {
  writeEndlessModel,
  writeLinearDataset,
  writeLinearModel,
} from '../../support/tiny-models.ts';

const QUICK: TrialProtocol = {
  windowMs: 20,
  warmupMinRequests: 5,
  warmupMaxMs: 100,
  measureMs: 100,
  measureMinRequests: 10,
  measureMaxMs: 2000,
};
const config = { ...defaultEngineConfig(1), spinning: false };
const PLAIN = {
  goldenFolder: null,
  scenario: { name: 'closed-loop' },
  seed: 1,
  idleMs: 0,
} as const;
const idle = new AbortController().signal;

function misbehave(
  how: string,
  options: {
    readonly files?: SystemFiles;
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
  } = {},
): Promise<TrialOutcome> {
  return runTrial(
    { modelPath: how, datasetFolder: '', config, protocol: QUICK, evaluationCount: 0, ...PLAIN },
    {
      timeoutMs: options.timeoutMs ?? 10_000,
      signal: options.signal ?? idle,
      files: options.files ?? systemFiles(),
      program: new URL('./programs/misbehave.ts', import.meta.url),
    },
  );
}

describe('a trial in its own process', () => {
  test('measures a model: figures that agree with each other', async () => {
    const folder = temporaryFolder();
    // Every sample is (a, b) with both positive: a + b is the largest, class 2.
    const datasetFolder = await writeLinearDataset(folder, Int32Array.of(2, 2, 2, 0));
    const outcome = await runTrial(
      {
        modelPath: writeLinearModel(folder),
        datasetFolder,
        config: { ...config, batch: { maxSize: 2, maxDelayMs: 0 } },
        protocol: QUICK,
        evaluationCount: 4,
        ...PLAIN,
      },
      { timeoutMs: 20_000, signal: idle, files: systemFiles() },
    );
    const { metrics, latenciesMs } = evidenceOf(outcome);
    expect(metrics.quality.accuracy).toEqual({ value: 0.75, correct: 3, count: 4 });
    expect(metrics.samples).toBe(latenciesMs.length * 2);
    expect(metrics.latencyMs.count).toBe(latenciesMs.length);
    expect(metrics.latencyMs.max).toBe(Math.max(...latenciesMs));
    expect(metrics.qps).toBeCloseTo((metrics.samples / metrics.elapsedMs) * 1000, 6);
    expect(metrics.elapsedMs).toBeGreaterThanOrEqual(QUICK.measureMs);
    expect(metrics.memoryBytes).toBe(metrics.memory.peakBytes);
    expect(metrics.sessionBytes).toBe(
      Math.max(0, metrics.memory.peakBytes - metrics.memory.runtimeBytes),
    );
    expect(metrics.memory.runtimeBytes).toBeGreaterThan(20 * 2 ** 20);
    expect(metrics.cold.spawnMs).toBeGreaterThan(0);
    expect(metrics.energyJPerInference.state).toBe('unavailable');
  });

  test('drives thread replicas', async () => {
    const folder = temporaryFolder();
    const outcome = await runTrial(
      {
        modelPath: writeLinearModel(folder),
        datasetFolder: await writeLinearDataset(folder),
        config: { ...config, replicas: 2, isolation: 'thread' },
        protocol: QUICK,
        evaluationCount: 0,
        ...PLAIN,
      },
      { timeoutMs: 20_000, signal: idle, files: systemFiles() },
    );
    expect(evidenceOf(outcome).metrics.qps).toBeGreaterThan(0);
  });

  test.runIf(process.platform === 'linux')(
    'counts the memory and the CPU time of process replicas',
    async () => {
      const folder = temporaryFolder();
      const datasetFolder = await writeLinearDataset(folder);
      const modelPath = writeLinearModel(folder);
      const measure = async (isolation: 'inline' | 'process', replicas: number) =>
        evidenceOf(
          await runTrial(
            {
              modelPath,
              datasetFolder,
              config: { ...config, replicas, isolation },
              protocol: QUICK,
              evaluationCount: 0,
              ...PLAIN,
            },
            { timeoutMs: 20_000, signal: idle, files: systemFiles() },
          ),
        ).metrics;
      const inline = await measure('inline', 1);
      const two = await measure('process', 2);
      const mib = 2 ** 20;
      // Each Node process with the runtime takes some tens of MiB of its own ...
      expect(two.memoryBytes).toBeGreaterThan(inline.memoryBytes + 2 * 15 * mib);
      expect(two.memory.createdBytes).toBeGreaterThan(inline.memory.createdBytes + 2 * 15 * mib);
      // ... which are no cost of the model: a few bytes of weights.
      expect(two.sessionBytes).toBeLessThan(two.memoryBytes / 2);
      expect(two.memory.runtimeBytes).toBeGreaterThan(inline.memory.runtimeBytes + 2 * 15 * mib);
      expect(two.cpuUtilisation).toBeGreaterThan(0.1);
    },
  );

  test('a model that the runtime refuses is a failed trial with its reason', async () => {
    const folder = temporaryFolder();
    const outcome = await runTrial(
      {
        modelPath: join(folder, 'absent.onnx'),
        datasetFolder: await writeLinearDataset(folder),
        config,
        protocol: QUICK,
        evaluationCount: 0,
        ...PLAIN,
      },
      { timeoutMs: 20_000, signal: idle, files: systemFiles() },
    );
    expect(outcome).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/absent\.onnx/) as string,
    });
  });

  test('an inference that never ends is killed at the timeout', async () => {
    const folder = temporaryFolder();
    const { writeDataset } = await import('../../../suites/data/dataset.ts');
    const datasetFolder = join(folder, 'dataset');
    await writeDataset(datasetFolder, {
      count: 1,
      inputs: [
        {
          name: 'x',
          type: 'float32',
          dims: [64, 64],
          batched: false,
          data: new Float32Array(4096),
        },
      ],
      labels: null,
    });
    const startedMs = performance.now();
    const outcome = await runTrial(
      {
        modelPath: writeEndlessModel(folder),
        datasetFolder,
        config,
        protocol: QUICK,
        evaluationCount: 0,
        ...PLAIN,
      },
      { timeoutMs: 1500, signal: idle, files: systemFiles() },
    );
    expect(outcome).toEqual({ state: 'timeout', limitMs: 1500 });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test('a crash is a failed trial that says how the process ended and what it wrote', async () => {
    expect(await misbehave('exit')).toEqual({
      state: 'failed',
      message: "the trial's process ended with exit code 3: something broke",
    });
    expect(await misbehave('abort')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/SIGABRT/) as string,
    });
  });

  test('running out of memory is told from other deaths', async () => {
    expect(await misbehave('out-of-memory')).toMatchObject({ state: 'out-of-memory' });
    let kills = 0;
    const files: SystemFiles = {
      ...fakeFiles({}),
      read: (path) => (path === '/proc/vmstat' ? `oom_kill ${kills++}\n` : null),
    };
    expect(await misbehave('killed', { files })).toMatchObject({ state: 'out-of-memory' });
    expect(await misbehave('lose-replica', { files })).toEqual({
      state: 'out-of-memory',
      message: 'the kernel killed the process of a replica',
    });
    expect(await misbehave('lose-replica', { files: fakeFiles({}) })).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/replica was lost/) as string,
    });
    // Killed for memory elsewhere, at the same time: no replica's death.
    expect(await misbehave('refuse', { files })).toMatchObject({ state: 'failed' });
    expect(await misbehave('killed', { files: fakeFiles({}) })).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/SIGKILL/) as string,
    });
  });

  test('what the process says itself is believed, if it makes sense', async () => {
    expect(await misbehave('refuse')).toEqual({ state: 'failed', message: 'the model is strange' });
    expect(await misbehave('nonsense')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/wrong reply/) as string,
    });
  });

  test('an abort kills the process and is passed on', async () => {
    const controller = new AbortController();
    const trial = misbehave('hang', { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 300);
    await expect(trial).rejects.toThrow('enough');
    await expect(misbehave('hang', { signal: controller.signal })).rejects.toThrow('enough');
  });
});
