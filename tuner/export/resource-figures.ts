import { UserError } from '../../engine/base/errors.ts';
import { formatBytes, formatCount, formatNumber } from '../../engine/base/units.ts';
import { mean } from '../../engine/base/statistics.ts';
import type { CompletedTrial, TrialRecord } from '../../suites/trial-record.ts';
import { toArm, withoutDelay } from '../arm.ts';
import { tunedConfig, type Tuned } from './tuned.ts';

/** A figure that an orchestrator is given, and the measurement that it comes from, in words. */
interface Figure {
  readonly value: number;
  readonly from: string;
}

/** What to reserve for one engine. */
export interface ResourceFigures {
  /** Cores, in steps of 0.01. */
  readonly cpuCores: Figure;
  readonly memoryRequestBytes: Figure;
  readonly memoryLimitBytes: Figure;
  /** Requests in one engine at which another one should start. */
  readonly inFlight: Figure;
}

/** Head room over the measured peak: for what a longer life and another load add. */
const REQUEST_FACTOR = 1.2;
const LIMIT_FACTOR = 1.5;
/** Of the concurrency at the knee: beyond it requests wait rather than run. */
const KNEE_SHARE = 0.7;

/** `trials` are those of the run; null where only a tuned.json is known. */
export function resourceFigures(
  tuned: Tuned,
  trials: readonly TrialRecord[] | null,
): ResourceFigures {
  const { memoryBytes } = tuned.metrics;
  const peak = `the measured peak of ${formatBytes(memoryBytes)} (PSS of all engine processes, ${formatCount(tuned.metrics.trials, 'trial')})`;
  return {
    cpuCores: cpuCores(tuned, trials ?? []),
    memoryRequestBytes: {
      value: Math.ceil(memoryBytes * REQUEST_FACTOR),
      from: `${REQUEST_FACTOR} x ${peak}`,
    },
    memoryLimitBytes: {
      value: Math.ceil(memoryBytes * LIMIT_FACTOR),
      from: `${LIMIT_FACTOR} x ${peak}`,
    },
    inFlight: inFlight(tuned),
  };
}

function cpuCores(tuned: Tuned, trials: readonly TrialRecord[]): Figure {
  // The search measures an arm without the delay that it ships with.
  const { key } = toArm(withoutDelay(tunedConfig(tuned)));
  const completed = trials.filter(
    (trial): trial is CompletedTrial =>
      trial.state === 'completed' && toArm(withoutDelay(trial.config)).key === key,
  );
  if (completed.length === 0) {
    const { replicas, intraOpThreads } = tuned.config;
    return {
      value: replicas * intraOpThreads,
      from: `${formatCount(replicas, 'replica')} x ${formatCount(intraOpThreads, 'thread')} of the config: without the run's trials it is not known what was used`,
    };
  }
  const used = mean(completed.map(({ metrics }) => metrics.cpuUtilisation));
  return {
    value: Math.max(0.01, Math.ceil(used * 100) / 100),
    from: `the mean CPU time of the config's ${formatCount(completed.length, 'trial')} under full load, ${formatNumber(used)} core-seconds a second`,
  };
}

/** Little's law where an open load was measured; else the clients of the closed loop. */
function inFlight({ metrics: { server }, config }: Tuned): Figure {
  if (server?.state === 'found') {
    const { ratePerSecond, latencyMs } = server;
    const knee = (ratePerSecond * latencyMs.p50) / 1000;
    return {
      value: requests(KNEE_SHARE * knee),
      from: `${KNEE_SHARE} x the ${formatNumber(knee)} requests in flight at the highest rate that kept the bound (${formatNumber(ratePerSecond)}/s x the p50 of ${formatNumber(latencyMs.p50)} ms)`,
    };
  }
  const { replicas, batch } = config;
  return {
    value: requests(KNEE_SHARE * replicas * batch.maxSize),
    from: `${KNEE_SHARE} x the ${replicas * batch.maxSize} samples in flight while it was measured (${formatCount(replicas, 'replica')} x batch ${batch.maxSize})`,
  };
}

/** A whole number from 1 on, of which autoscalers take 32 bits. */
function requests(value: number): number {
  const count = Math.max(1, Math.round(value));
  if (count < 2 ** 31) return count;
  throw new UserError(`the result has ${formatNumber(value)} requests in flight: no server had`, {
    remedy: 'tune the model again: its tuned.json was changed',
  });
}
