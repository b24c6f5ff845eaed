import { ModelBuilder } from '../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';
import type { Session } from '../../../engine/runtime/binding.ts';
import { PIXELS } from '../images/canvas.ts';
import { toInput, type Pictures } from '../images/pictures.ts';
import { CLASS_COUNT } from '../network/layout.ts';
import {
  accuracy,
  classShares,
  columnMeans,
  splitRows,
  type LabelledRows,
  type LinearClassifier,
} from './linear-classifier.ts';
import { conjugateGradients } from './conjugate-gradients.ts';
import { outputData } from './run-pictures.ts';
import { withSession, type Workbench } from './workbench.ts';

/** Candidates, for sums over pixels from 0 to 1; falling, so that each starts where the last ended. */
const LAMBDAS = Object.freeze([10_000, 3000, 1000, 300, 100, 30]);

/** Conjugate gradients stop at this share of the right side, or after so many steps. */
const SOLVED = Object.freeze({ columns: CLASS_COUNT, tolerance: 1e-3, maxSteps: 200 });

/**
 * What the pixels alone tell: the accuracy on `test` of a ridge classifier of
 * raw pixels, trained on `training` with lambda chosen as for the network's
 * head. 4096 unknowns are too many for a factorization in seconds, so the same
 * normal equations are solved by conjugate gradients (Hestenes and Stiefel,
 * 1952), the runtime doing the products.
 */
export async function rawPixelAccuracy(
  bench: Workbench,
  training: Pictures,
  test: Pictures,
): Promise<number> {
  const rows = pixelRows(training);
  const origin = columnMeans(rows);
  shift(rows, origin);
  const { fitting, validation } = splitRows(rows);
  return withSession(bench, normalProductModel(), async (session) => {
    const solve = (equations: NormalEquations, start: Float32Array): Promise<Float32Array> => {
      const multiplied = (direction: Float32Array): Promise<Float32Array> => {
        bench.signal.throwIfAborted();
        return multiply(session, equations, direction);
      };
      return conjugateGradients(multiplied, equations.right, { ...SOLVED, start });
    };
    let best = { lambda: 0, accuracy: -1 };
    let solution: Float32Array = new Float32Array(PIXELS * CLASS_COUNT);
    for (const lambda of LAMBDAS) {
      const equations = normalEquations(fitting, lambda);
      solution = await solve(equations, solution);
      const reached = accuracy(toClassifier(equations, solution), validation);
      if (reached > best.accuracy) best = { lambda, accuracy: reached };
    }
    const equations = normalEquations(rows, best.lambda);
    solution = await solve(equations, solution);
    const testRows = pixelRows(test);
    shift(testRows, origin);
    return accuracy(toClassifier(equations, solution), testRows);
  });
}

function pixelRows({ count, pixels, labels }: Pictures): LabelledRows {
  return { count, width: PIXELS, values: toInput(pixels).data, labels };
}

/** Moves the origin: sums of squares about a far mean would lose the digits that matter. */
function shift({ values }: LabelledRows, origin: Float64Array): void {
  for (let i = 0; i < values.length; i += 1) {
    values[i] = (values[i] as number) - (origin[i % PIXELS] as number);
  }
}

/** product = X' (X direction), X being [rows, PIXELS]. */
function normalProductModel(): OnnxModel {
  const builder = new ModelBuilder({ name: 'normal-product', opset: 17 });
  const rows = builder.input('rows', 'float32', ['N', PIXELS]);
  const direction = builder.input('direction', 'float32', [PIXELS, CLASS_COUNT]);
  const scores = builder.node('Gemm', [rows, direction]);
  const attributes = { transA: { int: 1 } };
  builder.node('Gemm', [rows, scores], { outputs: ['product'], attributes });
  builder.output('product', 'float32', [PIXELS, CLASS_COUNT]);
  return builder.build();
}

/** (C + lambda) W = R, with C the scatter of the rows about their mean and R that with the classes. */
interface NormalEquations {
  readonly rows: LabelledRows;
  readonly lambda: number;
  readonly means: Float64Array;
  readonly shares: Float64Array;
  /** [PIXELS, classes], as every matrix below. */
  readonly right: Float32Array;
}

function normalEquations(rows: LabelledRows, lambda: number): NormalEquations {
  const means = columnMeans(rows);
  const shares = classShares(rows);
  const right = new Float32Array(PIXELS * CLASS_COUNT);
  for (let row = 0; row < rows.count; row += 1) {
    const label = rows.labels[row] as number;
    for (let i = 0; i < PIXELS; i += 1) {
      const at = i * CLASS_COUNT + label;
      right[at] = (right[at] as number) + (rows.values[row * PIXELS + i] as number);
    }
  }
  for (let at = 0; at < right.length; at += 1) {
    const share = shares[at % CLASS_COUNT] as number;
    const mean = means[Math.floor(at / CLASS_COUNT)] as number;
    right[at] = (right[at] as number) - rows.count * share * mean;
  }
  return { rows, lambda, means, shares, right };
}

async function multiply(
  session: Session,
  { rows, lambda, means }: NormalEquations,
  direction: Float32Array,
): Promise<Float32Array> {
  const outputs = await session.run({
    rows: { type: 'float32', dims: [rows.count, PIXELS], data: rows.values },
    direction: { type: 'float32', dims: [PIXELS, CLASS_COUNT], data: direction },
  });
  const along = new Float64Array(CLASS_COUNT);
  for (let at = 0; at < direction.length; at += 1) {
    const c = at % CLASS_COUNT;
    const mean = means[Math.floor(at / CLASS_COUNT)] as number;
    along[c] = (along[c] as number) + mean * (direction[at] as number);
  }
  return outputData(outputs, 'product').map((value, at) => {
    const mean = means[Math.floor(at / CLASS_COUNT)] as number;
    const aboutMean = value - rows.count * mean * (along[at % CLASS_COUNT] as number);
    return aboutMean + lambda * (direction[at] as number);
  });
}

function toClassifier(
  { means, shares }: NormalEquations,
  solution: Float32Array,
): LinearClassifier {
  const weight = new Float64Array(solution.length);
  const bias = shares.slice();
  for (let at = 0; at < solution.length; at += 1) {
    const c = at % CLASS_COUNT;
    const pixel = Math.floor(at / CLASS_COUNT);
    const value = solution[at] as number;
    weight[c * PIXELS + pixel] = value;
    bias[c] = (bias[c] as number) - value * (means[pixel] as number);
  }
  return { weight, bias };
}
