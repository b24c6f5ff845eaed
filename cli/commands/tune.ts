import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { UsageError, UserError } from '../../engine/base/errors.ts';
import { sha256OfFile } from '../../engine/base/files.ts';
import { describeHost } from '../../hosts/this-host.ts';
import { prepareWorkload } from '../../suites/prepare-workload.ts';
import { findSuite, SUITES } from '../../suites/registry.ts';
import type { WorkloadRecord } from '../../suites/workload-record.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { runTuning } from '../../tuner/run-tuning.ts';
import { halvingSearcher } from '../../tuner/search/halving-searcher.ts';
import { defaultSpace, knobRecord, type Space } from '../../tuner/space.ts';
import { thisOwner } from '../../tuner/store/run-owner.ts';
import type { Store } from '../../tuner/store/store.ts';
import { Interruption, interruptionSignal } from '../interruption.ts';
import { machine, measureOn, probeOn, thisHost, versions } from '../measuring.ts';
import {
  constraintOptionsSchema,
  parseBudgetMs,
  parseConstraints,
  parseCount,
  parseDims,
  storeOptionsSchema,
  workloadOptionsSchema,
} from '../option-values.ts';
import { createProgress, type Progress } from '../progress.ts';
import { openStore, storePaths, writeResults } from '../results.ts';
import { summarizeInterruption, summarizeRun } from '../summary.ts';
import { findRun } from './report.ts';

const optionsSchema = storeOptionsSchema
  .extend(workloadOptionsSchema.shape)
  .extend(constraintOptionsSchema.shape)
  .extend({
    budget: z.string(),
    trials: z.string().optional(),
    resume: z.union([z.string(), z.literal(true)]).optional(),
  });
type Options = z.infer<typeof optionsSchema>;

const EXIT_NOTHING_FEASIBLE = 4;

/** `claw tune [TARGET]`; `given` names the options that were typed. */
export async function tune(
  target: string | undefined,
  rawOptions: unknown,
  given: ReadonlySet<string>,
): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const plan = options.resume === undefined ? planRun(target, options, given) : null;
  if (plan === null) checkResumeAlone(target, given);
  const progress = createProgress(process.stderr);
  const interruption = interruptionSignal();
  const store = await openStore(options.store);
  try {
    const run =
      plan === null
        ? await resumedRun(store, options.resume === true ? 'latest' : (options.resume ?? 'latest'))
        : await newRun(plan, store, { options, progress, signal: interruption.signal });
    return await drive(run, store, { options, progress, signal: interruption.signal });
  } catch (thrown) {
    if (thrown instanceof Interruption) {
      progress.end();
      console.error('stopped before anything was measured');
      return thrown.exitCode;
    }
    throw thrown;
  } finally {
    progress.end();
    interruption.dispose();
    await store.close();
  }
}

interface Plan {
  readonly target: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly constraints: RunRecord['constraints'];
  readonly budget: RunRecord['budget'];
}

/** Everything that can be wrong with the options is found before the first side effect. */
function planRun(target: string | undefined, options: Options, given: ReadonlySet<string>): Plan {
  const name = target ?? SUITES[0].name;
  if (given.has('trials') && given.has('budget')) {
    throw new UsageError('--trials and --budget exclude each other', { remedy: 'give one of them' });
  }
  return {
    target: name,
    dims: parseDims(options.dim),
    seed: parseCount(options.seed, '--seed', 0),
    constraints: parseConstraints(options, findSuite(name)?.defaultSlo ?? null),
    budget:
      options.trials === undefined
        ? { timeMs: parseBudgetMs(options.budget), trials: null }
        : { timeMs: null, trials: parseCount(options.trials, '--trials', 1) },
  };
}

/** A resumed run keeps its own options: mixing others in would make its trials incomparable. */
function checkResumeAlone(target: string | undefined, given: ReadonlySet<string>): void {
  if (target !== undefined) {
    throw new UsageError(`--resume goes on with a run's own target; leave '${target}' out`, {
      remedy: 'a run is named as --resume=RUN',
    });
  }
  const extra = [...given].find((name) => !['resume', 'store', 'json'].includes(name));
  if (extra !== undefined) {
    const flag = extra.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--resume goes on with the run's own options; leave --${flag} out`);
  }
}

