import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MeasuredArm, RunRecord } from '../../../tuner/run-record.ts';
import {
  artifactPath,
  checkTunedFiles,
  createTuned,
  readTuned,
  tunedConfig,
} from '../../../tuner/export/tuned.ts';
import { toArm } from '../../../tuner/arm.ts';
import { defaultSpace } from '../../../tuner/space.ts';
import { fakeRun, twoCoreDefault } from '../../support/fake-trials.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const space = defaultSpace(2, { batch: 'free', passes: ['none', 'clean'] });

function measured(config: MeasuredArm['config']): MeasuredArm {
  return {
    armKey: toArm(config).key,
    config,
    metrics: {
      qps: { value: 100, low: 90, high: 110 },
      latencyMs: { p50: 1, p90: 2, p95: 2.5, p99: 3, certified: false },
      memoryBytes: 1e8,
      sessionBytes: 1e7,
      energyJPerInference: { state: 'unavailable', reason: 'no sensor' },
      quality: {},
      trials: 6,
    },
  };
}

function finishedRun(folder: string, passes: 'none' | 'clean'): RunRecord {
  const run = fakeRun(space);
  const baseline = measured(twoCoreDefault);
  const shipped = measured(
    toArm({ ...twoCoreDefault, replicas: 2, intraOpThreads: 1, passes }).config,
  );
  return {
    ...run,
    workload: {
      ...run.workload,
      model: { ...run.workload.model, path: join(folder, 'model.onnx') },
      data: { kind: 'file', path: join(folder, 'data.npz'), description: 'x' },
      artifacts: [
        {
          precision: 'fp32',
          golden: null,
          variant: null,
          passes: 'none',
          path: join(folder, 'model.onnx'),
          sha256: 'abc',
          nodes: 9,
        },
        {
          precision: 'fp32',
          golden: null,
          variant: null,
          passes: 'clean',
          path: join(folder, 'cache', 'clean.onnx'),
          sha256: 'def',
          nodes: 5,
        },
      ],
    },
    state: 'finished',
    outcome: {
      kind: 'winner',
      shipped,
      baseline,
      verification: {
        candidate: shipped.armKey,
        pairs: [],
        ratio: { value: 1.5, low: 1.4, high: 1.6 },
        margin: 0.02,
        verdict: 'better',
      },
      reason: 'faster',
    },
  };
}

describe('tuned.json', () => {
  test('survives writing and reading, its paths being relative to the file', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tuned.json');
    const tuned = createTuned(finishedRun(folder, 'none'), path);
    expect(tuned).toMatchObject({
      model: { path: 'model.onnx', sha256: 'abc' },
      artifact: { path: 'model.onnx', sha256: 'abc' },
      workload: { data: 'data.npz' },
      provider: 'cpu',
      verdict: 'better',
    });
    expect(tuned?.config).not.toHaveProperty('provider');
    writeFileSync(path, JSON.stringify(tuned));
    const read = await readTuned(path);
    expect(read.model.path).toBe(join(folder, 'model.onnx'));
    expect(read.workload.data).toBe(join(folder, 'data.npz'));
    expect(tunedConfig(read)).toMatchObject({ replicas: 2, provider: 'cpu' });
  });

  test('names the copy of a rewritten model beside it', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'run', 'tuned.json');
    const run = finishedRun(folder, 'clean');
    expect(artifactPath(run, path)).toBe(join(folder, 'run', 'model.onnx'));
    expect(createTuned(run, path)).toMatchObject({
      artifact: { path: 'model.onnx', sha256: 'def' },
      model: { path: '../model.onnx', sha256: 'abc' },
    });
  });

  test('is not written when nothing ships', () => {
    const run = finishedRun(temporaryFolder(), 'none');
    const outcome = { kind: 'nothing-feasible', nearest: null, reason: 'none' } as const;
    expect(createTuned({ ...run, outcome }, 'tuned.json')).toBeNull();
    expect(createTuned({ ...run, outcome: null }, 'tuned.json')).toBeNull();
  });

  test('says of the default that ships that it is equivalent to itself', () => {
    const run = finishedRun(temporaryFolder(), 'none');
    if (run.outcome?.kind !== 'winner') throw new Error('no winner');
    const { baseline, verification } = run.outcome;
    const outcome = {
      kind: 'default',
      shipped: baseline,
      baseline,
      verification,
      reason: 'no',
    } as const;
    expect(createTuned({ ...run, outcome }, 'tuned.json')?.verdict).toBe('equivalent');
  });

  test('refuses a model or an artifact that is not the one that was tuned', () => {
    const tuned = createTuned(finishedRun(temporaryFolder(), 'none'), 'tuned.json');
    if (tuned === null) throw new Error('nothing ships');
    const check = (model: string, artifact: string | null) => (): void =>
      checkTunedFiles(tuned, { model, artifact }, 'tuned.json');
    expect(check('abc', 'abc')).not.toThrow();
    expect(check('xyz', 'abc')).toThrow(/has changed since tuned\.json was written/);
    expect(check('abc', null)).toThrow(/is gone/);
    expect(check('abc', 'xyz')).toThrow(/has changed/);
  });
});
