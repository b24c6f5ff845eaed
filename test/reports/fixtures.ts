import type { InvalidReason } from '../../suites/trial-findings.ts';
import { unremarkableMetrics } from '../support/fake-trials.ts';
import { createRandom } from '../../engine/base/random.ts';
import { defaultEngineConfig, type EngineConfig } from '../../engine/runtime/engine-config.ts';
import {
  trialRecordSchema,
  type CompletedTrial,
  type TrialMetrics,
  type TrialRecord,
} from '../../suites/trial-record.ts';
import {
  runRecordSchema,
  type MeasuredArm,
  type RunOutcome,
  type RunRecord,
  type Verdict,
  type Verification,
} from '../../tuner/run-record.ts';

/**
 * Hand-made records of one run on two cores: the default first, a search, six
 * pairs. Every record passes the schemas, so a test cannot draw what a run
 * cannot write.
 */

const VERSIONS = { openclaw: '0.1.0', node: '24.21.0', onnxruntime: '1.30.0' };
const RUN_ID = '20260301-100000-k3f9';

export interface ArmChanges extends Partial<Omit<EngineConfig, 'batch'>> {
  readonly batchSize?: number;
}

/** The default config of two cores with changes; replicas move to threads as the tuner has it. */
export function configWith({ batchSize = 1, ...changes }: ArmChanges = {}): EngineConfig {
  const base = { ...defaultEngineConfig(2), ...changes };
  return {
    ...base,
    spinning: base.spinning && base.intraOpThreads > 1,
    isolation: base.replicas > 1 ? 'thread' : base.isolation,
    batch: { maxSize: batchSize, maxDelayMs: 0 },
  };
}

function keyOf(config: EngineConfig): string {
  return JSON.stringify(config);
}

/** A machine that never was: what each setting does to throughput and latency. */
function modelled(config: EngineConfig): { qps: number; latencyMs: number } {
  const threads = 1 + 0.42 * (config.intraOpThreads - 1);
  const replicas = 1 + 0.97 * (config.replicas - 1);
  const batch = 1 + 0.24 * (1 - 1 / config.batch.maxSize);
  const level = { disabled: 0.62, basic: 0.8, extended: 0.97, layout: 0.99, all: 1 }[
    config.graphLevel
  ];
  const rest =
    (config.spinning ? 1.03 : 1) * (config.arena ? 1 : 0.97) * (config.memPattern ? 1 : 0.995);
  const qps = 2030 * threads * replicas * batch * level * rest;
  return { qps, latencyMs: (1e3 * config.batch.maxSize * config.replicas) / qps };
}

export interface TrialOptions {
  readonly config?: EngineConfig;
  readonly sequence?: number;
  readonly purpose?: TrialRecord['purpose'];
  /** Factor on the modelled throughput. */
  readonly noise?: number;
  readonly metrics?: Partial<TrialMetrics>;
  readonly warnings?: TrialRecord['warnings'];
}

function commonOf({ config = configWith(), sequence = 0, purpose, warnings }: TrialOptions) {
  return {
    schema: 'openclaw.trial/2' as const,
    id: `t${sequence}`,
    runId: RUN_ID,
    sequence,
    purpose: purpose ?? { kind: 'search' as const },
    scenario: { name: 'closed-loop' as const },
    armKey: keyOf(config),
    config,
    startedAt: new Date(Date.UTC(2026, 2, 1, 10, 0, sequence * 4)).toISOString(),
    costMs: 3500 + (sequence % 7) * 100,
    hostKey: '5f0c2a9d41',
    versions: VERSIONS,
    environment: null,
    warnings: warnings ?? [],
  };
}

export function completedTrial(options: TrialOptions = {}): CompletedTrial {
  const config = options.config ?? configWith();
  const record = {
    ...commonOf(options),
    state: 'completed' as const,
    metrics: { ...metricsOf(config, options.noise ?? 1), ...options.metrics },
  };
  return trialRecordSchema.parse(record) as CompletedTrial;
}

type Ending =
  | { state: 'failed' | 'out-of-memory'; message: string }
  | { state: 'timeout'; limitMs: number }
  | { state: 'invalid'; reasons: InvalidReason[]; metrics: TrialMetrics | null };

export function endedTrial(ending: Ending, options: TrialOptions = {}): TrialRecord {
  return trialRecordSchema.parse({ ...commonOf(options), ...ending });
}

const UNCERTIFIED = { p50: null, p90: null, p95: null, p99: null, p999: null };
const OPEN = { low: null, high: null };

