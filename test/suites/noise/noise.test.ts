import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import type { ComparedTrial } from '../../../suites/comparison/compare-trials.ts';
import type { NoiseRecord } from '../../../suites/comparison/noise-floor.ts';
import { measureNoise } from '../../../suites/noise/measure-noise.ts';
import { prepareNoiseProbe } from '../../../suites/noise/probe-model.ts';
import type { TrialRecord } from '../../../suites/trial-record.ts';
import { runTrial } from '../../../suites/trial/run-trial.ts';
import {
  comparedRecord,
  crashedRecord,
  invalidRecord,
  measureWith,
  STEAL,
} from '../../support/trial-comparison.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { evidenceOf } from '../../support/trial-evidence.ts';

const PROBE = { modelPath: '/probe.onnx', datasetFolder: '/data' };
const config = { ...defaultEngineConfig(1), spinning: false };

function noiseOf(
  measure: (trial: ComparedTrial, index: number) => TrialRecord,
  onBlock: (done: number, of: number) => void = () => undefined,
): Promise<NoiseRecord> {
  const fake = measureWith(measure);
  return measureNoise({
    probe: PROBE,
    config,
    seed: 1,
    hostKey: 'host',
    measuredAt: '2026-01-01T00:00:00.000Z',
    measure: (spec, trial) => {
      expect(spec).toMatchObject({ ...PROBE, goldenFolder: null, config, idleMs: 0 });
      return fake.measure(trial);
    },
    onBlock,
  });
}

describe('the noise of a machine', () => {
  test('is none where seven blocks of the same thing agree', async () => {
    const progress: (readonly [number, number])[] = [];
    const record = await noiseOf(
      () => comparedRecord({ qps: 1000 }),
      (done, of) => progress.push([done, of]),
    );
    const none = { floor: 0, blockSd: 0, meanLogRatio: 0 };
    expect(record).toEqual({
      schema: 'openclaw.noise/1',
      hostKey: 'host',
      measuredAt: '2026-01-01T00:00:00.000Z',
      blocks: 7,
      metrics: { throughput: none, p50: none, p99: none, memory: none },
    });
    expect(progress.map(([done]) => done)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(progress[0]).toEqual([1, 7]);
  });

  test('is what one side seems to gain: here one in a hundred in every block', async () => {
    const { metrics } = await noiseOf(({ side }) =>
      comparedRecord({ qps: side === 'b' ? 1010 : 1000 }),
    );
    expect(metrics.throughput?.floor).toBeCloseTo(0.01, 10);
    expect(metrics.throughput?.meanLogRatio).toBeCloseTo(Math.log(1.01), 10);
  });

  test('cannot be measured on a machine without a calm moment, and the reason is told', async () => {
    await expect(noiseOf(() => invalidRecord(STEAL))).rejects.toThrow(
      "this machine's noise cannot be measured: the hypervisor took 20 % of the CPU time",
    );
    await expect(noiseOf(() => crashedRecord('exit code 3'))).rejects.toThrow(/: .*exit code 3/);
  });
});

test('the probe is a model that runs, made once', async () => {
  const folder = temporaryFolder();
  const probe = await prepareNoiseProbe(folder);
  const files = [probe.modelPath, join(probe.datasetFolder, 'input-0.bin')];
  const made = files.map((path) => statSync(path).mtimeMs);
  expect(await prepareNoiseProbe(folder)).toEqual(probe);
  expect(files.map((path) => statSync(path).mtimeMs)).toEqual(made);

  const outcome = await runTrial(
    {
      ...probe,
      goldenFolder: null,
      config,
      scenario: { name: 'closed-loop' },
      seed: 1,
      protocol: {
        windowMs: 10,
        warmupMinRequests: 1,
        warmupMaxMs: 10,
        measureMs: 50,
        measureMinRequests: 5,
        measureMaxMs: 5000,
      },
      evaluationCount: 0,
      idleMs: 0,
    },
    { timeoutMs: 20_000, signal: new AbortController().signal, files: systemFiles() },
  );
  expect(evidenceOf(outcome).metrics.samples).toBeGreaterThanOrEqual(5);
});
