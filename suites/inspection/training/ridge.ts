import { solvePositive } from '../../../engine/base/linear-algebra.ts';
import { CLASS_COUNT } from '../network/layout.ts';
import {
  accuracy,
  classShares,
  columnMeans,
  splitRows,
  type LabelledRows,
  type LinearClassifier,
} from './linear-classifier.ts';

/** Candidates, relative to features of unit variance. */
const LAMBDAS = Object.freeze([1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4]);

/**
 * Ridge regression of the one-hot labels in closed form. Lambda is the one that
 * is right most often on the part of the rows that fitted nothing; then all
 * rows are fitted with it.
 */
export function fitRidge(rows: LabelledRows): LinearClassifier & { readonly lambda: number } {
  const { fitting, validation } = splitRows(rows);
  const moments = takeMoments(fitting);
  let best = { lambda: 0, accuracy: -1 };
  for (const lambda of LAMBDAS) {
    const reached = accuracy(solve(moments, lambda), validation);
    if (reached > best.accuracy) best = { lambda, accuracy: reached };
  }
  return { ...solve(takeMoments(rows), best.lambda), lambda: best.lambda };
}

/** Of standardized features: correlations [width, width] and with the classes [width, classes]. */
interface Moments {
  readonly width: number;
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  readonly shares: Float64Array;
  readonly correlations: Float64Array;
  readonly targets: Float64Array;
}

function takeMoments(rows: LabelledRows): Moments {
  const { count, width, labels } = rows;
  const means = columnMeans(rows);
  const deviations = columnDeviations(rows, means);
  const shares = classShares(rows);
  const correlations = new Float64Array(width * width);
  const targets = new Float64Array(width * CLASS_COUNT);
  const standard = new Float64Array(width);
  for (let row = 0; row < count; row += 1) {
    for (let i = 0; i < width; i += 1) {
      const value = rows.values[row * width + i] as number;
      standard[i] = (value - (means[i] as number)) / (deviations[i] as number);
    }
    addOuter(correlations, standard, 1 / count);
    for (let i = 0; i < width; i += 1) {
      for (let c = 0; c < CLASS_COUNT; c += 1) {
        const target = (labels[row] === c ? 1 : 0) - (shares[c] as number);
        const at = i * CLASS_COUNT + c;
        targets[at] = (targets[at] as number) + ((standard[i] as number) * target) / count;
      }
    }
  }
  return { width, means, deviations, shares, correlations, targets };
}

/** Adds `factor` times the outer product; the lower triangle is all that Cholesky reads. */
function addOuter(sum: Float64Array, vector: Float64Array, factor: number): void {
  const n = vector.length;
  for (let i = 0; i < n; i += 1) {
    const scaled = (vector[i] as number) * factor;
    for (let j = 0; j <= i; j += 1) {
      sum[i * n + j] = (sum[i * n + j] as number) + scaled * (vector[j] as number);
    }
  }
}

function columnDeviations(
  { count, width, values }: LabelledRows,
  means: Float64Array,
): Float64Array {
  const squares = new Float64Array(width);
  for (let row = 0; row < count; row += 1) {
    for (let i = 0; i < width; i += 1) {
      const value = (values[row * width + i] as number) - (means[i] as number);
      squares[i] = (squares[i] as number) + value * value;
    }
  }
  // A feature that never changes must not divide by zero; its weight becomes 0.
  return squares.map((sum) => Math.sqrt(sum / count) || 1);
}

function solve(moments: Moments, lambda: number): LinearClassifier {
  const { width, means, deviations, shares } = moments;
  const regular = moments.correlations.slice();
  for (let i = 0; i < width; i += 1) {
    regular[i * width + i] = (regular[i * width + i] as number) + lambda;
  }
  const solution = solvePositive(regular, moments.targets, { n: width, m: CLASS_COUNT });
  const weight = new Float64Array(CLASS_COUNT * width);
  const bias = shares.slice();
  for (let c = 0; c < CLASS_COUNT; c += 1) {
    for (let i = 0; i < width; i += 1) {
      const value = (solution[i * CLASS_COUNT + c] as number) / (deviations[i] as number);
      weight[c * width + i] = value;
      bias[c] = (bias[c] as number) - value * (means[i] as number);
    }
  }
  return { weight, bias };
}
