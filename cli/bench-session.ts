import { discoverSensors } from '../hosts/power/discover-sensors.ts';
import type { PowerSensor } from '../hosts/power/power-sensor.ts';
import { systemPowerContext } from '../hosts/power/system-context.ts';
import type { BenchRecord, PeakRecord } from '../suites/bench-record.ts';
import { compareTrials } from '../suites/comparison/compare-trials.ts';
import { prepareWorkload } from '../suites/prepare-workload.ts';
import { findPeak, type PeakProbe } from '../suites/scenarios/peak-search.ts';
import {
  sendsFullBatches,
  type LatencyBound,
  type Scenario,
} from '../suites/scenarios/scenario.ts';
import { untilUndisturbed } from '../suites/repeat-trial.ts';
import { toTrialRecord } from '../suites/to-trial-record.ts';
import { certifiesBound, type TrialRecord } from '../suites/trial-record.ts';
import { runTrial } from '../suites/trial/run-trial.ts';
import {
  benchProtocol,
  certifyingProtocol,
  trialProtocol,
  type TrialProtocol,
} from '../suites/trial/trial-spec.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import type { Arm } from '../tuner/arm.ts';
import {
  neededPipelines,
  neededPrecisions,
  resolveConfig,
  withTunedArtifacts,
} from './bench-config.ts';
import { judged, primaryMetric, withMargin } from './bench-judgement.ts';
import type { BenchPlan, ConfigSource } from './bench-plan.ts';
import { hostNoise } from './host-noise.ts';
import {
  machine,
  probeOn,
  startingTemperature,
  thisHost,
  trialTarget,
  variantSettings,
  versions,
} from './measuring.ts';
import type { Progress } from './progress.ts';
import { runName } from './run-name.ts';
import { storePaths } from './store-folder.ts';

/** How long a trial waits for a quiet machine; in a comparison the blocks pair drift away. */
const QUIET_MS = { alone: 10_000, compared: 1000 } as const;
/** Others may use this share of the cores before a trial starts. */
const MAX_BUSY_SHARE = 0.25;
/** Idle power is sampled for this long, where there is a sensor. */
const IDLE_MS = 2000;
const LEAST_TIMEOUT_MS = 300_000;
/** Near saturation the generator is late every time: a rate is not worth a third attempt. */
const PROBE_ATTEMPTS = 2;

export interface BenchSurroundings {
  readonly store: string;
  readonly meters: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface MeasuredBench {
  readonly record: BenchRecord;
  /** Raw latencies of each trial, in their order. */
  readonly samples: readonly (Float64Array | null)[];
}

/** Measures what a plan says, from preparing the workload to the record. */
export async function measureBench(
  plan: BenchPlan,
  around: BenchSurroundings,
): Promise<MeasuredBench> {
  const session = await BenchSession.open(plan, around);
  if (plan.load.kind === 'peak') return session.peak(plan.load.bound);
  const { scenario } = plan.load;
  return plan.against === null ? session.alone(scenario) : session.compare(scenario);
}

function fillsBatches(load: BenchPlan['load']): boolean {
  return load.kind === 'fixed' && sendsFullBatches(load.scenario);
}

interface TrialRequest {
  readonly arm: Arm;
  readonly scenario: Scenario;
  readonly protocol: TrialProtocol;
  readonly seed: number;
  readonly purpose: TrialRecord['purpose'];
  readonly quietWaitMs: number;
  readonly evaluationCount: number;
}

class BenchSession {
  readonly #plan: BenchPlan;
  readonly #around: BenchSurroundings;
  readonly #workload: WorkloadRecord;
  readonly #arm: Arm;
  readonly #against: Arm | null;
  readonly #sensors: readonly PowerSensor[];
  readonly #heat = startingTemperature();
  readonly #createdAt = machine.clock.date().toISOString();
  readonly #id: string;
  readonly #trials: TrialRecord[] = [];
  readonly #samples: (Float64Array | null)[] = [];

