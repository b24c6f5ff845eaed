import { UserError } from '../../engine/base/errors.ts';
import type { Engine } from '../../engine/runtime/engine.ts';
import {
  isNumericType,
  type NumericArray,
  type Tensor,
  type Tensors,
} from '../../engine/runtime/tensor.ts';
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

export interface RequestOptions {
  /** Samples in each. */
  readonly rows: number;
  readonly clients: number;
  readonly seed: number;
  /**
   * Requests lie in its memory, where a service receives them, until it closes; without,
   * where the data was read to.
   */
  readonly engine?: Pick<Engine, 'allocate'>;
}

/** Distinct requests of `rows` samples each, bounded in number and in memory. */
export async function prepareRequests(
  dataset: Dataset,
  options: RequestOptions,
): Promise<RequestPool> {
  const { rows, engine } = options;
  const first = await dataset.read(0, rows);
  const distinct = Math.max(1, Math.floor(dataset.count / rows));
  const affordable = Math.max(1, Math.floor(PREPARED_BYTES / Math.max(1, byteLength(first))));
  const count = Math.min(PREPARED_REQUESTS, distinct, affordable);
  const requests = [received(first, engine)];
  for (let i = 1; i < count; i += 1) {
    requests.push(received(await dataset.read(i * rows, rows), engine));
  }
  const draws = Array.from({ length: options.clients }, (_, client) =>
    drawSamples(count, options.seed, String(client)),
  );
  return {
    first: requests[0] as Tensors,
    next: (client, index) => {
      const drawn = draws[client % draws.length] as Uint32Array;
      return requests[drawn[index % drawn.length] as number] as Tensors;
    },
  };
}

function received(feeds: Tensors, engine: RequestOptions['engine']): Tensors {
  if (engine === undefined) return feeds;
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [name, inMemoryOf(engine, tensor)]),
  );
}

/** A copy in the engine's memory; the tensor itself where that has no room or cannot hold it. */
function inMemoryOf(engine: Pick<Engine, 'allocate'>, tensor: Tensor): Tensor {
  if (!isNumericType(tensor.type)) return tensor;
  try {
    const own = engine.allocate(tensor.type, tensor.dims);
    bytesOf(own.data).set(bytesOf(tensor.data as NumericArray));
    return own;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return tensor;
  }
}

function bytesOf({ buffer, byteOffset, byteLength: length }: NumericArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function byteLength(feeds: Tensors): number {
  return Object.values(feeds).reduce(
    (sum, tensor) => sum + ('byteLength' in tensor.data ? tensor.data.byteLength : 0),
    0,
  );
}
