import { z } from 'zod';
import { UsageError, UserError } from '../../engine/base/errors.ts';
import { sha256OfFile } from '../../engine/base/files.ts';
import { formatNumber, formatPercent, parseDurationMs } from '../../engine/base/units.ts';
import { prepareWorkload } from '../../suites/prepare-workload.ts';
import { describeWarning } from '../../suites/trial-findings.ts';
import type { CompletedTrial } from '../../suites/trial-record.ts';
import { trialProtocol } from '../../suites/trial/trial-spec.ts';
import type { WorkloadRecord } from '../../suites/workload-record.ts';
import { measureArm } from '../../tuner/arm-metrics.ts';
import { checkTunedFiles, readTuned, tunedConfig, type Tuned } from '../../tuner/export/tuned.ts';
import type { MeasuredArm } from '../../tuner/run-record.ts';
import { defaultSpace, toArm, type Arm } from '../../tuner/space.ts';
import { interruptible } from '../interruption.ts';
import { measureOn, probeOn, thisHost } from '../measuring.ts';
import {
  parseCount,
  parseDims,
  storeOptionsSchema,
  workloadOptionsSchema,
} from '../option-values.ts';
import type { Progress } from '../progress.ts';
import { describeConfig } from '../results.ts';
import { storePaths } from '../store-folder.ts';
import { armLines } from '../summary.ts';

const optionsSchema = storeOptionsSchema.extend(workloadOptionsSchema.shape).extend({
  config: z.string().optional(),
  repetitions: z.string(),
  duration: z.string(),
});
type Options = z.infer<typeof optionsSchema>;

const TRIAL_TIMEOUT_MS = 300_000;

/** `claw bench [TARGET] [--config tuned.json]`. */
export async function bench(
  target: string | undefined,
  rawOptions: unknown,
  given: ReadonlySet<string>,
): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const repetitions = parseCount(options.repetitions, '--repetitions', 1);
  const durationMs = parseDurationMs(options.duration, '--duration');
  const tuned = options.config === undefined ? null : await readTuned(options.config);
  const request = tuned === null ? fromOptions(target, options) : fromTuned(tuned, target, given);
  return interruptible('stopped', async ({ signal, progress }) => {
    const prepared = await prepareWorkload({
      ...request,
      cacheFolder: storePaths(options.store).cache,
      signal,
      onProgress: (message) => progress.step(message),
      needsLabels: false,
      pipelines: [],
      probe: probeOn(signal),
    });
    const workload = tuned === null ? prepared : await tunedWorkload(tuned, prepared, options);
    const arm = tuned === null ? defaultArm(workload) : toArm(tunedConfig(tuned));
    const trials = await measure(arm, workload, { repetitions, durationMs, progress, signal });
    progress.end();
    show({ workload, trials, arm: await summarize(arm, trials), tuned }, options);
    return 0;
  });
}

interface BenchRequest {
  readonly target: string;
  readonly dataPath: string | null;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
}

function fromOptions(target: string | undefined, options: Options): BenchRequest {
  if (target === undefined) {
    throw new UsageError('nothing to measure', {
      remedy: "give a suite's name, an .onnx path, or --config with a tuned.json",
    });
  }
  return {
    target,
    dataPath: options.data ?? null,
    dims: parseDims(options.dim),
    seed: parseCount(options.seed, '--seed', 0),
  };
}

/** A tuned.json names its own workload: measured as it was, or not at all. */
function fromTuned(
  tuned: Tuned,
  target: string | undefined,
  given: ReadonlySet<string>,
): BenchRequest {
  const extra = ['data', 'dim', 'seed'].find((name) => given.has(name));
  if (extra !== undefined || target !== undefined) {
    const what = target === undefined ? `--${extra ?? ''}` : `'${target}'`;
    throw new UsageError(`--config measures what the file was tuned for; leave ${what} out`);
  }
  const { suite, data, dims, seed } = tuned.workload;
  return { target: suite ?? tuned.model.path, dataPath: data, dims, seed };
}

/** The workload that runs the very file that was tuned. */
async function tunedWorkload(
  tuned: Tuned,
  prepared: WorkloadRecord,
  options: Options,
): Promise<WorkloadRecord> {
  const { artifact, config } = tuned;
  const sha256 = await sha256OfFile(artifact.path).catch(() => null);
  checkTunedFiles(tuned, { model: prepared.model.sha256, artifact: sha256 }, options.config ?? '');
  const own = { passes: config.passes, path: artifact.path, sha256: artifact.sha256, nodes: 0 };
  return { ...prepared, artifacts: [own] };
}

function defaultArm(workload: WorkloadRecord): Arm {
  const { batch } = workload;
  return defaultSpace(thisHost().usableCores, { batch, passes: ['none'] }).defaultArm;
}

interface Sample {
  readonly trial: Pick<CompletedTrial, 'id' | 'metrics' | 'warnings'>;
  readonly latenciesMs: Float64Array;
}

async function measure(
  arm: Arm,
  workload: WorkloadRecord,
  options: {
    readonly repetitions: number;
    readonly durationMs: number;
    readonly progress: Progress;
    readonly signal: AbortSignal;
  },
): Promise<Sample[]> {
  const measureArmOnce = measureOn(workload, options.signal);
  const samples: Sample[] = [];
  for (let index = 0; index < options.repetitions; index += 1) {
    options.progress.step(`measuring, process ${index + 1} of ${options.repetitions}`);
    const outcome = await measureArmOnce(arm, {
      protocol: trialProtocol(options.durationMs),
      timeoutMs: TRIAL_TIMEOUT_MS,
    });
    if (outcome.state !== 'completed') {
      throw new UserError(
        `the trial ended as ${outcome.state}${'message' in outcome ? `: ${outcome.message}` : ''}`,
      );
    }
    const { latenciesMs, metrics, warnings } = outcome;
    samples.push({ trial: { id: String(index), metrics, warnings: [...warnings] }, latenciesMs });
  }
  return samples;
}

function summarize(arm: Arm, samples: readonly Sample[]): Promise<MeasuredArm> {
  return measureArm(
    arm,
    samples.map((sample) => sample.trial),
    async (id) => samples.find((sample) => sample.trial.id === id)?.latenciesMs ?? null,
  );
}

interface BenchResult {
  readonly workload: WorkloadRecord;
  readonly trials: readonly Sample[];
  readonly arm: MeasuredArm;
  readonly tuned: Tuned | null;
}

function show({ workload, trials, arm, tuned }: BenchResult, options: Options): void {
  const warnings = [...new Set(trials.flatMap(({ trial }) => trial.warnings.map(describeWarning)))];
  if (options.json === true) {
    const tunedQps = tuned?.metrics.qps ?? null;
    console.log(
      JSON.stringify({ workload, config: arm.config, metrics: arm.metrics, tunedQps, warnings }),
    );
    return;
  }
  const lines = [
    `${workload.model.name}: ${describeConfig(arm.config)}`,
    ...(workload.data.kind === 'random' ? [`  ${workload.data.description}`] : []),
    ...armLines([['measured', arm.metrics]]),
    ...(tuned === null ? [] : ['', `  ${comparedWith(tuned, arm)}`]),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ];
  console.log(lines.join('\n'));
}

function comparedWith(tuned: Tuned, arm: MeasuredArm): string {
  const before = tuned.metrics.qps.value;
  const change = arm.metrics.qps.value / before - 1;
  const signed = `${change < 0 ? '-' : '+'}${formatPercent(Math.abs(change))}`;
  return `tuned.json says ${formatNumber(before)} samples/s: ${signed} now, in another hour of the machine`;
}
