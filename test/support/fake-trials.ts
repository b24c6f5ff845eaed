import { createRandom } from '../../engine/base/random.ts';
import type { Clock } from '../../engine/base/clock.ts';
import { defaultEngineConfig, type EngineConfig } from '../../engine/runtime/engine-config.ts';
import { latencyFigures } from '../../suites/trial/latency-figures.ts';
import type { TrialMetrics, TrialRecord } from '../../suites/trial-record.ts';
import type { TrialOutcome } from '../../suites/trial/run-trial.ts';
import { readEnvironment } from '../../hosts/profile/environment.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { fakeFiles } from './fake-files.ts';
import type { Arm } from '../../tuner/arm.ts';
import type { Space } from '../../tuner/space.ts';

/** Simulated trials for tests of the search: no model runs. */

export interface FakeFigures {
  readonly qps: number;
  readonly p99Ms?: number;
  readonly memoryBytes?: number;
  readonly accuracy?: number;
}

export function fakeMetrics(figures: FakeFigures): {
  readonly metrics: TrialMetrics;
  readonly latenciesMs: Float64Array;
} {
  const p99 = figures.p99Ms ?? 1;
  const latenciesMs = Float64Array.from({ length: 200 }, (_, index) => (p99 * (index + 1)) / 199);
  const memoryBytes = figures.memoryBytes ?? 200e6;
  const quality =
    figures.accuracy === undefined
      ? {}
      : {
          accuracy: {
            value: figures.accuracy,
            correct: Math.round(figures.accuracy * 1000),
            count: 1000,
          },
        };
  const metrics: TrialMetrics = {
    ...unremarkableMetrics(memoryBytes),
    qps: figures.qps,
    latencyMs: { ...latencyFigures(latenciesMs), p99 },
    samples: 200,
    quality,
  };
  return { metrics, latenciesMs };
}

/** Everything about a trial that most tests do not look at. */
export function unremarkableMetrics(
  memoryBytes: number,
): Omit<TrialMetrics, 'qps' | 'latencyMs' | 'samples' | 'quality'> {
  return {
    qpsWithin: null,
    stability: { lagOne: null, halves: 1, modes: 1, frequencyCv: null },
    generatorLagMs: null,
    unanswered: 0,
    elapsedMs: 1000,
    cpuUtilisation: 1,
    runQueueWait: 0,
    warmupRequests: 50,
    warmupMs: 1000,
    memoryBytes,
    sessionBytes: memoryBytes - 100e6,
    memory: {
      measure: 'pss',
      startBytes: 60e6,
      runtimeBytes: 100e6,
      createdBytes: memoryBytes,
      firstInferenceBytes: memoryBytes,
      endBytes: memoryBytes,
      peakBytes: memoryBytes,
      groupPeakBytes: null,
    },
    cold: { spawnMs: 100, importMs: 20, createMs: 10, firstInferenceMs: 1 },
    energyJPerInference: { state: 'unavailable', reason: 'simulated' },
  };
}

/** The environment of a machine that tells nothing. */
export const bareEnvironment = readEnvironment(fakeFiles({}), new Date(0));

export function fakeOutcome(figures: FakeFigures): TrialOutcome {
  return {
    state: 'completed',
    ...fakeMetrics(figures),
    environment: bareEnvironment,
    warnings: [],
  };
}

export interface FakeTrial {
  readonly arm: Arm;
  readonly sequence: number;
  readonly purpose?: TrialRecord['purpose'];
  readonly costMs?: number;
}

function commonFields(
  trial: FakeTrial,
): Omit<TrialRecord & { state: 'timeout' }, 'state' | 'limitMs'> {
  return {
    schema: 'openclaw.trial/2',
    id: `run/${trial.sequence}`,
    runId: 'run',
    sequence: trial.sequence,
    purpose: trial.purpose ?? { kind: 'search' },
    scenario: { name: 'closed-loop' },
    armKey: trial.arm.key,
    config: trial.arm.config,
    startedAt: '2026-01-01T00:00:00.000Z',
    costMs: trial.costMs ?? 3000,
    hostKey: 'host',
    versions: { openclaw: '0', node: 'v24', onnxruntime: '1.30.0' },
    environment: null,
    warnings: [],
  };
}

