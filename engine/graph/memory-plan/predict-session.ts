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
  /** What reading and rewriting the model leaves behind. */
  readonly loadingBytes: number;
  /** Activations and kernels' own work, as the arena holds them. */
  readonly activationBytes: number;
  /** Feeds and outputs of one request on the way to and from the session. */
  readonly requestBytes: number;
  /** The session's largest moment, be it created or run, with one request. */
  readonly sessionBytes: number;
}

/**
 * A trial's feeds exist as they were read, in shared memory, and where the engine receives
 * them (`suites/trial/request-pool.ts`), none of which is given back before the peak.
 */
const FEED_COPIES = 3;
/** The arena's, and the caller's copy, some of which wait for the garbage collector. */
const OUTPUT_COPIES = 4;

export function predictSession(facts: SessionFacts, settings: RunSettings): SessionPrediction {
  const { batch } = settings;
  const { weightsBytes, packedBytes, createdBytes, createPeakBytes } = facts;
  const activationBytes = residentRunBytes(facts.buffers, settings, {
    packedBytes,
    workspaceBytes: bytesAt(facts.workspace, batch),
  });
  const requestBytes =
    FEED_COPIES * bytesAt(facts.feeds, batch) + OUTPUT_COPIES * bytesAt(facts.outputs, batch);
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

/**
 * Replicas with a session each, which share the runtime's code and what loading left free;
 * their requests lie in memory of the engine. Processes share less: the prediction is then
 * at the low end.
 */
export function predictReplicas(
  facts: SessionFacts,
  settings: RunSettings & { readonly replicas: number },
): number {
  const { sessionBytes, activationBytes } = predictSession(facts, settings);
  return sessionBytes + (settings.replicas - 1) * (facts.anotherBytes + activationBytes);
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