function metricsOf(config: EngineConfig, noise: number): TrialMetrics {
  const { qps, latencyMs } = modelled(config);
  const p50 = latencyMs / noise;
  const memoryBytes = (96 + 22 * config.replicas + 1.4 * config.batch.maxSize) * 2 ** 20;
  return {
    ...unremarkableMetrics(memoryBytes),
    sessionBytes: memoryBytes - 78 * 2 ** 20,
    qps: qps * noise,
    latencyMs: {
      count: 2400,
      mean: p50 * 1.03,
      sd: p50 * 0.12,
      mad: p50 * 0.04,
      p50,
      p90: p50 * 1.12,
      p95: p50 * 1.22,
      p99: p50 * 1.55,
      p999: p50 * 2.4,
      max: p50 * 3.1,
      certified: UNCERTIFIED,
      intervals: { p50: OPEN, p90: OPEN, p95: OPEN, p99: OPEN, p999: OPEN },
    },
    samples: 2400 * config.batch.maxSize,
    elapsedMs: 2000,
    cpuUtilisation: Math.min(2, config.replicas * config.intraOpThreads * 0.97),
    energyJPerInference: { state: 'unavailable', reason: 'no power sensor was found' },
    cold: { spawnMs: 61, importMs: 38, createMs: 12.5 * config.replicas, firstInferenceMs: 3.2 },
    quality: { accuracy: { value: 0.971, correct: 971, count: 1000 } },
  };
}

export const WINNER = configWith({ replicas: 2, intraOpThreads: 1, batchSize: 8, spinning: false });

/** A search over the knobs, the default first, then six pairs of `candidate`. */
export function trialsOfRun(
  options: { search?: number; candidate?: EngineConfig; gain?: number } = {},
): TrialRecord[] {
  const { search = 36, candidate = WINNER } = options;
  const random = createRandom(11);
  const noise = (): number => 1 + 0.012 * random.normal();
  const trials: TrialRecord[] = [completedTrial({ noise: noise() })];
  for (const config of random.shuffled(searchSpace()).slice(0, search - 1)) {
    const sequence = trials.length;
    trials.push(searchTrial(config, sequence, noise()));
  }
  for (let pair = 0; pair < 6; pair += 1)
    trials.push(...pairOf(pair, trials.length, candidate, noise));
  return trials;
}

function searchTrial(config: EngineConfig, sequence: number, noise: number): TrialRecord {
  if (sequence === 9) {
    return endedTrial({ state: 'timeout', limitMs: 30_000 }, { config, sequence });
  }
  if (sequence === 17 || sequence === 23) {
    const message = 'the process ended by SIGKILL while creating session 2: out of memory';
    return endedTrial({ state: 'out-of-memory', message }, { config, sequence });
  }
  const warnings: TrialRecord['warnings'] =
    sequence % 8 === 5
      ? [{ kind: 'no-steady-state', span: 0.034, windows: 12 }]
      : sequence % 11 === 6
        ? [
            { kind: 'contention', cores: 1.4, expected: 2 },
            { kind: 'drift', ratio: 1.043 },
          ]
        : [];
  return completedTrial({ config, sequence, noise, warnings });
}

function pairOf(
  pair: number,
  first: number,
  candidate: EngineConfig,
  noise: () => number,
): readonly TrialRecord[] {
  const roles =
    pair % 2 === 0 ? (['default', 'candidate'] as const) : (['candidate', 'default'] as const);
  return roles.map((role, index) =>
    completedTrial({
      config: role === 'default' ? configWith() : candidate,
      sequence: first + index,
      purpose: { kind: 'verify', pair, role, candidate: keyOf(candidate) },
      noise: noise(),
    }),
  );
}

/** Every arm of the space but the default, without repeats. */
function searchSpace(): readonly EngineConfig[] {
  const arms = new Map<string, EngineConfig>();
  for (const [replicas, intraOpThreads] of [
    [1, 1],
    [1, 2],
    [2, 1],
  ] as const) {
    for (const batchSize of [1, 2, 4, 8, 16, 32]) {
      for (const graphLevel of ['disabled', 'basic', 'extended', 'all'] as const) {
        for (const spinning of [true, false]) {
          for (const arena of [true, false]) {
            for (const memPattern of [true, false]) {
              const config = configWith({
                replicas,
                intraOpThreads,
                batchSize,
                graphLevel,
                spinning,
                arena,
                memPattern,
              });
              arms.set(keyOf(config), config);
            }
          }
        }
      }
    }
  }
  arms.delete(keyOf(configWith()));
  return [...arms.values()];
}

export function measuredArm(
  config: EngineConfig,
  changes: Partial<MeasuredArm['metrics']> = {},
): MeasuredArm {
  const metrics = metricsOf(config, 1);
  const { p50, p90, p95, p99 } = metrics.latencyMs;
  return {
    armKey: keyOf(config),
    config,
    metrics: {
      qps: { value: metrics.qps, low: metrics.qps * 0.985, high: metrics.qps * 1.015 },
      latencyMs: { p50, p90, p95, p99, certified: false },
      memoryBytes: metrics.memoryBytes,
      sessionBytes: metrics.sessionBytes,
      energyJPerInference: metrics.energyJPerInference,
      quality: { accuracy: 0.971 },
      trials: 6,
      ...changes,
    },
  };
}

