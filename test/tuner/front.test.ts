import { expect, test } from 'vitest';
import type { CompletedTrial } from '../../suites/trial-record.ts';
import { typicalFigures } from '../../tuner/front.ts';
import { createSpace, defaultChoices } from '../../tuner/space.ts';
import { completedRecord } from '../support/fake-trials.ts';

const { defaultArm } = createSpace(defaultChoices(2, { batch: 'free', passes: ['none'] }), {
  usableCores: 2,
  batch: 'free',
});

type Energy = CompletedTrial['metrics']['energyJPerInference'];

function trial(qps: number, energy: Energy): CompletedTrial {
  const record = completedRecord(
    { arm: defaultArm, sequence: 0 },
    { qps, p99Ms: 1000 / qps, memoryBytes: qps * 1e6 },
  );
  if (record.state !== 'completed') throw new Error('a completed trial');
  return { ...record, metrics: { ...record.metrics, energyJPerInference: energy } };
}

const unknown: Energy = { state: 'unavailable', reason: 'no sensor' };

test('the median of each figure, whichever trial it is of', () => {
  const trials = [trial(100, unknown), trial(500, unknown), trial(200, unknown)];
  expect(typicalFigures(trials)).toEqual({
    qps: 200,
    p99Ms: 5,
    memoryBytes: 200e6,
    energy: unknown,
  });
});

test('energy is the median of the trials that tell it', () => {
  const measured = (value: number): Energy => ({
    state: 'measured',
    value,
    netValue: null,
    watts: 10,
    idleWatts: null,
    source: 'simulated',
    scope: 'package',
    quality: 'good',
    coverage: 1,
    notes: [],
  });
  const trials = [trial(1, unknown), trial(1, measured(3)), trial(1, measured(5))];
  expect(typicalFigures(trials).energy).toEqual(measured(4));
});
