import { solvePositive } from '../../../../engine/base/linear-algebra.ts';
import type { Head } from '../../../../suites/inspection/network/layer.ts';
import { CLASS_COUNT } from '../../../../suites/inspection/network/layout.ts';
import {
  accuracy,
  classShares,
  columnMeans,
  sliceRows,
  type LabelledRows,
  type LinearClassifier,
} from '../../../../suites/inspection/training/linear-classifier.ts';
import type { Workbench } from '../../../../suites/inspection/training/workbench.ts';
import type { Source } from './source.ts';

/** Candidates, relative to the mean variance of the channels' averages. */
const LAMBDAS = Object.freeze([10, 3, 1, 3e-1, 1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4]);
/** What a larger lambda may cost of the best accuracy. */
const EQUAL = 0.008;

/**
 * Ridge regression on the averages of the stream's channels: [classes, channels] and
 * [classes]. The averages are not standardized: rounding to 8 bits disturbs all channels
 * alike, and so does lambda. The largest lambda is taken that is about as accurate as the
 * best on the pictures held back, the last ones; then all are fitted. Several sources are
 * several views of the same pictures.
 */
export async function fitHead(
  bench: Workbench,
  sources: readonly Source[],
  { channels, heldBack }: { readonly channels: number; readonly heldBack: number },
): Promise<Head> {
  const each: LabelledRows[] = [];
  for (const source of sources) each.push(await averages(bench, source, channels));
  const border = (count: number): number => Math.floor(count * (1 - heldBack));
  const validation = join(each.map((rows) => sliceRows(rows, border(rows.count), rows.count)));
  const moments = takeMoments(join(each.map((rows) => sliceRows(rows, 0, border(rows.count)))));
  const reached = LAMBDAS.map((lambda) => accuracy(solve(moments, lambda), validation));
  const best = Math.max(...reached);
  const lambda = LAMBDAS[reached.findIndex((one) => one >= best - EQUAL)] as number;
  const { weight, bias } = solve(takeMoments(join(each)), lambda);
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

function join(parts: readonly LabelledRows[]): LabelledRows {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const width = parts[0]?.width ?? 0;
  const values = new Float32Array(count * width);
  const labels = new Int32Array(count);
  let start = 0;
  for (const part of parts) {
    values.set(part.values, start * width);
    labels.set(part.labels, start);
    start += part.count;
  }
  return { count, width, values, labels };
}

/** Covariances [width, width], of which the lower triangle, and with the classes [width, classes]. */
interface Moments {
  readonly width: number;
  readonly means: Float64Array;
  readonly shares: Float64Array;
  readonly covariances: Float64Array;
  readonly targets: Float64Array;
}

function takeMoments(rows: LabelledRows): Moments {
  const { count, width, values, labels } = rows;
  const [means, shares] = [columnMeans(rows), classShares(rows)];
  const covariances = new Float64Array(width * width);
  const targets = new Float64Array(width * CLASS_COUNT);
  for (let row = 0; row < count; row += 1) {
    const centred = means.map((mean, i) => (values[row * width + i] as number) - mean);
    for (let i = 0; i < width; i += 1) {
      const scaled = (centred[i] as number) / count;
      for (let j = 0; j <= i; j += 1) {
        const at = i * width + j;
        covariances[at] = (covariances[at] as number) + scaled * (centred[j] as number);
      }
      for (let c = 0; c < CLASS_COUNT; c += 1) {
        const at = i * CLASS_COUNT + c;
        const target = (labels[row] === c ? 1 : 0) - (shares[c] as number);
        targets[at] = (targets[at] as number) + scaled * target;
      }
    }
  }
  return { width, means, shares, covariances, targets };
}

function solve(moments: Moments, lambda: number): LinearClassifier {
  const { width, means, shares, covariances, targets } = moments;
  const diagonal = Array.from({ length: width }, (_, i) => covariances[i * width + i] as number);
  const mean = diagonal.reduce((sum, value) => sum + value, 0) / width;
  const regular = covariances.slice();
  for (const [i, value] of diagonal.entries()) regular[i * width + i] = value + lambda * mean;
  const solution = solvePositive(regular, targets, { n: width, m: CLASS_COUNT });
  const weight = new Float64Array(CLASS_COUNT * width);
  const bias = shares.slice();
  for (let c = 0; c < CLASS_COUNT; c += 1) {
    for (let i = 0; i < width; i += 1) {
      const value = solution[i * CLASS_COUNT + c] as number;
      weight[c * width + i] = value;
      bias[c] = (bias[c] as number) - value * (means[i] as number);
    }
  }
  return { weight, bias };
}
