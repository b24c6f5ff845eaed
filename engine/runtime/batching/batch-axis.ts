import type { ValueInfo } from '../binding.ts';

/** Whether requests of a model may be merged along axis 0. */
export type BatchAxis =
  /**
   * `proven`: the names of the axes say that every output has a row for each sample.
   * Otherwise nothing contradicts it, and runs of single requests must bear it out.
   */
  { readonly state: 'batched'; readonly proven: boolean } | Unbatched;

export interface Unbatched {
  readonly state: 'unbatched';
  /** Why requests are run one by one: a clause for a message. */
  readonly reason: string;
}

/**
 * Looks for the batch dimension: a symbolic axis 0 of every input and output, with the
 * same name wherever it has one, and that name on no other axis. The runtime carries
 * names through its shape inference, so an output that inference could follow has its
 * input's name; one with a name of its own (the number of detections, a time axis) is
 * not the batch.
 *
 * Shapes cannot tell whether samples are computed apart from each other: a model that
 * normalizes across its batch is found batched.
 */
export function findBatchAxis(
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
): BatchAxis {
  if (inputs.length === 0) return unbatched('the model has no inputs');
  const values = [...inputs, ...outputs];
  for (const value of values) {
    const first = value.shape[0];
    if (first === undefined) return unbatched(`'${value.name}' has no axis 0`);
    if (typeof first === 'number') return unbatched(`axis 0 of '${value.name}' is fixed: ${first}`);
  }
  const symbol = inputs.map((input) => String(input.shape[0])).find((name) => name !== '') ?? '';
  for (const value of values) {
    const name = value.shape[0];
    if (name !== '' && name !== symbol) {
      return unbatched(`axis 0 of '${value.name}' is '${name}', not '${symbol}'`);
    }
    const other = symbol === '' ? -1 : value.shape.indexOf(symbol, 1);
    if (other > 0) return unbatched(`axis ${other} of '${value.name}' is '${symbol}' too`);
  }
  return { state: 'batched', proven: values.every((value) => value.shape[0] !== '') };
}

function unbatched(reason: string): Unbatched {
  return { state: 'unbatched', reason };
}
