import { UserError } from '../engine/base/errors.ts';
import type { PowerSensor } from '../hosts/power/power-sensor.ts';
import { compareTrials, type ComparedTrial } from '../suites/comparison/compare-trials.ts';
import { sendsFullBatches } from '../suites/scenarios/scenario.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { toTrialRecord } from '../suites/to-trial-record.ts';
import { runTrial, type RunTrialOptions } from '../suites/trial/run-trial.ts';
import { certifyingProtocol } from '../suites/trial/trial-spec.ts';
import type { JobMeasurer, OpenJob } from '../tuner/nightly/job-measurer.ts';
import type { NightMeasurement, NightSetup } from '../tuner/nightly/night-record.ts';
import type { NightlyJob, NightlyPlan } from '../tuner/nightly/nightly-plan.ts';
import type { Store } from '../tuner/store/store.ts';
import { machine, startingTemperature, thisHost, trialTarget, versions } from './measuring.ts';
import { brokenBounds, completedOf, environmentFacts, levelOf } from './nightly-figures.ts';
import { nightlySensors, prepareSide, type NightlySurroundings } from './nightly-side.ts';
import { seriesKey, tooFewBlocks, type Sides } from './nightly-series.ts';
import { settleConfig } from './nightly-tuning.ts';
import { runName } from './run-name.ts';

/** How long a trial waits for a quiet machine: the blocks pair drift away. */
const QUIET_MS = 1000;
const MAX_BUSY_SHARE = 0.25;
const IDLE_MS = 2000;
const LEAST_TIMEOUT_MS = 300_000;
/** Fewer blocks than these are no measurement. */
const LEAST_BLOCKS = 2;

/** Measures the jobs of a plan on this machine, and keeps every trial in the store. */
export function machineMeasurer(
  plan: NightlyPlan,
  store: Store,
  around: NightlySurroundings,
): JobMeasurer {
  return {
    open: async (job, past) => {
      const { config, retuned } = await settleConfig(job, { retune: plan.retune, past }, around);
      const needsLabels = job.constraints.some(({ kind }) => kind === 'accuracy');
      const fullBatches = sendsFullBatches(job.scenario);
      const options = { seed: job.seed, fullBatches, needsLabels };
      const candidate = await prepareSide(config, options, around);
      const control = await prepareSide(plan.control, { ...options, needsLabels: false }, around);
      const sensors = await nightlySensors(around);
      if (sensors.length === 0) refuseWithoutSensor(job);
      return new MachineJob(job, { control, candidate, retuned }, { plan, store, around, sensors });
    },
  };
}

function refuseWithoutSensor({ metric, constraints }: NightlyJob): void {
  if (metric !== 'energy' && !constraints.some(({ kind }) => kind === 'power')) return;
  throw new UserError('power decides here, and this machine has no sensor that can be read', {
    remedy: 'see `claw host` for what is missing, or give a power meter: --meter shelly://HOST',
  });
}

interface JobSurroundings {
  readonly plan: NightlyPlan;
  readonly store: Store;
  readonly around: NightlySurroundings;
  readonly sensors: readonly PowerSensor[];
}

/** One comparison being measured: its trials so far. */
interface Series {
  readonly id: string;
  readonly createdAt: string;
  readonly seed: number;
  readonly trials: TrialRecord[];
  readonly samples: (Float64Array | null)[];
}

class MachineJob implements OpenJob {
  readonly setup: NightSetup;
  readonly #job: NightlyJob;
  readonly #sides: Sides;
  readonly #context: JobSurroundings;
  readonly #heat = startingTemperature();
  #environment: Readonly<Record<string, string>> = {};

  constructor(job: NightlyJob, sides: Sides, context: JobSurroundings) {
    this.#job = job;
    this.#sides = sides;
    this.#context = context;
    const { control, candidate, retuned } = sides;
    this.setup = {
      seriesKey: seriesKey(job, sides),
      control: control.record,
      candidate: candidate.record,
      retuned,
    };
  }

  environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  async measure(seed: number): Promise<NightMeasurement> {
    const { plan, around } = this.#context;
    const { metric, name } = this.#job;
    const createdAt = machine.clock.date().toISOString();
    const id = runName(createdAt, `nightly-${name}`);
    const series: Series = { id, createdAt, seed, trials: [], samples: [] };
    const { blocks, lost, reason } = await compareTrials({
      primary: [{ metric, margin: 0 }],
      seed,
      fixedBlocks: plan.blocks,
      measure: (trial) => this.#trial(series, trial),
      onBlock: (done) => around.progress.step(`${name}: block ${done} of ${plan.blocks}`),
    });
    await this.#keep(series);
    this.#environment = environmentFacts(series.trials);
    const logRatios = blocks.flatMap((block) => block.logRatios[metric] ?? []);
    if (logRatios.length < LEAST_BLOCKS) throw tooFewBlocks(logRatios.length, reason);
    const candidate = completedOf(series.trials, 'b');
    return {
      benchId: id,
      logRatios,
      controlLevel: levelOf(completedOf(series.trials, 'a'), metric),
      candidateLevel: levelOf(candidate, metric),
      lost,
      broken: brokenBounds(candidate, this.#job.constraints),
    };
  }

  /** Every trial and its raw samples, so that any figure can be computed again. */
  async #keep({ id, createdAt, trials, samples }: Series): Promise<void> {
    const { workload } = this.#sides.candidate;
    const record = { schema: 'openclaw.bench/1', id, createdAt, workload } as const;
    await this.#context.store.saveBench(
      { ...record, host: thisHost(), trials, comparison: null, peak: null },
      samples,
    );
  }

  async #trial(series: Series, trial: ComparedTrial): Promise<TrialRecord> {
    const { scenario } = this.#job;
    const { workload, arm } = trial.side === 'a' ? this.#sides.control : this.#sides.candidate;
    const startedAt = machine.clock.date().toISOString();
    const startedMs = machine.clock.nowMs();
    const protocol = certifyingProtocol(this.#context.plan.trialMs, scenario);
    const spec = {
      ...trialTarget(workload, arm.config),
      config: arm.config,
      scenario,
      // Both sides of a block get the same arrivals and samples.
      seed: series.seed + trial.block,
      protocol,
      evaluationCount: this.#isScored(trial) ? workload.evaluationCount : 0,
      idleMs: this.#context.sensors.length === 0 ? 0 : IDLE_MS,
    };
    const timeoutMs = Math.max(LEAST_TIMEOUT_MS, 2 * protocol.measureMaxMs);
    const outcome = await runTrial(spec, this.#trialOptions(timeoutMs));
    const sequence = series.trials.length;
    const identity = {
      id: `${series.id}/${sequence}`,
      runId: series.id,
      sequence,
      purpose: { kind: 'compare', ...trial },
      scenario,
      armKey: arm.key,
      config: arm.config,
      startedAt,
      costMs: machine.clock.nowMs() - startedMs,
      hostKey: thisHost().key,
      versions: versions(),
    } as const;
    const { record, latenciesMs } = toTrialRecord(identity, outcome);
    series.trials.push(record);
    series.samples.push(latenciesMs);
    return record;
  }

  #isScored({ side }: ComparedTrial): boolean {
    return side === 'b' && this.#job.constraints.some(({ kind }) => kind === 'accuracy');
  }

  #trialOptions(timeoutMs: number): RunTrialOptions {
    const { around, sensors } = this.#context;
    return {
      timeoutMs,
      signal: around.signal,
      files: machine.files,
      quietWaitMs: QUIET_MS,
      maxBusyShare: MAX_BUSY_SHARE,
      ...this.#heat,
      sensors,
    };
  }
}
