import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRandom } from '../../../engine/base/random.ts';
import type { Tensor, Tensors } from '../../../engine/runtime/tensor.ts';
import { copySymmetric, SYMMETRIES } from '../../../suites/inspection/images/symmetry.ts';
import { PIXELS, SIDE } from '../../../suites/inspection/images/canvas.ts';
import { drawPictures, TRAINING } from '../../../suites/inspection/images/pictures.ts';
import { filterBank } from '../../../suites/inspection/network/filter-bank.ts';
import type { Layer } from '../../../suites/inspection/network/layer.ts';
import { LAYOUT, type LayerPlan } from '../../../suites/inspection/network/layout.ts';
import { conjugateGradients } from '../../../suites/inspection/training/conjugate-gradients.ts';
import { gradientModel, gradientOf } from '../../../suites/inspection/training/gradient-model.ts';
import { accuracy } from '../../../suites/inspection/training/linear-classifier.ts';
import { drawPositions } from '../../../suites/inspection/training/positions.ts';
import { fitRidge } from '../../../suites/inspection/training/ridge.ts';
import { createStem, trainLayer } from '../../../suites/inspection/training/train-layer.ts';
import { withSession } from '../../../suites/inspection/training/workbench.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('conjugate gradients solve what elimination solves, each column by itself', async () => {
  // [[4, 2], [2, 5]] X = [[10, 2], [13, 1]]: X = [[1.5, 0.5], [2, 0]], by hand.
  const multiply = (x: Float32Array): Promise<Float32Array> => {
    const [a, b, c, d] = [...x] as [number, number, number, number];
    return Promise.resolve(
      Float32Array.of(4 * a + 2 * c, 4 * b + 2 * d, 2 * a + 5 * c, 2 * b + 5 * d),
    );
  };
  const right = Float32Array.of(10, 2, 13, 1);
  const options = { start: new Float32Array(4), columns: 2, tolerance: 1e-6, maxSteps: 10 };
  const x = await conjugateGradients(multiply, right, options);
  for (const [i, value] of [1.5, 0.5, 2, 0].entries()) expect(x[i]).toBeCloseTo(value, 4);
});

test('ridge tells classes apart that differ in one feature', () => {
  const random = createRandom(1);
  const [count, width] = [400, 3];
  const labels = Int32Array.from({ length: count }, (_, row) => row % 2);
  const values = Float32Array.from({ length: count * width }, (_, i) => {
    const shift = i % width === 1 ? 4 * (labels[Math.floor(i / width)] as number) : 0;
    return random.normal() * 0.5 + shift;
  });
  const rows = { count, width, values, labels };
  expect(accuracy(fitRidge(rows), rows)).toBeGreaterThan(0.99);
});

