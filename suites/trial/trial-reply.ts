import { usableCores } from '../../engine/devices/usable-cores.ts';
import { compareEnvironments } from '../../hosts/profile/environment-change.ts';
import type { InvalidReason } from '../trial-findings.ts';
import type { TrialMetrics } from '../trial-record.ts';
import type { FinishedLoad } from './drive-load.ts';
import { loadFigures } from './load-figures.ts';
import type { OpenTrial } from './open-trial.ts';
import {
  fastestMhz,
  type DrivenTrial,
  type FirstInference,
  type WarmedTrial,
} from './trial-phases.ts';
import type { Span, TrialReply, TrialSpec } from './trial-spec.ts';
import { invalidReasons, suspicions, type Evidence } from './validity.ts';

/** What the phases of a trial found. */
export interface FinishedPhases {
  readonly first: FirstInference;
  readonly idle: Span | null;
  readonly warm: WarmedTrial;
  readonly driven: DrivenTrial;
  readonly quality: TrialMetrics['quality'];
  readonly wrong: readonly InvalidReason[];
}

/** The figures of a trial, and whether they count. */
export function trialReply(trial: OpenTrial, phases: FinishedPhases): TrialReply {
  const { driven, warm } = phases;
  const metrics = metricsOf(trial, phases);
  const evidence = evidenceOf(trial, driven, metrics);
  return {
    kind: 'measured',
    metrics,
    reasons: [...phases.wrong, ...invalidReasons(evidence)],
    warnings: [...warm.warnings, ...suspicions(evidence)],
    environment: driven.environment,
    latenciesMs: driven.load.latenciesMs,
    load: driven.span,
    idle: phases.idle,
  };
}

function metricsOf({ shape, opening }: OpenTrial, phases: FinishedPhases): TrialMetrics {
  const { first, warm, driven, quality } = phases;
  const { memory } = driven;
  const spanMs = driven.span.toMs - driven.span.fromMs;
  const samplesPerQuery = shape.requestsPerQuery * shape.rowsPerRequest;
  const frequenciesMhz = [...warm.frequenciesMhz, ...fastestMhz(driven.after)];
  return {
    ...loadFigures(driven.load, { samplesPerQuery, frequenciesMhz }),
    unanswered: driven.load.unanswered,
    cpuUtilisation: driven.cpuMs / spanMs,
    runQueueWait: driven.runQueueWaitMs === null ? null : driven.runQueueWaitMs / spanMs,
    warmupRequests: warm.requests,
    warmupMs: warm.elapsedMs,
    memoryBytes: memory.peakBytes,
    sessionBytes: Math.max(0, memory.peakBytes - memory.runtimeBytes),
    memory,
    cold: { ...opening.cold, firstInferenceMs: first.ms },
    energyJPerInference: {
      state: 'unavailable',
      reason: 'no power sensor works here: claw host says why',
    },
    quality,
  };
}

function evidenceOf(
  { spec, context, shape }: OpenTrial,
  driven: DrivenTrial,
  metrics: TrialMetrics,
): Evidence {
  const monotonic = driven.span.toMs - driven.span.fromMs;
  return {
    config: spec.config,
    scenario: spec.scenario,
    shape,
    usableCores: usableCores(context.files),
    metrics,
    queries: {
      count: driven.load.latenciesMs.length,
      wanted: spec.protocol.measureMinRequests,
    },
    measured: { ms: measuredMs(driven.load, spec), wantedMs: spec.protocol.measureMs },
    gaveUp: driven.load.gaveUp,
    change: compareEnvironments(driven.environment, driven.after, monotonic),
    after: driven.after,
    lostProcesses: driven.lostProcesses,
    clocks: { wallMs: driven.wallMs, monotonicMs: monotonic },
  };
}

/** A schedule that was kept has its full length, though its last arrival came before the end. */
function measuredMs(load: FinishedLoad, { protocol }: TrialSpec): number {
  return load.lagsMs === null ? load.elapsedMs : Math.max(load.elapsedMs, protocol.measureMs);
}
