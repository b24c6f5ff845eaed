import { expect, test } from 'vitest';
import { PIXELS } from '../../../suites/inspection/images/canvas.ts';
import { CLASSES } from '../../../suites/inspection/images/defects.ts';
import {
  drawPictures,
  HELD_OUT,
  slicePictures,
  toInput,
  TRAINING,
  type Pictures,
} from '../../../suites/inspection/images/pictures.ts';
import { createScene, RELIT, USUAL } from '../../../suites/inspection/images/scene.ts';

const signal = new AbortController().signal;

function draw(count: number, seed = HELD_OUT.seed): Promise<Pictures> {
  return drawPictures({ ...HELD_OUT, count, seed }, signal);
}

test('pictures are the same byte for byte each time, and others with another seed', async () => {
  const once = await draw(24);
  expect(await draw(24)).toEqual(once);
  expect((await draw(24, 7)).pixels).not.toEqual(once.pixels);
  // The first ones do not depend on how many follow.
  expect(slicePictures(await draw(32), 0, 24)).toEqual(once);
});

test('classes come equally often, and every defect is somewhere to be seen', async () => {
  const { labels, covered } = await draw(200);
  for (const [index] of CLASSES.entries()) {
    expect(labels.filter((label) => label === index).length).toBe(200 / CLASSES.length);
  }
  for (const [index, label] of labels.entries()) {
    const area = covered.subarray(index * PIXELS, (index + 1) * PIXELS).reduce((a, b) => a + b, 0);
    const isSound = CLASSES[label] === 'ok';
    expect(isSound ? area === 0 : area > 5).toBe(true);
  }
});

test('a defect changes what it covers, and little else', () => {
  for (const defect of ['scratch', 'hole', 'stain'] as const) {
    const sound = createScene(USUAL, { seed: 3, stream: 'a', defect: 'ok' });
    const broken = createScene(USUAL, { seed: 3, stream: 'a', defect });
    const mean = (inside: boolean): number => {
      let sum = 0;
      let count = 0;
      for (let i = 0; i < PIXELS; i += 1) {
        if ((broken.coverage[i] as number) > 0.3 !== inside) continue;
        sum += Math.abs((broken.image[i] as number) - (sound.image[i] as number));
        count += 1;
      }
      return sum / count;
    };
    expect(mean(true)).toBeGreaterThan(mean(false));
  }
});

test('training and held-out pictures share no seed, and half of the held-out are harder', () => {
  expect(TRAINING.seed).not.toBe(HELD_OUT.seed);
  expect(HELD_OUT.conditions(0)).toBe(USUAL);
  expect(HELD_OUT.conditions(999)).toBe(RELIT);
});

test('the input of the model is the picture from 0 to 1', () => {
  const pixels = new Uint8Array(2 * PIXELS).fill(51);
  const { dims, data } = toInput(pixels);
  expect(dims).toEqual([2, 1, 64, 64]);
  expect(data[0]).toBeCloseTo(0.2, 6);
});
