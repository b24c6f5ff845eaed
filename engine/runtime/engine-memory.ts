import { UserError } from '../base/errors.ts';
import type { BufferPool, PoolOptions } from '../memory/buffer-pool.ts';
import type { Lease } from '../memory/lease.ts';
import type { PoolStatistics } from '../memory/pool-statistics.ts';
import { createSharedPool } from '../memory/shared-pool.ts';
import { createTensorPool } from '../memory/tensor-pool.ts';
import type { EngineConfig } from './engine-config.ts';
import {
  elementBytes,
  elementCount,
  isNumericType,
  viewElements,
  type ArrayOf,
  type NumericArray,
  type NumericType,
  type Tensor,
} from './tensor.ts';

/**
 * A tensor in memory that reaches every replica of its engine without a copy. Its elements
 * are at first what the last user of the memory left. It may be a feed again and again.
 */
export interface AllocatedTensor<Type extends NumericType = NumericType>
  extends Tensor, Disposable {
  readonly type: Type;
  readonly data: ArrayOf<Type>;
  /**
   * Gives the memory back, after which `data` is another's: not while a request reads it.
   * Idempotent, and called at the end of a `using` block.
   */
  release(): void;
}

/**
 * The memory that an engine and its callers put feeds in: shared between processes or
 * between threads, as the isolation needs it.
 */
export class EngineMemory {
  readonly #pool: BufferPool;
  #refusals = 0;
  readonly #merged = new Map<NumericArray, Lease>();

  /** Process replicas: what killed processes left of such memory is removed first. */
  constructor(isolation: EngineConfig['isolation'], options: PoolOptions = {}) {
    this.#pool = isolation === 'process' ? createSharedPool(options) : createTensorPool(options);
  }

  /** Throws UserError for a type or shape that is none, and when the pool has no more memory. */
  allocate<Type extends NumericType>(type: Type, dims: readonly number[]): AllocatedTensor<Type> {
    const elements = checkedElements(type, dims);
    const lease = this.#pool.take(elements * elementBytes(type), 'Engine.allocate');
    const data = viewOf(lease, type, elements) as ArrayOf<Type>;
    return new LeasedTensor({ type, dims: [...dims], data }, lease);
  }

  /**
   * An array for merged feeds, until `releaseArray`. Where the pool has no more memory (a
   * small /dev/shm) it is one of its own, which costs a copy on the way: see `refusals`.
   */
  takeArray(type: NumericType, elements: number): NumericArray {
    const lease = this.#tryTake(elements * elementBytes(type));
    if (lease === null) return newElements(type, elements);
    const array = viewOf(lease, type, elements);
    this.#merged.set(array, lease);
    return array;
  }

  releaseArray(array: NumericArray): void {
    this.#merged.get(array)?.release();
    this.#merged.delete(array);
  }

  /** Merged feeds that found no memory in the pool. */
  get refusals(): number {
    return this.#refusals;
  }

  statistics(): PoolStatistics {
    return this.#pool.statistics();
  }

  /** Frees what nobody has taken now and the rest when it is released. Idempotent. */
  close(): void {
    this.#pool.close();
  }

  #tryTake(sizeBytes: number): Lease | null {
    try {
      return this.#pool.take(sizeBytes, 'merged feeds');
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      this.#refusals += 1;
      return null;
    }
  }
}

class LeasedTensor<Type extends NumericType> implements AllocatedTensor<Type> {
  readonly type: Type;
  readonly dims: readonly number[];
  readonly data: ArrayOf<Type>;
  readonly #lease: Lease;

  constructor(
    { type, dims, data }: Pick<AllocatedTensor<Type>, 'type' | 'dims' | 'data'>,
    lease: Lease,
  ) {
    this.type = type;
    this.dims = dims;
    this.data = data;
    this.#lease = lease;
  }

  release(): void {
    this.#lease.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function newElements(type: NumericType, elements: number): NumericArray {
  return viewElements(type, new ArrayBuffer(elements * elementBytes(type)), 0, elements);
}

function viewOf(lease: Lease, type: NumericType, elements: number): NumericArray {
  return viewElements(type, lease.buffer, lease.byteOffset, elements);
}

function checkedElements(type: NumericType, dims: readonly number[]): number {
  const elements = elementCount(dims);
  const isShape = dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (isNumericType(type) && isShape && Number.isSafeInteger(elements)) return elements;
  throw new UserError(`there is no memory for a tensor ${type}[${dims.join(', ')}]`, {
    remedy: 'name a numeric type, and dimensions that are whole numbers of 0 or more',
  });
}
