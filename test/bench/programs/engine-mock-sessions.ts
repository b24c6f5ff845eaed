import { BatchedModel } from '../../../engine/runtime/batching/batched-model.ts';
import { systemBatchClock } from '../../../engine/runtime/batching/batch-clock.ts';
import { Batcher } from '../../../engine/runtime/batching/batcher.ts';
import type { ValueInfo } from '../../../engine/runtime/binding.ts';
import { EngineMemory } from '../../../engine/runtime/engine-memory.ts';
import { ReplicaLostError } from '../../../engine/runtime/process/replica-lost-error.ts';
import { ReplicaSet } from '../../../engine/runtime/replica-set.ts';
import { createReplica, type Replica } from '../../../engine/runtime/replica.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';

/** Elements of a row of the feed `x` and of the answer `y = x`. */
export const ROW_ELEMENTS = 8;

const INPUT: ValueInfo = { name: 'x', type: 'float32', shape: ['N', ROW_ELEMENTS] };
const OUTPUT: ValueInfo = { ...INPUT, name: 'y' };
const REPLICAS = 2;
/** One in so many runs loses its replica: its requests are run again. */
const RUNS_A_LOSS = 997;

/** The parts of an engine as `Engine` puts them together, without a runtime. */
export interface MockedEngine {
  readonly batcher: Batcher<Tensors, Tensors>;
  readonly memory: EngineMemory;
}

/** Batches of up to 4; `maxQueued` requests may wait. */
export function createMockedEngine(maxQueued: number): MockedEngine {
  const memory = new EngineMemory('thread');
  const replicas = new ReplicaSet([mockReplica(), mockReplica()], () => undefined);
  const target = new BatchedModel({
    inputs: [INPUT],
    outputs: [OUTPUT],
    run: (feeds) => replicas.run(feeds),
    runAndRead: (feeds, { read }) => replicas.runAndRead(feeds, read),
    allocate: (type, elements) => memory.takeArray(type, elements),
    release: (array) => memory.releaseArray(array),
  });
  const batcher = new Batcher<Tensors, Tensors>({
    target,
    slots: REPLICAS,
    clock: systemBatchClock,
    maxSize: 4,
    maxQueued,
    isRetryable: (thrown) => thrown instanceof ReplicaLostError,
  });
  return { batcher, memory };
}

/** Answers in a later turn, as the binding does, with a copy of what it was fed. */
function mockReplica(): Replica {
  let runs = 0;
  return createReplica({
    inputs: [INPUT],
    outputs: [OUTPUT],
    run: (feeds) =>
      new Promise((resolve, reject) => {
        runs += 1;
        const isLost = runs % RUNS_A_LOSS === 0;
        setImmediate(() => (isLost ? reject(lost()) : resolve(copyOf(feeds))));
      }),
    release: () => Promise.resolve(),
  });
}

function copyOf({ x }: Tensors): Tensors {
  if (x === undefined) throw new Error('a request has no feed x');
  return { y: { ...x, data: (x.data as Float32Array).slice() } };
}

function lost(): ReplicaLostError {
  return new ReplicaLostError('ended', 1, { exitCode: null, signal: 'SIGKILL', stderr: '' });
}
