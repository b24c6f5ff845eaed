import type { Head } from '../../../../suites/inspection/network/layer.ts';
import type { LabelledRows } from '../../../../suites/inspection/training/linear-classifier.ts';
import { fitRidge } from '../../../../suites/inspection/training/ridge.ts';
import type { Workbench } from '../../../../suites/inspection/training/workbench.ts';
import type { Source } from './source.ts';

/** Below this share of the mean power a channel counts as silent. */
const SILENCE = 1e-3;

/** Ridge regression on the averages of the stream's channels: [classes, channels] and [classes]. */
export async function fitHead(bench: Workbench, source: Source, channels: number): Promise<Head> {
  const rows = await averages(bench, source, channels);
  silence(rows);
  const { weight, bias } = fitRidge(rows);
  return { weight: Float32Array.from(weight), bias: Float32Array.from(bias) };
}

async function averages(bench: Workbench, source: Source, channels: number): Promise<LabelledRows> {
  const { pictures } = source;
  const values = new Float32Array(pictures.count * channels);
  await source.forEach(bench, (map, index) => {
    const area = map.length / channels;
    for (let channel = 0; channel < channels; channel += 1) {
      const cells = map.subarray(channel * area, (channel + 1) * area);
      values[index * channels + channel] = cells.reduce((sum, value) => sum + value, 0) / area;
    }
  });
  return { count: pictures.count, width: channels, values, labels: pictures.labels };
}

/**
 * Sets channels that hardly ever speak to 0, in place: standardized, they would weigh as
 * much as others, and in the wide network what disturbs them is louder than they are.
 */
function silence({ width, values }: LabelledRows): void {
  const powers = new Float64Array(width);
  for (let i = 0; i < values.length; i += 1) {
    powers[i % width] = (powers[i % width] as number) + (values[i] as number) ** 2;
  }
  const least = (SILENCE * powers.reduce((sum, power) => sum + power, 0)) / width;
  for (let i = 0; i < values.length; i += 1) {
    if ((powers[i % width] as number) < least) values[i] = 0;
  }
}
