import type { Tensors } from '../../engine/runtime/tensor.ts';
import type { Dataset } from '../data/dataset.ts';
import { drawSamples } from '../scenarios/arrivals.ts';

/** Requests prepared before the clock starts; more only widen the cache footprint. */
const PREPARED_REQUESTS = 16;
const PREPARED_BYTES = 64 * 2 ** 20;

/** Feeds that are ready to be sent, and which of them comes next. */
export interface RequestPool {
  /** The feeds of a client's request by its running number; allocates nothing. */
  next(client: number, index: number): Tensors;
  readonly first: Tensors;
}

/** Distinct requests of `rows` samples each, bounded in number and in memory. */
export async function prepareRequests(
  dataset: Dataset,
  options: { readonly rows: number; readonly clients: number; readonly seed: number },
): Promise<RequestPool> {
  const { rows } = options;
  const first = await dataset.read(0, rows);
  const distinct = Math.max(1, Math.floor(dataset.count / rows));
  const affordable = Math.max(1, Math.floor(PREPARED_BYTES / Math.max(1, byteLength(first))));
  const count = Math.min(PREPARED_REQUESTS, distinct, affordable);
  const requests = [first];
  for (let i = 1; i < count; i += 1) requests.push(await dataset.read(i * rows, rows));
  const draws = Array.from({ length: options.clients }, (_, client) =>
    drawSamples(count, options.seed, String(client)),
  );
  return {
    first,
    next: (client, index) => {
      const drawn = draws[client % draws.length] as Uint32Array;
      return requests[drawn[index % drawn.length] as number] as Tensors;
    },
  };
}

function byteLength(feeds: Tensors): number {
  return Object.values(feeds).reduce(
    (sum, tensor) => sum + ('byteLength' in tensor.data ? tensor.data.byteLength : 0),
    0,
  );
}