  private constructor(
    plan: BenchPlan,
    around: BenchSurroundings,
    parts: {
      readonly workload: WorkloadRecord;
      readonly arm: Arm;
      readonly against: Arm | null;
      readonly sensors: readonly PowerSensor[];
    },
  ) {
    this.#plan = plan;
    this.#around = around;
    this.#workload = parts.workload;
    this.#arm = parts.arm;
    this.#against = parts.against;
    this.#sensors = parts.sensors;
    this.#id = runName(this.#createdAt, `bench-${parts.workload.model.name}`);
  }

  static async open(plan: BenchPlan, around: BenchSurroundings): Promise<BenchSession> {
    const { signal, progress, meters } = around;
    const sources = [plan.config, plan.against];
    // First: the address of a meter may be wrong.
    const { sensors } = await discoverSensors(systemPowerContext(), { meters, signal });
    const prepared = await prepareWorkload({
      target: plan.target,
      dataPath: plan.dataPath,
      dims: plan.dims,
      seed: plan.seed,
      cacheFolder: storePaths(around.store).cache,
      signal,
      onProgress: (message) => progress.step(message),
      needsLabels: false,
      pipelines: neededPipelines(sources),
      precisions: neededPrecisions(sources),
      floors: [],
      ...variantSettings(),
      probe: probeOn(signal),
    });
    const workload = await withTunedArtifacts(prepared, sources);
    const resolve = (source: ConfigSource): Arm =>
      resolveConfig(source, workload, { fullBatches: fillsBatches(plan.load) });
    const arm = resolve(plan.config);
    const against = plan.against === null ? null : resolve(plan.against);
    return new BenchSession(plan, around, { workload, arm, against, sensors });
  }

  async alone(scenario: Scenario): Promise<MeasuredBench> {
    this.#around.progress.step('measuring');
    await this.#valid({
      arm: this.#arm,
      scenario,
      protocol: benchProtocol(this.#plan.durationMs, scenario),
      seed: this.#plan.seed,
      purpose: { kind: 'bench' },
      quietWaitMs: QUIET_MS.alone,
      evaluationCount: this.#workload.evaluationCount,
    });
    return this.#finish({ comparison: null, peak: null });
  }

  async peak(bound: LatencyBound): Promise<MeasuredBench> {
    const startRate = await this.#startRate();
    if (startRate === null) {
      const none = { ratePerSecond: null, failedAt: null, complete: false, confirmedBy: null };
      return this.#finish({ comparison: null, peak: none });
    }
    const found = await findPeak<PeakProbe & { readonly position: number }>({
      startRate,
      seed: this.#plan.seed,
      probe: (ratePerSecond, seed) => this.#probeRate(ratePerSecond, seed, bound),
    });
    const peak: PeakRecord = {
      ratePerSecond: found.best?.ratePerSecond ?? null,
      failedAt: found.failedAt,
      complete: found.complete,
      confirmedBy: found.best?.position ?? null,
    };
    return this.#finish({ comparison: null, peak });
  }