/** Pairs around `ratio`, which is what the candidate is over the default. */
export function verificationOf(
  ratio: number,
  { verdict = 'better', candidate = WINNER }: { verdict?: Verdict; candidate?: EngineConfig } = {},
): Verification {
  const offsets = [-0.012, 0.006, 0.015, -0.004, -0.009, 0.004];
  return {
    candidate: keyOf(candidate),
    pairs: offsets.map((offset, pair) => ({
      pair,
      order: pair % 2 === 0 ? 'AB' : 'BA',
      defaultTrial: `d${pair}`,
      candidateTrial: `c${pair}`,
      logRatio: Math.log(ratio) + offset,
    })),
    ratio: { value: ratio, low: ratio * 0.989, high: ratio * 1.011 },
    margin: 0.02,
    verdict,
  };
}

export function winnerOutcome(): RunOutcome {
  return {
    kind: 'winner',
    shipped: measuredArm(WINNER),
    baseline: measuredArm(configWith()),
    verification: verificationOf(modelled(WINNER).qps / modelled(configWith()).qps),
    reason: 'better than the default in every pair, and every constraint holds',
  };
}

export function defaultOutcome(verification: Verification | null = null): RunOutcome {
  return {
    kind: 'default',
    shipped: measuredArm(configWith()),
    baseline: measuredArm(configWith()),
    verification,
    reason:
      verification === null
        ? 'no arm was faster than the default in the search'
        : 'the best candidate is not better beyond the noise',
  };
}

export function runRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return runRecordSchema.parse({
    schema: 'openclaw.run/1',
    id: RUN_ID,
    createdAt: '2026-03-01T10:00:00.000Z',
    state: 'finished',
    workload: workload(),
    knobs: {
      graphLevel: ['disabled', 'basic', 'extended', 'all'],
      replicas: [1, 2],
      intraOpThreads: [1, 2],
      spinning: [true, false],
      'batch.maxSize': [1, 2, 4, 8, 16, 32],
      arena: [true, false],
      memPattern: [true, false],
    },
    armCount: 384,
    objective: 'qps',
    constraints: [{ kind: 'latency', percentile: 'p99', limitMs: 66 }],
    budget: { timeMs: 180_000, trials: null },
    trialMs: 1000,
    searcher: 'halving',
    seed: 7,
    host: host(),
    versions: VERSIONS,
    spentMs: 171_400,
    outcome: winnerOutcome(),
    ...changes,
  });
}

export function workload(changes: Partial<RunRecord['workload']> = {}): RunRecord['workload'] {
  return {
    target: 'inspection',
    suite: 'inspection',
    model: {
      name: 'surface-inspection',
      path: '.claw/cache/inspection/model.onnx',
      sha256: '9b74c9897bac770ffc029102a200c5de1f2f3a4b5c6d7e8f90a1b2c3d4e5f607',
      sizeBytes: 412_672,
    },
    data: {
      kind: 'suite',
      description: '1,000 held-out images of surfaces, 64 by 64, four classes',
    },
    artifacts: [
      {
        precision: 'fp32',
        golden: null,
        variant: null,
        passes: 'none',
        path: '/models/net.onnx',
        sha256: 'abc',
        nodes: 1,
      },
    ],
    dataset: '.claw/cache/inspection/data',
    dims: {},
    batch: 'free',
    evaluationCount: 1000,
    scenario: 'closed-loop',
    seed: 7,
    notes: ['fp32 accuracy 97.1 %', 'ridge classifier on raw pixels 61.4 %'],
    ...changes,
  };
}

function host(): RunRecord['host'] {
  return {
    key: '5f0c2a9d41',
    name: 'bench-1',
    cpu: 'Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz',
    architecture: 'x64',
    isa: ['avx2', 'avx512f', 'avx512_vnni', 'amx_int8'],
    cores: 2,
    usableCores: 2,
    memoryBytes: 16 * 2 ** 30,
    os: 'Debian GNU/Linux 12',
    kernel: '6.1.0',
  };
}

/** An int8 variant of the model, one node of it kept in fp32. */
export function variantArtifact(): RunRecord['workload']['artifacts'][number] {
  const quality = { samples: 1000, cosine: 0.9987, sqnrDb: 26.3, agreement: 0.991 };
  return {
    precision: 'int8-static',
    golden: null,
    passes: 'clean',
    path: '/cache/variant/model.onnx',
    sha256: 'def',
    nodes: 40,
    variant: {
      precision: 'int8-static',
      method: 'entropy',
      calibration: { requests: 256, seconds: 3.21, peakBytes: 3e8 },
      quantized: 6,
      kept: ['logits'],
      skipped: [],
      quality: [{ set: 'batch 1', ...quality, accuracy: 0.966, originalAccuracy: 0.971 }],
      integerShare: 0.93,
      sizeBytesBefore: 412_672,
      sizeBytesAfter: 110_000,
    },
  };
}
