import { residentRunBytes, type RunSettings } from './run-memory.ts';
import type { SessionFacts } from './session-facts.ts';
import { bytesAt } from './size-law.ts';

/** What one session is expected to take once it has run, in resident bytes. */
export interface SessionPrediction {
  readonly batch: number;
  /** Weights of the graph that is executed. */
  readonly weightsBytes: number;
  /** Copies of them in the layout that kernels multiply. */
  readonly packedBytes: number;
  /** What reading and rewriting the model leaves behind, and the runtime's code. */
  readonly loadingBytes: number;
  /** Activations and kernels' own work, as the arena holds them. */
  readonly activationBytes: number;
  /** Feeds on the way to the session, outputs that were given to callers, their heap. */
  readonly requestBytes: number;
  /** The session's largest moment, be it created or run, with one request. */
  readonly sessionBytes: number;
}

/**
 * A trial's feeds exist as they were read, in shared memory, and where the engine receives
 * them (`suites/trial/request-pool.ts`), none of which is given back before the peak.
 */
const FEED_COPIES = 3;
/**
 * Outputs are copied for the caller, and are small objects to the garbage collector, which
 * lets many of them wait: those of 24 runs in the shortest trials (an encoder with outputs of
 * 0.2 to 3 MB), and in long ones about this many bytes.
 */
const WAITING_RUNS = 24;
const MAX_WAITING_BYTES = 64 * 2 ** 20;
/** What a load adds to the JavaScript heap: measured with a model that takes nothing. */
const HEAP_BYTES = 4 * 2 ** 20;

export function predictSession(facts: SessionFacts, settings: RunSettings): SessionPrediction {
  const { batch } = settings;
  const { weightsBytes, packedBytes, createdBytes, createPeakBytes } = facts;
  const activationBytes = residentRunBytes(facts, settings);
  const waitingBytes = Math.min(WAITING_RUNS * bytesAt(facts.outputs, batch), MAX_WAITING_BYTES);
  const requestBytes = FEED_COPIES * bytesAt(facts.feeds, batch) + waitingBytes + HEAP_BYTES;
  return {
    batch,
    weightsBytes,
    packedBytes,
    loadingBytes: Math.max(0, createdBytes - weightsBytes - packedBytes),
    activationBytes,
    requestBytes,
    sessionBytes: Math.max(createPeakBytes, createdBytes + activationBytes + requestBytes),
  };
}

/** A worker's JavaScript heap and the modules that it loads: measured with small models. */
const THREAD_BYTES = 20 * 2 ** 20;

/**
 * Replicas with a session each. They share the runtime's code, but not what loading leaves
 * free: each thread has memory of its own in the C library, and so has each process.
 */
export function predictReplicas(
  facts: SessionFacts,
  settings: RunSettings & { readonly replicas: number; readonly threads: boolean },
): number {
  const { replicas, threads } = settings;
  const { sessionBytes } = predictSession(facts, settings);
  const another = sessionBytes - facts.sharedBytes;
  return sessionBytes + (replicas - 1) * another + (threads ? replicas * THREAD_BYTES : 0);
}

/**
 * How far a prediction may be from what is measured: this share of the measurement, or
 * this many bytes where that is more (`npm run bench:memory`).
 */
export const PREDICTION_TOLERANCE = Object.freeze({ share: 0.25, bytes: 8 * 2 ** 20 });

export function isWithinTolerance(predictedBytes: number, measuredBytes: number): boolean {
  const { share, bytes } = PREDICTION_TOLERANCE;
  return Math.abs(predictedBytes - measuredBytes) <= Math.max(share * measuredBytes, bytes);
}

/** The least that a measurement can be whose prediction is within the tolerance. */
export function leastMeasured(predictedBytes: number): number {
  const { share, bytes } = PREDICTION_TOLERANCE;
  return Math.max(0, Math.min(predictedBytes / (1 + share), predictedBytes - bytes));
}
