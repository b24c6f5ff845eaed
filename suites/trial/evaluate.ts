import { UserError } from '../../engine/base/errors.ts';
import type { Engine } from '../../engine/runtime/engine.ts';
import type { NumericArray, Tensor } from '../../engine/runtime/tensor.ts';
import type { Dataset } from '../data/dataset.ts';

export interface Accuracy {
  readonly value: number;
  readonly correct: number;
  readonly count: number;
}

/**
 * Share of the first `count` labelled samples whose arg-max over the first
 * output, of shape [rows, classes], is the label. Runs at the config's own
 * batch size, the last batch being smaller where the model allows it.
 */
export async function evaluateAccuracy(
  engine: Engine,
  dataset: Dataset,
  options: { readonly count: number; readonly batchSize: number; readonly batchIsFree: boolean },
): Promise<Accuracy> {
  const labels = dataset.labels;
  if (labels === null) throw new UserError('accuracy needs labels, and the data has none');
  const count = Math.min(options.count, dataset.count);
  let correct = 0;
  for (let start = 0; start < count; start += options.batchSize) {
    const wanted = Math.min(options.batchSize, count - start);
    const rows = options.batchIsFree ? wanted : options.batchSize;
    const outputs = await engine.infer(await dataset.read(start, rows));
    const name = engine.outputs[0]?.name ?? '';
    const predicted = argMaxRows(outputs[name], rows, name);
    for (let row = 0; row < wanted; row += 1) {
      if (predicted[row] === labels[start + row]) correct += 1;
    }
  }
  return { value: correct / count, correct, count };
}

/** Index of the largest value of each row of a [rows, classes] tensor; the first one of equals. */
export function argMaxRows(tensor: Tensor | undefined, rows: number, name: string): Int32Array {
  if (tensor === undefined || tensor.dims.length !== 2 || tensor.dims[0] !== rows) {
    throw new UserError(
      `labels were given, but the model's first output '${name}' is not [samples, classes]`,
      { remedy: 'leave __labels out of the data, or give a classifier' },
    );
  }
  const classes = tensor.dims[1] as number;
  const data = tensor.data as NumericArray;
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let index = 1; index < classes; index += 1) {
      if ((data[row * classes + index] as number) > (data[row * classes + best] as number)) {
        best = index;
      }
    }
    return best;
  });
}
