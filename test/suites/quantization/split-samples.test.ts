import { describe, expect, test } from 'vitest';
import { splitSamples, type SplitOptions } from '../../../suites/quantization/split-samples.ts';

const PLAIN: SplitOptions = {
  datasetFolder: 'data',
  count: 100,
  batch: 'free',
  calibration: null,
  needsCalibration: true,
};

/** Samples that a source reads: [first, last + 1]. */
function span(source: { start: number; count: number; rows: number }): [number, number] {
  return [source.start, source.start + source.count * source.rows];
}

describe('calibration and evaluation', () => {
  test('never share a sample', () => {
    for (const count of [2, 3, 7, 64, 100, 1000, 5000]) {
      const { calibration, evaluation, unseen } = splitSamples({ ...PLAIN, count });
      if (calibration === null) throw new Error('no calibration');
      const [first, end] = span(calibration);
      expect(end).toBeLessThanOrEqual(count);
      for (const set of evaluation) expect(span(set)[1]).toBeLessThanOrEqual(first);
      expect(unseen).toBe(first);
    }
  });

  test('at one sample and at the largest batch', () => {
    const { evaluation } = splitSamples(PLAIN);
    expect(evaluation.map(({ name, rows, count }) => [name, rows, count])).toEqual([
      ['batch 1', 1, 50],
      ['batch 32', 32, 1],
    ]);
  });

  test('at the batch that the model fixes', () => {
    const { calibration, evaluation } = splitSamples({ ...PLAIN, count: 40, batch: 8 });
    expect(calibration).toMatchObject({ start: 24, count: 2, rows: 8 });
    expect(evaluation).toMatchObject([{ start: 0, count: 3, rows: 8 }]);
  });

  test('data of its own for calibration leaves all samples for the evaluation', () => {
    const own = { folder: 'training', count: 1000 };
    const { calibration, evaluation, unseen } = splitSamples({ ...PLAIN, calibration: own });
    expect(calibration).toMatchObject({ datasetFolder: 'training', start: 0, count: 256 });
    expect(evaluation[0]).toMatchObject({ datasetFolder: 'data', count: 100 });
    expect(unseen).toBe(100);
  });

  test('nothing is set aside where nothing is calibrated', () => {
    const { calibration, unseen } = splitSamples({ ...PLAIN, count: 1, needsCalibration: false });
    expect(calibration).toBeNull();
    expect(unseen).toBe(1);
  });

  test.each([
    [1, 'free' as const, 2],
    [8, 8, 16],
  ])('%d samples at batch %s are too few, and how many are wanted', (count, batch, wanted) => {
    expect(() => splitSamples({ ...PLAIN, count, batch })).toThrow(
      expect.objectContaining({
        message: `calibration and evaluation need different samples, and the data has ${count}`,
        remedy: `give at least ${wanted} samples with --data`,
      }),
    );
  });

  test('no more is evaluated than was asked for', () => {
    const { evaluation } = splitSamples({ ...PLAIN, count: 5000, mostEvaluated: 120 });
    expect(evaluation.map(({ count }) => count)).toEqual([120, 3]);
  });
});
