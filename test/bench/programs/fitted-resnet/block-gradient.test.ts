import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import type { Tensor } from '../../../../engine/runtime/tensor.ts';
import { gradientOf } from '../../../../suites/inspection/training/gradient-model.ts';
import { withSession } from '../../../../suites/inspection/training/workbench.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { blockGradientModel } from './block-gradient.ts';

const [BATCH, FROM, INNER, CLASSES] = [2, 2, 3, 3];
/** A row of two cells, all else beyond the border; cells as a 3x3 convolution sees them. */
const WINDOW = {
  cells: 2,
  neighbours: [2, 2, 2, 2, 0, 1, 2, 2, 2, 2, 2, 2, 0, 1, 2, 2, 2, 2],
};
const DIMS: Readonly<Record<string, readonly number[]>> = {
  reduce: [FROM, INNER],
  reduceBias: [INNER],
  spatial: [9 * INNER, INNER],
  spatialBias: [INNER],
  readout: [INNER, CLASSES],
  readoutBias: [CLASSES],
};

test('the gradients of a block are those that finite differences give', async () => {
  const feeds = randomFeeds();
  const plan = {
    name: 'block',
    from: FROM,
    inner: INNER,
    to: FROM + INNER,
    stride: 1,
    size: 1,
    reach: null,
  };
  const model = blockGradientModel({
    plan,
    window: WINDOW,
    batch: BATCH,
    classes: CLASSES,
  });
  const bench = {
    folder: join(temporaryFolder(), 'bench'),
    signal: new AbortController().signal,
  };
  const gradients = await withSession(bench, model, (session) => session.run(feeds));
  for (const name of Object.keys(DIMS)) {
    const given = Array.from(gradients[gradientOf(name)]?.data as Float32Array);
    const expected = finiteDifferences(feeds, name);
    expect(given).toHaveLength(expected.length);
    for (const [i, value] of expected.entries()) expect(given[i]).toBeCloseTo(value, 3);
  }
});

type Feeds = Readonly<Record<string, Tensor>>;

function randomFeeds(): Feeds {
  const random = createRandom(1, 'block');
  const fill = (dims: readonly number[]): Tensor => {
    const length = dims.reduce((total, dim) => total * dim, 1);
    return { type: 'float32', dims, data: Float32Array.from({ length }, () => random.normal()) };
  };
  return {
    ...Object.fromEntries(Object.entries(DIMS).map(([name, dims]) => [name, fill(dims)])),
    cells: fill([BATCH, WINDOW.cells, FROM]),
    inside: { type: 'float32', dims: [BATCH, 2, 1], data: new Float32Array([1, 1, 1, 0]) },
    targets: {
      type: 'float32',
      dims: [BATCH, CLASSES],
      data: new Float32Array([1, 0, 0, 0, 0, 1]),
    },
  };
}

function finiteDifferences(feeds: Feeds, name: string): number[] {
  const step = 1e-3;
  const data = valuesOf(feeds, name);
  return data.map((value, i) => {
    const lossAt = (changed: number): number =>
      loss(feeds, { name, values: data.with(i, changed) });
    return (lossAt(value + step) - lossAt(value - step)) / (2 * step);
  });
}

/** The mean cross entropy, straight from the definition of the block. */
function loss(feeds: Feeds, change: { readonly name: string; readonly values: number[] }): number {
  const of = (name: string): number[] =>
    name === change.name ? change.values : valuesOf(feeds, name);
  const linear = (row: readonly number[], name: string): number[] =>
    product(row, of(name)).map((value, i) => value + (of(`${name}Bias`)[i] as number));
  let sum = 0;
  for (let picture = 0; picture < BATCH; picture += 1) {
    const cells = [0, 1].map((cell) => {
      const at = (picture * WINDOW.cells + cell) * FROM;
      return of('cells').slice(at, at + FROM);
    });
    const reduced = cells.map((cell, i) => {
      const inside = of('inside')[picture * WINDOW.cells + i] as number;
      return relu(linear(cell, 'reduce')).map((value) => value * inside);
    });
    const hidden = cells.map((_, output) => {
      const seen = WINDOW.neighbours.slice(9 * output, 9 * output + 9).flatMap((neighbour) => {
        return reduced[neighbour] ?? Array.from({ length: INNER }, () => 0);
      });
      return relu(linear(seen, 'spatial'));
    });
    const mean = (hidden[0] as number[]).map((value, i) => (value + (hidden[1]?.[i] ?? 0)) / 2);
    const scores = linear(mean, 'readout');
    const target = of('targets').slice(picture * CLASSES, (picture + 1) * CLASSES);
    const total = Math.log(scores.reduce((all, score) => all + Math.exp(score), 0));
    sum += total - (scores[target.indexOf(1)] as number);
  }
  return sum / BATCH;
}

function valuesOf(feeds: Feeds, name: string): number[] {
  return Array.from(feeds[name]?.data as Float32Array);
}

/** A row times a matrix. */
function product(row: readonly number[], matrix: readonly number[]): number[] {
  const columns = matrix.length / row.length;
  return Array.from({ length: columns }, (_, c) => {
    return row.reduce((sum, value, r) => sum + value * (matrix[r * columns + c] as number), 0);
  });
}

function relu(values: readonly number[]): number[] {
  return values.map((value) => Math.max(0, value));
}
