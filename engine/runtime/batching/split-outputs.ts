import { elementCount, type NumericArray, type Tensor, type Tensors } from '../tensor.ts';

export interface SplitOptions {
  /** Rows of each request, in the order of the merge. */
  readonly samples: readonly number[];
  /**
   * Copies each part once, so that it owns its memory. Without it the parts are views
   * of the run's outputs: they keep all of these alive, and none can be transferred to
   * another thread alone. Texts are copied as references either way.
   */
  readonly owned: boolean;
}

/** The outputs of a merged run as one answer for each request. See `rowMismatch` for what must hold. */
export function splitOutputs(outputs: Tensors, options: SplitOptions): Tensors[] {
  let row = 0;
  return options.samples.map((rows) => {
    const answer: Record<string, Tensor> = {};
    for (const name of Object.keys(outputs)) {
      answer[name] = cutRows(outputs[name] as Tensor, { row, rows, owned: options.owned });
    }
    row += rows;
    return answer;
  });
}

/**
 * Why outputs cannot be those of `samples` samples, as a clause for a message, or null
 * where every one has exactly a row for each sample. Several rows for each sample are
 * refused too: which of them belong to whom would be a guess.
 */
export function rowMismatch(outputs: Tensors, samples: number): string | null {
  for (const name of Object.keys(outputs)) {
    const rows = (outputs[name] as Tensor).dims[0];
    if (rows !== samples) {
      return `output '${name}' has ${rows ?? 'no'} rows for ${samples} samples`;
    }
  }
  return null;
}

interface Rows {
  readonly row: number;
  readonly rows: number;
  readonly owned: boolean;
}

function cutRows(tensor: Tensor, { row, rows, owned }: Rows): Tensor {
  const trailing = tensor.dims.slice(1);
  const rowElements = elementCount(trailing);
  const [from, to] = [row * rowElements, (row + rows) * rowElements];
  const dims = [rows, ...trailing];
  if (tensor.type === 'string') {
    return { type: tensor.type, dims, data: (tensor.data as readonly string[]).slice(from, to) };
  }
  const data = tensor.data as NumericArray;
  return { type: tensor.type, dims, data: owned ? data.slice(from, to) : data.subarray(from, to) };
}
