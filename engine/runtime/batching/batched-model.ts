import { UserError } from '../../base/errors.ts';
import type { ValueInfo } from '../binding.ts';
import type { NumericArray, Tensor, Tensors } from '../tensor.ts';
import { findBatchAxis, type BatchAxis } from './batch-axis.ts';
import type { BatchTarget } from './batcher-options.ts';
import { mergeFeeds, type AllocateTensor } from './merge-feeds.ts';
import { rowMismatch, splitOutputs } from './split-outputs.ts';

export interface BatchedModelOptions {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Runs feeds on a free replica. `deadlineAtMs`: from then on nobody waits for the answer. */
  readonly run: (feeds: Tensors, deadlineAtMs: number | null) => Promise<Tensors>;
  /**
   * The same for outputs that are cut into copies by `read`, before the replica runs anything
   * else: they may be views of its memory. Default: `run`, then `read`.
   */
  readonly runAndRead?: (feeds: Tensors, request: ReadRequest) => Promise<readonly Tensors[]>;
  /** Where merged feeds lie. */
  readonly allocate: AllocateTensor;
  /** Takes merged feeds back after their run, failed or not; without it they are garbage. */
  readonly release?: (array: NumericArray) => void;
  /** Whether each answer owns its memory, at the price of one copy. Default false: views. */
  readonly ownedOutputs?: boolean;
}

export interface ReadRequest {
  readonly deadlineAtMs: number | null;
  readonly read: (outputs: Tensors) => readonly Tensors[];
}

/**
 * Runs of single requests in which every output had a row for each sample, before a model
 * whose axes have no names is trusted with merged ones. A detector that found one object
 * in one picture must not pass for a model with a row for each picture.
 */
const PROOF_RUNS = 8;

/** A merged run was refused or gave outputs that cannot be split: run the requests one by one. */
export class NotBatchableError extends UserError {
  override readonly name = 'NotBatchableError';

  constructor(reason: string) {
    super(`the model's requests cannot be merged: ${reason}`, {
      remedy: 'run them one by one, or name axis 0 of every input and output alike',
    });
  }
}

/**
 * A model that runs several requests as one where its shapes allow it. The first outputs
 * that contradict the batch dimension mark it as unbatched for good: from then on no
 * request is merged. Feeds must have been checked against the inputs.
 */
export class BatchedModel implements BatchTarget<Tensors, Tensors> {
  readonly #options: BatchedModelOptions;
  #axis: BatchAxis;
  #proofs = 0;

  constructor(options: BatchedModelOptions) {
    this.#options = options;
    this.#axis = findBatchAxis(options.inputs, options.outputs);
  }

  /** What is known of the batch dimension by now. */
  get axis(): BatchAxis {
    return this.#axis;
  }

  /** Rows along the batch dimension; 1 for a model or a request without one. */
  samplesOf(feeds: Tensors): number {
    return this.#axis.state === 'batched' ? (this.#commonRows(feeds) ?? 1) : 1;
  }

  shapeKeyOf(feeds: Tensors): string | null {
    if (this.#axis.state === 'unbatched' || !this.#axis.proven) return null;
    // An empty request has nothing to share, and its neighbours nothing to gain.
    if ((this.#commonRows(feeds) ?? 0) === 0) return null;
    return this.#options.inputs
      .map(({ name }) => {
        const { type, dims } = feeds[name] as Tensor;
        return `${name}:${type}[${dims.slice(1).join()}]`;
      })
      .join(';');
  }

  /**
   * Throws NotBatchableError where several requests cannot be run as one; nothing is
   * answered then, and each may be run alone.
   */
  async run(
    requests: readonly [Tensors, ...Tensors[]],
    deadlineAtMs: number | null,
  ): Promise<readonly Tensors[]> {
    if (requests.length > 1) return this.#runMerged(requests, deadlineAtMs);
    const outputs = await this.#options.run(requests[0], deadlineAtMs);
    if (this.#axis.state === 'batched') this.#learnFrom(requests[0], outputs, this.#axis.proven);
    return [outputs];
  }

  async #runMerged(
    requests: readonly [Tensors, ...Tensors[]],
    deadlineAtMs: number | null,
  ): Promise<readonly Tensors[]> {
    if (this.#axis.state === 'unbatched') throw new NotBatchableError(this.#axis.reason);
    const samples = requests.map((feeds) => this.samplesOf(feeds));
    return this.#runMergedFeeds(requests, {
      deadlineAtMs,
      read: (outputs) => this.#split(outputs, samples),
    });
  }

  #split(outputs: Tensors, samples: readonly number[]): readonly Tensors[] {
    const total = samples.reduce((sum, rows) => sum + rows, 0);
    const reason = rowMismatch(outputs, total);
    if (reason !== null) {
      this.#axis = { state: 'unbatched', reason };
      throw new NotBatchableError(reason);
    }
    return splitOutputs(outputs, { samples, owned: this.#options.ownedOutputs ?? false });
  }

  async #runMergedFeeds(
    requests: readonly [Tensors, ...Tensors[]],
    request: ReadRequest,
  ): Promise<readonly Tensors[]> {
    const { run, runAndRead, allocate, release } = this.#options;
    const taken: NumericArray[] = [];
    try {
      const feeds = mergeFeeds(requests, (type, elements) => {
        const array = allocate(type, elements);
        taken.push(array);
        return array;
      });
      if (runAndRead !== undefined) return await runAndRead(feeds, request);
      return request.read(await run(feeds, request.deadlineAtMs));
    } finally {
      if (release !== undefined) for (const array of taken) release(array);
    }
  }

  /** A run of one request confirms the batch dimension, refutes it, or says nothing. */
  #learnFrom(feeds: Tensors, outputs: Tensors, proven: boolean): void {
    const samples = this.#commonRows(feeds);
    if (samples === null) return;
    const reason = rowMismatch(outputs, samples);
    if (reason !== null) {
      this.#axis = { state: 'unbatched', reason };
      return;
    }
    // Equal to another free dimension, the rows could be that one's (time before batch).
    if (proven || samples === 0 || this.#hasFreeDimension(feeds, samples)) return;
    this.#proofs += 1;
    if (this.#proofs >= PROOF_RUNS) this.#axis = { state: 'batched', proven: true };
  }

  #hasFreeDimension(feeds: Tensors, size: number): boolean {
    return this.#options.inputs.some(({ name, shape }) =>
      (feeds[name] as Tensor).dims.some(
        (dim, axis) => axis > 0 && dim === size && typeof shape[axis] === 'string',
      ),
    );
  }

  /** Axis 0 where it is the same on every input, else null. Allocates nothing. */
  #commonRows(feeds: Tensors): number | null {
    let rows: number | null = null;
    for (const { name } of this.#options.inputs) {
      const given = (feeds[name] as Tensor).dims[0] as number;
      if (rows !== null && rows !== given) return null;
      rows = given;
    }
    return rows;
  }
}