interface Surroundings {
  readonly options: Options;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function newRun(plan: Plan, store: Store, around: Surroundings): Promise<RunRecord> {
  const workload = await prepareWorkload({
    target: plan.target,
    dataPath: around.options.data ?? null,
    dims: plan.dims,
    seed: plan.seed,
    cacheFolder: storePaths(around.options.store).cache,
    signal: around.signal,
    onProgress: (message) => around.progress.step(message),
    probe: probeOn(around.signal),
  });
  checkAccuracyMeasurable(plan, workload);
  const host = thisHost();
  const space = spaceOf(host, workload);
  const createdAt = machine.clock.date().toISOString();
  const run: RunRecord = {
    schema: 'openclaw.run/1',
    id: runName(createdAt, workload.model.name),
    createdAt,
    state: 'running',
    workload,
    knobs: knobRecord(space.knobs),
    armCount: space.arms.length,
    objective: 'qps',
    constraints: plan.constraints,
    budget: plan.budget,
    searcher: halvingSearcher.name,
    seed: plan.seed,
    host,
    versions: versions(),
    spentMs: 0,
    outcome: null,
  };
  await store.saveRun(run);
  return run;
}

function checkAccuracyMeasurable(plan: Plan, workload: WorkloadRecord): void {
  const wanted = plan.constraints.some((constraint) => constraint.kind === 'accuracy');
  if (!wanted || workload.evaluationCount > 0) return;
  throw new UsageError('--min-accuracy needs labels, and the data has none', {
    remedy: 'give --data with an array __labels, one class index per sample',
  });
}

/** `20261122-110503-inspection-9f3a`: sorts by time, says what it is, never collides. */
function runName(createdAt: string, model: string): string {
  const stamp = createdAt.replace(/\..*$/, '').replace(/[-:]/g, '').replace('T', '-');
  const name = model
    .replace(/\.onnx$/i, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(0, 32);
  return `${stamp}-${name}-${randomBytes(2).toString('hex')}`;
}

function spaceOf(host: RunRecord['host'], workload: WorkloadRecord): Space {
  return defaultSpace(host.usableCores, workload.batch);
}

async function resumedRun(store: Store, name: string): Promise<RunRecord> {
  const run = await findRun(store, name);
  if (run.state === 'finished') return run;
  const host = describeHost(machine.files);
  if (host.key !== run.host.key || host.usableCores !== run.host.usableCores) {
    throw new UserError(`run ${run.id} was started on another machine, or with other cores`, {
      remedy: 'its trials would not be comparable: start a new run',
    });
  }
  const now = versions();
  if (JSON.stringify(now) !== JSON.stringify(run.versions)) {
    throw new UserError(`run ${run.id} was started with other versions of claw, Node or the runtime`, {
      remedy: 'its trials would not be comparable: start a new run',
    });
  }
  const sha256 = await sha256OfFile(run.workload.model.path).catch(() => null);
  if (sha256 !== run.workload.model.sha256) {
    throw new UserError(
      `the model of run ${run.id}, ${run.workload.model.path}, ${sha256 === null ? 'is gone' : 'has changed'}`,
      { remedy: 'start a new run' },
    );
  }
  return run;
}

async function drive(started: RunRecord, store: Store, around: Surroundings): Promise<number> {
  const run = started.state === 'finished' ? started : await search(started, store, around);
  const trials = await store.listTrials(run.id);
  around.progress.step('writing the report');
  const written = await writeResults(run, trials, around.options.store);
  around.progress.end();
  if (around.options.json === true) {
    console.log(JSON.stringify({ run: run.id, state: run.state, outcome: run.outcome, ...written }));
  } else {
    const isDone = run.state === 'finished';
    console.log(isDone ? summarizeRun(run, trials, written) : summarizeInterruption(run, trials, written));
  }
  if (around.signal.aborted) return (around.signal.reason as Interruption).exitCode;
  return run.outcome?.kind === 'nothing-feasible' ? EXIT_NOTHING_FEASIBLE : 0;
}

async function search(run: RunRecord, store: Store, around: Surroundings): Promise<RunRecord> {
  if (!(await store.claimRun(run.id, thisOwner(machine.files)))) {
    throw new UserError(`run ${run.id} is being driven by another process`, {
      remedy: 'wait for it, or stop it first',
    });
  }
  try {
    return await runTuning(run, spaceOf(run.host, run.workload), {
      store,
      searcher: halvingSearcher,
      measure: measureOn(run.workload, around.signal),
      clock: machine.clock,
      signal: around.signal,
      onTrial: (progress) => around.progress.trial(progress),
    });
  } catch (thrown) {
    if (thrown instanceof UserError) {
      console.error(`the run can go on later: claw tune --resume=${run.id}`);
    }
    throw thrown;
  } finally {
    await store.releaseRun(run.id).catch(() => undefined);
  }
}
