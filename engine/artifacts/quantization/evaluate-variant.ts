import { createSession, type Session } from '../../runtime/binding.ts';
import { defaultEngineConfig } from '../../runtime/engine-config.ts';
import { toSessionOptions } from '../../runtime/session-options.ts';
import type { Tensors } from '../../runtime/tensor.ts';
import { QualityMeter, type Quality } from './quality.ts';

/** Samples in one shape: a batch size, and sizes of the open dimensions. */
export interface EvaluationSet {
  /** For people: `batch 1`, `batch 32, seq 128`. */
  readonly name: string;
  readonly rows: number;
  /** Requests of `rows` samples each. */
  readonly count: number;
  readonly read: (index: number) => Promise<EvaluationRequest>;
}

export interface EvaluationRequest {
  readonly feeds: Tensors;
  /** One class index for each row; null without labels. */
  readonly labels: Int32Array | null;
}

export interface SetQuality extends Quality {
  readonly set: string;
}

/**
 * Runs original and variant on every set, request by request. The original's
 * session is given, since one original is compared with several variants.
 */
export async function evaluateVariant(
  original: Session,
  variantPath: string,
  options: {
    readonly sets: readonly EvaluationSet[];
    readonly threads: number;
    /** Requests of each set at most. */
    readonly most?: number;
  },
): Promise<SetQuality[]> {
  const variant = await openForEvaluation(variantPath, options.threads);
  try {
    const qualities: SetQuality[] = [];
    for (const set of options.sets) {
      const meter = new QualityMeter();
      for (let index = 0; index < Math.min(set.count, options.most ?? Infinity); index += 1) {
        const { feeds, labels } = await set.read(index);
        const outputs = {
          original: await original.run(feeds),
          variant: await variant.run(feeds),
        };
        meter.add(outputs, set.rows, labels);
      }
      qualities.push({ set: set.name, ...meter.result() });
    }
    return qualities;
  } finally {
    await variant.close();
  }
}

/** The level at which variants run in production: that is where their kernels are. */
export function openForEvaluation(path: string, threads: number): Promise<Session> {
  const config = { ...defaultEngineConfig(threads), graphLevel: 'all' } as const;
  return createSession(path, toSessionOptions(config));
}
