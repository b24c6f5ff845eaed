import { compareTrials, type ComparedTrial } from '../suites/comparison/compare-trials.ts';
import { sendsFullBatches } from '../suites/scenarios/scenario.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { certifyingProtocol } from '../suites/trial/trial-spec.ts';
import type { JobMeasurer, OpenJob } from '../tuner/nightly/job-measurer.ts';
import type { NightMeasurement, NightSetup } from '../tuner/nightly/night-record.ts';
import type { NightlyJob, NightlyPlan } from '../tuner/nightly/nightly-plan.ts';
import type { Store } from '../tuner/store/store.ts';
import { startingTemperature } from './measuring.ts';
import { brokenBounds, completedOf, environmentFacts, levelOf } from './nightly-figures.ts';
import { prepareSide } from './nightly-side.ts';
import { seriesKey, tooFewBlocks, type Sides } from './nightly-series.ts';
import { settleConfig } from './nightly-tuning.ts';
import { powerSensors } from './power-sensors.ts';
import type { MeasuringSurroundings } from './prepare-configs.ts';
import { QUIET_WAIT_MS, TrialSeries, type SeriesConditions } from './trial-series.ts';

/** Fewer blocks than these are no measurement. */
const LEAST_BLOCKS = 2;

/** Measures the jobs of a plan on this machine, and keeps every trial in the store. */
export function machineMeasurer(
  plan: NightlyPlan,
  store: Store,
  around: MeasuringSurroundings,
): JobMeasurer {
  return {
    open: async (job, past) => {
      const { config, retuned } = await settleConfig(job, { retune: plan.retune, past }, around);
      const needsLabels = job.constraints.some(({ kind }) => kind === 'accuracy');
      const fullBatches = sendsFullBatches(job.scenario);
      const options = { seed: job.seed, fullBatches, needsLabels };
      const candidate = await prepareSide(config, options, around);
      const control = await prepareSide(plan.control, { ...options, needsLabels: false }, around);
      const { meters, signal } = around;
      const sensors = await powerSensors({ meters, isNeeded: needsPower(job), signal });
      const conditions = { signal, sensors, ...startingTemperature() };
      const context = { plan, store, around, conditions };
      return new MachineJob(job, { control, candidate, retuned }, context);
    },
  };
}

function needsPower({ metric, constraints }: NightlyJob): boolean {
  return metric === 'energy' || constraints.some(({ kind }) => kind === 'power');
}

interface JobSurroundings {
  readonly plan: NightlyPlan;
  readonly store: Store;
  readonly around: MeasuringSurroundings;
  readonly conditions: SeriesConditions;
}

class MachineJob implements OpenJob {
  readonly setup: NightSetup;
  readonly #job: NightlyJob;
  readonly #sides: Sides;
  readonly #context: JobSurroundings;
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
    const { plan, around, conditions } = this.#context;
    const { metric, name } = this.#job;
    const series = new TrialSeries(`nightly-${name}`, conditions);
    const { blocks, lost, reason } = await compareTrials({
      primary: [{ metric, margin: 0 }],
      seed,
      fixedBlocks: plan.blocks,
      measure: (trial) => this.#trial(series, trial, seed),
      onBlock: (done) => around.progress.step(`${name}: block ${done} of ${plan.blocks}`),
    });
    await this.#keep(series);
    this.#environment = environmentFacts(series.trials);
    const logRatios = blocks.flatMap((block) => block.logRatios[metric] ?? []);
    if (logRatios.length < LEAST_BLOCKS) throw tooFewBlocks(logRatios.length, reason);
    const candidate = completedOf(series.trials, 'b');
    return {
      benchId: series.id,
      logRatios,
      controlLevel: levelOf(completedOf(series.trials, 'a'), metric),
      candidateLevel: levelOf(candidate, metric),
      lost,
      broken: brokenBounds(candidate, this.#job.constraints),
    };
  }

  /** Every trial and its raw samples, so that any figure can be computed again. */
  async #keep(series: TrialSeries): Promise<void> {
    const { workload } = this.#sides.candidate;
    const { record, samples } = series.finish(workload, { comparison: null, peak: null });
    await this.#context.store.saveBench(record, samples);
  }

  #trial(series: TrialSeries, trial: ComparedTrial, seed: number): Promise<TrialRecord> {
    const { scenario } = this.#job;
    const { workload, arm } = trial.side === 'a' ? this.#sides.control : this.#sides.candidate;
    return series.measure({
      workload,
      arm,
      scenario,
      // Both sides of a block get the same arrivals and samples.
      seed: seed + trial.block,
      protocol: certifyingProtocol(this.#context.plan.trialMs, scenario),
      purpose: { kind: 'compare', ...trial },
      quietWaitMs: QUIET_WAIT_MS.paired,
      evaluationCount: this.#isScored(trial) ? workload.evaluationCount : 0,
    });
  }

  #isScored({ side }: ComparedTrial): boolean {
    return side === 'b' && this.#job.constraints.some(({ kind }) => kind === 'accuracy');
  }
}