  /** Half of what a closed loop of single samples reaches: below the peak of most. Null: it does not run. */
  async #startRate(): Promise<number | null> {
    this.#around.progress.step('measuring, to see where to begin');
    const scenario = { name: 'single-stream' } as const;
    const trial = await this.#valid({
      arm: this.#arm,
      scenario,
      protocol: trialProtocol(1000),
      seed: this.#plan.seed,
      purpose: { kind: 'bench' },
      quietWaitMs: QUIET_MS.compared,
      evaluationCount: 0,
    });
    const metrics = 'metrics' in trial ? trial.metrics : null;
    return metrics === null ? null : Math.max(1e-3, 500 / metrics.latencyMs.p50);
  }

  async #probeRate(
    ratePerSecond: number,
    seed: number,
    bound: LatencyBound,
  ): Promise<PeakProbe & { readonly position: number }> {
    this.#around.progress.step(`trying ${Number(ratePerSecond.toPrecision(3))} queries/s`);
    const scenario = { name: 'server', ratePerSecond, bound } as const;
    const request: TrialRequest = {
      arm: this.#arm,
      scenario,
      protocol: benchProtocol(this.#plan.durationMs, scenario),
      seed,
      purpose: { kind: 'probe', ratePerSecond, seed },
      quietWaitMs: QUIET_MS.compared,
      evaluationCount: 0,
    };
    const trial = await this.#valid(request, PROBE_ATTEMPTS);
    const position = this.#trials.length - 1;
    return { ratePerSecond, seed, passes: certifiesBound(trial, bound), position };
  }

  async compare(scenario: Scenario): Promise<MeasuredBench> {
    const { store, signal, progress } = this.#around;
    const against = this.#against ?? this.#arm;
    const noise = await hostNoise({ store, signal, onProgress: (text) => progress.step(text) });
    const primary = [primaryMetric(scenario)].map((metric) => withMargin(metric, noise));
    const protocol = certifyingProtocol(this.#plan.durationMs, scenario);
    progress.step('measuring block 1 of 6 at least');
    const comparison = await compareTrials({
      primary,
      seed: this.#plan.seed,
      measure: (trial) =>
        this.#trial({
          arm: trial.side === 'a' ? against : this.#arm,
          scenario,
          protocol,
          // Both sides of a block get the same arrivals and samples.
          seed: this.#plan.seed + trial.block,
          purpose: { kind: 'compare', ...trial },
          quietWaitMs: QUIET_MS.compared,
          evaluationCount: 0,
        }),
      onBlock: (done, next) => {
        if (next.kind === 'more')
          progress.step(`measured block ${done}, next look at ${next.until}`);
      },
    });
    const record = judged(comparison, { primary, noise });
    return this.#finish({ comparison: record, peak: null });
  }

  /** A trial that counts, where the machine allows one. */
  #valid(request: TrialRequest, attempts?: number): Promise<TrialRecord> {
    return untilUndisturbed(() => this.#trial(request), attempts);
  }

  async #trial(request: TrialRequest): Promise<TrialRecord> {
    const { arm, scenario, protocol, seed, purpose } = request;
    const startedAt = machine.clock.date().toISOString();
    const startedMs = machine.clock.nowMs();
    const outcome = await runTrial(
      {
        ...trialTarget(this.#workload, arm.config),
        config: arm.config,
        scenario,
        seed,
        protocol,
        evaluationCount: request.evaluationCount,
        idleMs: IDLE_MS,
      },
      {
        timeoutMs: Math.max(LEAST_TIMEOUT_MS, 2 * protocol.measureMaxMs),
        signal: this.#around.signal,
        files: machine.files,
        quietWaitMs: request.quietWaitMs,
        maxBusyShare: MAX_BUSY_SHARE,
        ...this.#heat,
        sensors: this.#sensors,
      },
    );
    const sequence = this.#trials.length;
    const { record, latenciesMs } = toTrialRecord(
      {
        id: `${this.#id}/${sequence}`,
        runId: this.#id,
        sequence,
        purpose,
        scenario,
        armKey: arm.key,
        config: arm.config,
        startedAt,
        costMs: machine.clock.nowMs() - startedMs,
        hostKey: thisHost().key,
        versions: versions(),
      },
      outcome,
    );
    this.#trials.push(record);
    this.#samples.push(latenciesMs);
    return record;
  }

  #finish(found: Pick<BenchRecord, 'comparison' | 'peak'>): MeasuredBench {
    const record: BenchRecord = {
      schema: 'openclaw.bench/1',
      id: this.#id,
      createdAt: this.#createdAt,
      workload: this.#workload,
      host: thisHost(),
      trials: this.#trials,
      ...found,
    };
    return { record, samples: this.#samples };
  }
}
