import { createRandom } from '../../../engine/base/random.ts';
import type { JobMeasurer } from '../../../tuner/nightly/job-measurer.ts';
import type { NightlyJob, NightlyPlan } from '../../../tuner/nightly/nightly-plan.ts';
import { measurement, nightJob } from './night-records.ts';

/** A machine that never was: blocks of 0.5 % noise around what the test says. */
export interface SimulatedMachine {
  /** Candidate over control. */
  ratio: number;
  /** The control's samples per second. */
  control: number;
  /** Facts about the machine, by name. */
  environment: Readonly<Record<string, string>>;
  /** What opening a job throws, by its name. */
  readonly missing: Map<string, string>;
  /** Called before each measurement. */
  onMeasure: (job: string) => void;
  readonly measured: string[];
}

export function simulatedMachine(): SimulatedMachine {
  return {
    ratio: 1,
    control: 100,
    environment: {},
    missing: new Map(),
    onMeasure: () => undefined,
    measured: [],
  };
}

export function simulatedMeasurer(machine: SimulatedMachine): JobMeasurer {
  const random = createRandom(1, 'simulated machine');
  const { setup } = nightJob();
  if (setup === null) throw new Error('a job has a setup');
  return {
    open: async (job) => {
      const missing = machine.missing.get(job.name);
      if (missing !== undefined) throw new Error(missing);
      return {
        setup: { ...setup, seriesKey: `series of ${job.name}` },
        environment: () => machine.environment,
        measure: async () => {
          machine.measured.push(job.name);
          machine.onMeasure(job.name);
          const logRatios = Array.from(
            { length: 6 },
            () => Math.log(machine.ratio) + 0.005 * random.normal(),
          );
          return measurement({ logRatios, controlLevel: machine.control });
        },
      };
    },
  };
}

export function simulatedPlan(...names: readonly string[]): NightlyPlan {
  const workload = { target: 'inspection', dataPath: null, dims: {} };
  const config = { kind: 'config', config: 'default', workload } as const;
  const job = (name: string): NightlyJob => ({
    name,
    candidate: config,
    objective: 'qps',
    metric: 'throughput',
    constraints: [],
    scenario: { name: 'closed-loop' },
    release: null,
    seed: 1,
  });
  return {
    path: '/plans/nightly.yaml',
    sha256: 'plan',
    control: config,
    retune: { kind: 'never' },
    blocks: 6,
    trialMs: 100,
    jobs: names.map(job),
  };
}