test('the gradients are those that differences of the loss give', async () => {
  const shape = { batch: 3, width: 4, channels: 5, classes: 4, residual: true };
  const random = createRandom(2);
  const tensor = (...dims: number[]): Tensor & { readonly data: Float32Array } => {
    const length = dims.reduce((product, dim) => product * dim, 1);
    return { type: 'float32', dims, data: Float32Array.from({ length }, () => random.normal()) };
  };
  const parameters = {
    weight: tensor(4, 5),
    bias: tensor(5),
    readout: tensor(5, 4),
    offset: tensor(4),
  };
  const targets = tensor(3, 4);
  targets.data.set([1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
  const feeds = { ...parameters, targets, patches: tensor(3, 4), residuals: tensor(3, 5) };
  const bench = {
    folder: join(temporaryFolder(), 'bench'),
    signal: new AbortController().signal,
  };
  const outputs: Tensors = await withSession(bench, gradientModel(shape), (s) => s.run(feeds));
  for (const name of ['weight', 'bias', 'readout', 'offset'] as const) {
    const { data } = parameters[name];
    const gradient = outputs[gradientOf(name)]?.data as Float32Array;
    for (let i = 0; i < data.length; i += 1) {
      const [value, step] = [data[i] as number, 1e-3];
      data[i] = value + step;
      const above = loss(feeds);
      data[i] = value - step;
      const slope = (above - loss(feeds)) / (2 * step);
      data[i] = value;
      expect(gradient[i]).toBeCloseTo(slope, 2);
    }
  }
});

/** The cross-entropy of the graph in gradient-model.ts, written out once more. */
function loss(feeds: Readonly<Record<string, Tensor>>): number {
  const at = (name: string, i: number): number => Number(feeds[name]?.data[i]);
  let sum = 0;
  for (let row = 0; row < 3; row += 1) {
    const hidden = Array.from({ length: 5 }, (_, c) => {
      let z = at('bias', c) + at('residuals', row * 5 + c);
      for (let k = 0; k < 4; k += 1) z += at('patches', row * 4 + k) * at('weight', k * 5 + c);
      return Math.max(z, 0);
    });
    const logits = Array.from({ length: 4 }, (_, j) => {
      return hidden.reduce((z, h, c) => z + h * at('readout', c * 4 + j), at('offset', j));
    });
    const total = Math.log(logits.reduce((z, logit) => z + Math.exp(logit), 0));
    for (const [j, logit] of logits.entries()) sum += at('targets', row * 4 + j) * (total - logit);
  }
  return sum / 3;
}

test('the first filters are whole numbers times a factor, and blind to the level of light', () => {
  const bank = filterBank();
  for (let filter = 0; filter < 16; filter += 1) {
    const weights = [...bank.subarray(filter * 25, (filter + 1) * 25)];
    const largest = Math.max(...weights.map(Math.abs));
    const whole = weights.map((weight) => (127 * weight) / largest);
    for (const weight of whole) expect(weight).toBeCloseTo(Math.round(weight), 3);
    const sum = whole.reduce((a, b) => a + b, 0);
    // The last two measure that level.
    expect(Math.abs(sum) < 0.01).toBe(filter < 14);
    expect(weights.reduce((a, b) => a + b * b, 0)).toBeCloseTo(1, 5);
  }
});

test('each symmetry moves every pixel to another place, and no two are the same', () => {
  const source = Uint8Array.from(
    { length: PIXELS },
    (_, i) => (i * 31 + Math.floor(i / SIDE)) % 251,
  );
  const turned = Array.from({ length: SYMMETRIES }, (_, symmetry) => {
    const target = new Uint8Array(PIXELS);
    copySymmetric(target, source, { offset: 0, symmetry });
    expect(target.toSorted()).toEqual(source.toSorted());
    return target.join();
  });
  expect(new Set(turned).size).toBe(SYMMETRIES);
});

test('positions on a defect have its label, far ones none', () => {
  const covered = new Uint8Array(PIXELS);
  // Four pixels in the middle of cell (2, 2) of a grid of 8 x 8 cells.
  for (const [x, y] of [
    [19, 19],
    [20, 19],
    [19, 20],
    [20, 20],
  ] as const)
    covered[y * SIDE + x] = 1;
  const draw = { count: 200, random: createRandom(3) };
  const positions = drawPositions({ covered, label: 3 }, { size: 8, reach: 6 }, draw);
  const near = positions.filter(({ cell }) => cell === 2 * 8 + 2);
  expect(near.length).toBeGreaterThan(10);
  for (const { label } of near) expect(label).toBe(3);
  const far = positions.filter(({ cell }) => cell % 8 > 4 || cell >= 5 * 8);
  expect(far.length).toBeGreaterThan(5);
  for (const { label } of far) expect(label).toBe(0);
});

/** The cache counts on it: what was damaged is made again, the same byte for byte. */
test('layers that are trained twice are the same bit for bit', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const { signal } = new AbortController();
  const pictures = await drawPictures({ ...TRAINING, count: 100 }, signal);
  const train = async (name: string): Promise<Layer[]> => {
    const bench = { folder: join(folder, name), signal };
    const [first, second] = LAYOUT as readonly [LayerPlan, LayerPlan];
    const stem = await createStem(bench, pictures, first);
    const next = { before: [stem], plan: second, seed: 1 };
    return [stem, await trainLayer(bench, pictures, next)];
  };
  const once = await train('once');
  expect(await train('twice')).toEqual(once);
  expect(once.map(({ weight }) => weight.length)).toEqual([16 * 25, 32 * 16 * 9]);
});
