/** A X for a symmetric positive definite A that only this function knows. */
export type Multiply = (x: Float32Array) => Promise<Float32Array>;

/**
 * Solves A X = B by conjugate gradients (Hestenes and Stiefel, 1952), each of
 * the columns with its own steps, all in one product. Stops when every residual
 * is below `tolerance` times its right side, or after `maxSteps`. Matrices are
 * row-major with `columns` columns.
 */
export async function conjugateGradients(
  multiply: Multiply,
  right: Float32Array,
  options: {
    readonly start: Float32Array;
    readonly columns: number;
    readonly tolerance: number;
    readonly maxSteps: number;
  },
): Promise<Float32Array> {
  const { columns } = options;
  const solution = options.start.slice();
  const first = await multiply(solution);
  const residual = right.map((value, at) => value - (first[at] as number));
  const direction = residual.slice();
  const target = dots(right, right, columns).map((square) => square * options.tolerance ** 2);
  let squares = dots(residual, residual, columns);
  for (let step = 0; step < options.maxSteps; step += 1) {
    if (squares.every((square, c) => square <= (target[c] as number))) break;
    const product = await multiply(direction);
    const alpha = quotients(squares, dots(direction, product, columns));
    addScaled(solution, direction, alpha);
    addScaled(
      residual,
      product,
      alpha.map((a) => -a),
    );
    const next = dots(residual, residual, columns);
    scale(direction, quotients(next, squares));
    addScaled(direction, residual, new Float64Array(columns).fill(1));
    squares = next;
  }
  return solution;
}

/** The scalar product of each column. */
function dots(a: Float32Array, b: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let at = 0; at < a.length; at += 1) {
    const c = at % columns;
    sums[c] = (sums[c] as number) + (a[at] as number) * (b[at] as number);
  }
  return sums;
}

/** 0 / 0 is 0: a column that is solved stays as it is. */
function quotients(above: Float64Array, below: Float64Array): Float64Array {
  return above.map((value, c) => (value === 0 ? 0 : value / (below[c] as number)));
}

function addScaled(sum: Float32Array, values: Float32Array, factors: Float64Array): void {
  for (let at = 0; at < sum.length; at += 1) {
    const change = (factors[at % factors.length] as number) * (values[at] as number);
    sum[at] = (sum[at] as number) + change;
  }
}

function scale(values: Float32Array, factors: Float64Array): void {
  for (let at = 0; at < values.length; at += 1) {
    values[at] = (values[at] as number) * (factors[at % factors.length] as number);
  }
}
