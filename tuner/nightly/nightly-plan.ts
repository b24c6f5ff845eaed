import { dirname, resolve } from 'node:path';
import { sha256OfFile } from '../../engine/base/files.ts';
import { readYamlFile } from '../../engine/base/yaml.ts';
import { COMPARED_METRICS, type ComparedMetric } from '../../suites/comparison/margins.ts';
import { findSuite } from '../../suites/registry.ts';
import type { Scenario } from '../../suites/scenarios/scenario.ts';
import type { Constraint } from '../run-record.ts';
import type { RetunePolicy } from './retune-policy.ts';
import { planSchema, type JobText, type NightlyObjective, type PlanText } from './plan-schema.ts';

/** A suite's name or a model's absolute path, with what it is fed. */
export interface NightlyWorkload {
  readonly target: string;
  readonly dataPath: string | null;
  readonly dims: Readonly<Record<string, number>>;
}

/** What runs, settled: paths are absolute, a config is `default` or a file of knobs. */
export type FixedConfig =
  | { readonly kind: 'tuned'; readonly path: string }
  | { readonly kind: 'config'; readonly config: string; readonly workload: NightlyWorkload };

/** What a job runs. */
export type JobCandidate =
  | FixedConfig
  | { readonly kind: 'budget'; readonly budgetMs: number; readonly workload: NightlyWorkload };

export interface NightlyJob {
  readonly name: string;
  readonly candidate: JobCandidate;
  readonly objective: NightlyObjective;
  readonly metric: ComparedMetric;
  readonly constraints: readonly Constraint[];
  readonly scenario: Scenario;
  /** Day of the release that the frozen baseline belongs to, `YYYY-MM-DD`. */
  readonly release: string | null;
  readonly seed: number;
}

export interface NightlyPlan {
  readonly path: string;
  readonly sha256: string;
  /** What every job is measured in turns with. */
  readonly control: FixedConfig;
  readonly retune: RetunePolicy;
  readonly blocks: number;
  readonly trialMs: number;
  readonly jobs: readonly NightlyJob[];
}

/** Reads a plan; paths in it are relative to its folder. Errors name the file, the line and the field. */
export async function readNightlyPlan(path: string): Promise<NightlyPlan> {
  const text = await readYamlFile<PlanText>(path, planSchema, 'a nightly plan');
  const folder = dirname(resolve(path));
  const { control, retune, blocks, trial, jobs } = text;
  return {
    path: resolve(path),
    sha256: await sha256OfFile(path),
    control: fixedConfig(control, folder),
    retune,
    blocks,
    trialMs: trial,
    jobs: jobs.map((job) => toJob(job, folder)),
  };
}

const METRICS = {
  qps: 'throughput',
  latency: 'p99',
  energy: 'energy',
} as const satisfies Record<NightlyObjective, ComparedMetric>;

/** A change that matters is at least 3 %, and more where the metric's own margin is wider. */
const LEAST_SHARE = 0.03;

export function leastShareOf(metric: ComparedMetric): number {
  return Math.max(LEAST_SHARE, COMPARED_METRICS[metric].margin);
}

function toJob(job: JobText, folder: string): NightlyJob {
  return {
    name: job.name,
    candidate: candidateOf(job, folder),
    objective: job.objective,
    metric: METRICS[job.objective],
    constraints: job.constraints,
    scenario: scenarioOf(job),
    release: job.release ?? null,
    seed: job.seed,
  };
}

function candidateOf(job: JobText, folder: string): JobCandidate {
  if (job.budget === undefined) return fixedConfig(job, folder);
  return { kind: 'budget', budgetMs: job.budget, workload: workloadOf(job, folder) };
}

function fixedConfig(given: PlanText['control'], folder: string): FixedConfig {
  const { tuned, config = 'default' } = given;
  if (tuned !== undefined) return { kind: 'tuned', path: resolve(folder, tuned) };
  const path = config === 'default' ? config : resolve(folder, config);
  return { kind: 'config', config: path, workload: workloadOf(given, folder) };
}

function workloadOf(
  { target, data, dims }: Pick<PlanText['control'], 'target' | 'data' | 'dims'>,
  folder: string,
): NightlyWorkload {
  if (target === undefined)
    throw new Error('the schema wants a target where there is no tuned.json');
  return {
    target: findSuite(target) === undefined ? resolve(folder, target) : target,
    dataPath: data === undefined ? null : resolve(folder, data),
    dims,
  };
}

/** The bound that a server is judged by is the job's own on latency, where it has one. */
function scenarioOf({ scenario, rate, constraints }: JobText): Scenario {
  if (scenario !== 'server') return { name: scenario };
  const latency = constraints.find((one) => one.kind === 'latency');
  const bound =
    latency === undefined ? null : { percentile: latency.percentile, limitMs: latency.limitMs };
  return { name: 'server', ratePerSecond: rate ?? 1, bound };
}
