import type { Pictures } from '../../../../suites/inspection/images/pictures.ts';
import { outputData } from '../../../../suites/inspection/training/run-pictures.ts';
import { withSession, type Workbench } from '../../../../suites/inspection/training/workbench.ts';
import { enlarge, LARGE } from './enlarge.ts';
import { narrowModel, type Stem } from './narrow-model.ts';
import { channelMoments } from './moments.ts';
import { stemFilters } from './stem-filters.ts';

/** The stem's filters, scaled to outputs of unit variance on the pictures. */
export async function createStem(bench: Workbench, pictures: Pictures): Promise<Stem> {
  const filters = stemFilters();
  const weight = Float32Array.from(filters.flatMap((filter) => filter.weight));
  const bias = new Float32Array(filters.length);
  const raw = narrowModel({ kind: 'picture', stem: { weight, bias } }, [], {
    outputs: 'convolutions',
  });
  const { mean, deviation } = await withSession(bench, raw, async (session) => {
    const data = enlarge(pictures, { start: 0, rows: pictures.count, channels: 1 });
    const dims = [pictures.count, 1, LARGE, LARGE];
    const outputs = await session.run({ input: { type: 'float32', dims, data } });
    return channelMoments(outputData(outputs, 'conv1'), {
      count: pictures.count,
      channels: filters.length,
    });
  });
  const size = weight.length / filters.length;
  return {
    weight: weight.map((value, i) => value / (deviation[Math.floor(i / size)] as number)),
    bias: bias.map((_, i) => {
      return (filters[i]?.lift ?? 0) - (mean[i] as number) / (deviation[i] as number);
    }),
  };
}