export function completedRecord(trial: FakeTrial, figures: FakeFigures): TrialRecord {
  const { metrics } = fakeMetrics(figures);
  return { ...commonFields(trial), state: 'completed', metrics };
}

/** A rate of single requests whose percentiles are all certified to be `certifiedMs`. */
export function rateRecord(
  trial: FakeTrial,
  rate: { readonly ratePerSecond: number; readonly seed: number; readonly certifiedMs: number },
): TrialRecord {
  const { ratePerSecond, seed, certifiedMs } = rate;
  const { metrics } = fakeMetrics({ qps: ratePerSecond, p99Ms: certifiedMs });
  const [p50, p90, p95, p99] = [certifiedMs, certifiedMs, certifiedMs, certifiedMs];
  const certified = { p50, p90, p95, p99, p999: null };
  return {
    ...commonFields({ ...trial, purpose: { kind: 'probe', ratePerSecond, seed } }),
    scenario: { name: 'server', ratePerSecond, bound: null },
    state: 'completed',
    metrics: { ...metrics, latencyMs: { ...metrics.latencyMs, certified } },
  };
}

export function failedRecord(trial: FakeTrial, message = 'broken'): TrialRecord {
  return { ...commonFields(trial), state: 'failed', message };
}

export function fakeRun(space: Space, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    schema: 'openclaw.run/1',
    id: 'run',
    createdAt: '2026-01-01T00:00:00.000Z',
    state: 'running',
    workload: {
      target: 'fake.onnx',
      suite: null,
      model: { name: 'fake.onnx', path: '/models/fake.onnx', sha256: 'abc', sizeBytes: 1000 },
      data: { kind: 'random', description: 'simulated' },
      artifacts: [
        {
          precision: 'fp32',
          golden: null,
          variant: null,
          passes: 'none',
          path: '/models/fake.onnx',
          sha256: 'abc',
          nodes: 1,
        },
      ],
      dataset: '/data',
      dims: {},
      batch: 'free',
      evaluationCount: 0,
      scenario: 'closed-loop',
      seed: 1,
      notes: [],
    },
    knobs: Object.fromEntries(space.knobs.map(({ name, values }) => [name, [...values]])),
    exclude: [],
    tooLarge: 0,
    spaceOptions: [],
    armCount: space.arms.length,
    objective: 'qps',
    pick: 'knee',
    prices: null,
    meters: [],
    constraints: [],
    latencyBoundFrom: 'user',
    budget: { timeMs: 180_000, trials: null },
    trialMs: 1000,
    searcher: 'halving',
    seed: 1,
    host: {
      key: 'host',
      name: 'fake',
      cpu: 'Fake CPU',
      architecture: 'x64',
      isa: ['avx2'],
      cores: 2,
      usableCores: 2,
      memoryBytes: 8e9,
      os: 'none',
      kernel: 'none',
    },
    versions: { openclaw: '0', node: 'v24', onnxruntime: '1.30.0' },
    spentMs: 0,
    outcome: null,
    explanation: null,
    ...changes,
  };
}

/** A machine that never was: replicas and batch pay, threads less, levels a little. */
export function fakeThroughput(config: EngineConfig): number {
  const threads = 1 + 0.4 * (config.intraOpThreads - 1);
  const batch = 1 + 0.3 * (1 - 1 / config.batch.maxSize);
  const level = { disabled: 0.5, basic: 0.8, extended: 0.95, layout: 0.99, all: 1 };
  const memory = (config.arena ? 1 : 0.97) * (config.memPattern ? 1 : 0.99);
  return 1000 * config.replicas * threads * batch * level[config.graphLevel] * memory;
}

/** Draws noisy trials of `fakeThroughput`; sd is that of log QPS. */
export function noisyThroughput(seed: number, sd: number): (arm: Arm) => number {
  const random = createRandom(seed, 'noise');
  return (arm) => fakeThroughput(arm.config) * Math.exp(sd * random.normal());
}

/** A clock that moves only when told. */
export function fakeClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  return {
    nowMs: () => now,
    date: () => new Date(now),
    sleep: async (ms) => {
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

export const twoCoreDefault = defaultEngineConfig(2);
