import { CLASS_COUNT } from '../network/layout.ts';

/** Rows with their labels: `values` is [count, width]. */
export interface LabelledRows {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
  readonly labels: Int32Array;
}

/** Scores are `weight row + bias`; `weight` is [classes, width]. */
export interface LinearClassifier {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** The share of the training rows, at its end, that chooses lambda and fits nothing. */
const VALIDATION_SHARE = 0.2;

export interface Split {
  readonly fitting: LabelledRows;
  readonly validation: LabelledRows;
}

export function splitRows(rows: LabelledRows): Split {
  const border = Math.round(rows.count * (1 - VALIDATION_SHARE));
  return {
    fitting: sliceRows(rows, 0, border),
    validation: sliceRows(rows, border, rows.count),
  };
}

/** Views of the rows from `start` to before `end`. */
export function sliceRows(rows: LabelledRows, start: number, end: number): LabelledRows {
  return {
    count: end - start,
    width: rows.width,
    values: rows.values.subarray(start * rows.width, end * rows.width),
    labels: rows.labels.subarray(start, end),
  };
}

/** The share of rows whose highest score is that of their label. */
export function accuracy(classifier: LinearClassifier, rows: LabelledRows): number {
  let right = 0;
  for (let row = 0; row < rows.count; row += 1) {
    if (classify(classifier, rows, row) === rows.labels[row]) right += 1;
  }
  return right / rows.count;
}

function classify(classifier: LinearClassifier, rows: LabelledRows, row: number): number {
  const { width, values } = rows;
  let best = 0;
  let bestScore = -Infinity;
  for (let c = 0; c < CLASS_COUNT; c += 1) {
    let score = classifier.bias[c] as number;
    for (let i = 0; i < width; i += 1) {
      score += (classifier.weight[c * width + i] as number) * (values[row * width + i] as number);
    }
    if (score > bestScore) [best, bestScore] = [c, score];
  }
  return best;
}

/** Column means of the rows. */
export function columnMeans({ count, width, values }: LabelledRows): Float64Array {
  const means = new Float64Array(width);
  for (let row = 0; row < count; row += 1) {
    for (let i = 0; i < width; i += 1) {
      means[i] = (means[i] as number) + (values[row * width + i] as number);
    }
  }
  return means.map((sum) => sum / count);
}

/** The share of each class among the rows. */
export function classShares({ count, labels }: LabelledRows): Float64Array {
  const shares = new Float64Array(CLASS_COUNT);
  for (const label of labels) shares[label] = (shares[label] as number) + 1 / count;
  return shares;
}
