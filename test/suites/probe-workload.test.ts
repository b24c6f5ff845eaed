import { describe, expect, it } from 'vitest';
import { probeWorkload } from '../../suites/probe-workload.ts';
import type { TrialOutcome } from '../../suites/trial/run-trial.ts';
import type { WorkloadSource } from '../../suites/workload-source.ts';
import { completedIn, fakeProbe } from '../support/fake-probe.ts';

const SOURCE: WorkloadSource = {
  modelPath: 'model.onnx',
  calibrationFolder: null,
  datasetFolder: 'data/abc',
  data: { kind: 'random', description: 'invented' },
  dims: {},
  batch: 'free',
  samples: 8,
  labelled: 0,
  notes: [],
};
const FAILED: TrialOutcome = { state: 'failed', message: 'Gather: index 9 is out of bounds' };

describe('probeWorkload', () => {
  it('tries a free batch with one sample, then with two', async () => {
    const { probe, requests } = fakeProbe(completedIn(2));
    expect(await probeWorkload(SOURCE, probe)).toEqual({
      batch: 'free',
      evaluationCount: 0,
      sampleMs: 2,
      runtimeBytes: 100e6,
      notes: [],
    });
    expect(requests).toMatchObject([
      { modelPath: 'model.onnx', datasetFolder: 'data/abc', batchSize: 1, evaluationCount: 0 },
      { modelPath: 'model.onnx', datasetFolder: 'data/abc', batchSize: 2, evaluationCount: 0 },
    ]);
  });

  it('tries a fixed batch once', async () => {
    const { probe, requests } = fakeProbe(completedIn(2));
    const source = { ...SOURCE, batch: 8, labelled: 3 };
    expect(await probeWorkload(source, probe)).toMatchObject({ batch: 8, notes: [] });
    expect(requests.map(({ batchSize }) => batchSize)).toEqual([8]);
  });

  it.each([
    [5, 'free', 1],
    [5, 4, 4],
    [3, 4, 3],
    [0, 'free', 0],
  ] as const)(
    'scores as it will be scored: %d labelled samples, batch %s: %d',
    async (labelled, batch, count) => {
      const { probe, requests } = fakeProbe(completedIn(2));
      await probeWorkload({ ...SOURCE, labelled, batch }, probe);
      expect(requests[0]?.evaluationCount).toBe(count);
    },
  );

  it('leaves batching out, and says why, when the model does not run at batch 2', async () => {
    const { probe } = fakeProbe(completedIn(2), FAILED);
    expect(await probeWorkload({ ...SOURCE, labelled: 50 }, probe)).toEqual({
      batch: 1,
      evaluationCount: 50,
      sampleMs: 2,
      runtimeBytes: 100e6,
      notes: [
        'the model names its batch dimension but does not run at batch 2, so batching is left out: Gather: index 9 is out of bounds',
      ],
    });
  });

  it.each<[TrialOutcome, string]>([
    [FAILED, 'Gather: index 9 is out of bounds'],
    [{ state: 'out-of-memory', message: 'bad_alloc' }, 'bad_alloc'],
    [{ state: 'timeout', limitMs: 90_000 }, 'no answer within 90 s'],
    [
      {
        state: 'invalid',
        reasons: [{ kind: 'wrong-output', phase: 'before', detail: 'no output' }],
        warnings: [],
        evidence: null,
      },
      'wrong output before the load: no output',
    ],
  ])('says why a model does not run: $state', async (outcome, reason) => {
    const { probe, requests } = fakeProbe(outcome);
    await expect(probeWorkload(SOURCE, probe)).rejects.toMatchObject({
      name: 'UserError',
      message: `model.onnx does not run: ${reason}`,
      remedy: 'its inputs were random: give real ones with --data FILE.npz, or check the model',
    });
    expect(requests).toHaveLength(1);
  });

  it('does not ask for data that was given', async () => {
    const { probe } = fakeProbe(FAILED);
    const data = { kind: 'file', path: 'x.npz', description: '5 samples' } as const;
    await expect(probeWorkload({ ...SOURCE, data }, probe)).rejects.toMatchObject({
      remedy: 'check that the model and the data belong together',
    });
  });

  // 3 s for scoring: 3000 / (p50 / batch), at least 100, at most 1,000 and what there is.
  it.each([
    ['as many as fit the time', 10_000, 'free', 5, 600],
    ['a batch at a time', 10_000, 4, 20, 600],
    ['at least 100 of a slow model', 10_000, 'free', 500, 100],
    ['at most 1,000 of a quick one', 10_000, 'free', 0.01, 1000],
    ['at most 1,000 of one too quick to time', 10_000, 'free', 0, 1000],
    ['all where there are few', 30, 'free', 500, 30],
    ['none without labels', 0, 'free', 5, 0],
  ] as const)('scores %s', async (_what, labelled, batch, p50Ms, count) => {
    const { probe } = fakeProbe(completedIn(p50Ms));
    const probed = await probeWorkload({ ...SOURCE, labelled, batch }, probe);
    expect(probed.evaluationCount).toBe(count);
  });
});
