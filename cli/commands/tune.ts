import { UserError } from '../../engine/base/errors.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { frontOf } from '../../tuner/front.ts';
import { findPriors } from '../../tuner/priors.ts';
import { writeTable } from '../../tuner/replay/write-table.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { problemOf, runTuning } from '../../tuner/run-tuning.ts';
import { openPooledSearcher, type PooledSearcher } from '../../tuner/search/ask-in-pool.ts';
import { findSearcher } from '../../tuner/search/registry.ts';
import { thisOwner } from '../../tuner/store/run-owner.ts';
import type { Store } from '../../tuner/store/store.ts';
import { EXIT } from '../exit-codes.ts';
import { interruptible, type Interruption } from '../interruption.ts';
import { machine, measureOn } from '../measuring.ts';
import { newRun, type Surroundings } from '../new-run.ts';
import { powerSensors } from '../power-sensors.ts';
import { openStore, writeResults, type WrittenResults } from '../results.ts';
import { spaceOf } from '../run-space.ts';
import { resumeCommand } from '../store-folder.ts';
import { checkResumeAlone, resumedRun } from '../stored-run.ts';
import { summarizeInterruption, summarizeRun } from '../summary.ts';
import {
  mustMeasurePower,
  planRun,
  tuneOptionsSchema,
  type TuneOptions,
  type TunePlan,
} from '../tune-plan.ts';

/** `claw tune [TARGET]`; `given` names the options that were typed. */
export async function tune(
  target: string | undefined,
  rawOptions: unknown,
  given: ReadonlySet<string>,
): Promise<number> {
  const options = tuneOptionsSchema.parse(rawOptions);
  const plan = options.resume === undefined ? await planRun(target, options, given) : null;
  if (plan === null) checkResumeAlone(target, given);
  const store = await openStore(options.store);
  try {
    return await interruptible('stopped before anything was measured', async (stoppable) => {
      const around = { options, ...stoppable };
      const run = await startRun(plan, store, around);
      return drive(run, store, around);
    });
  } finally {
    await store.close();
  }
}

async function startRun(
  plan: TunePlan | null,
  store: Store,
  around: Surroundings,
): Promise<RunRecord> {
  const { resume } = around.options;
  if (plan === null) return resumedRun(store, typeof resume === 'string' ? resume : 'latest');
  // First: a sensor may be missing, the address of a meter may be wrong.
  if (mustMeasurePower(plan.goal, plan.constraints)) {
    await powerSensors({ meters: around.options.meter, isNeeded: true, signal: around.signal });
  }
  return newRun(plan, store, around);
}

async function drive(started: RunRecord, store: Store, around: Surroundings): Promise<number> {
  const { options } = around;
  const run = started.state === 'finished' ? started : await search(started, store, around);
  const trials = await store.listTrials(run.id);
  around.progress.step('writing the report');
  const written = await writeResults(run, trials, options.store);
  if (options.record !== undefined) await writeTable(options.record, trials);
  around.progress.end();
  console.log(
    options.json === true
      ? JSON.stringify(jsonOf(run, trials, written))
      : summaryOf(run, trials, { written, options }),
  );
  if (around.signal.aborted) return (around.signal.reason as Interruption).exitCode;
  return run.outcome?.kind === 'nothing-feasible' ? EXIT.nothingFeasible : 0;
}

function jsonOf(run: RunRecord, trials: readonly TrialRecord[], written: WrittenResults): object {
  return {
    run: run.id,
    state: run.state,
    outcome: run.outcome,
    explanation: run.explanation,
    ...(run.objective === 'pareto' && { front: frontOf(trials, run.constraints) }),
    ...written,
  };
}

function summaryOf(
  run: RunRecord,
  trials: readonly TrialRecord[],
  { written, options }: { readonly written: WrittenResults; readonly options: TuneOptions },
): string {
  if (run.state === 'finished') {
    return summarizeRun(run, trials, { ...written, explains: options.explain === true });
  }
  const goOn = resumeCommand(run.id, options.store);
  return summarizeInterruption(run, trials, { ...written, goOn });
}

async function search(run: RunRecord, store: Store, around: Surroundings): Promise<RunRecord> {
  await claim(run, store);
  let adviser: PooledSearcher | null = null;
  try {
    const { signal } = around;
    const isNeeded = mustMeasurePower(run, run.constraints);
    const sensors = await powerSensors({ meters: run.meters, isNeeded, signal });
    const space = spaceOf(run);
    const problem = problemOf(run, space, await findPriors(store, run));
    adviser = openPooledSearcher({ searcher: run.searcher, problem });
    return await runTuning(run, space, {
      store,
      adviser,
      measure: measureOn(run.workload, { signal, sensors }),
      clock: machine.clock,
      signal,
      onTrial: (progress) => around.progress.trial(progress),
    });
  } catch (thrown) {
    if (thrown instanceof UserError) {
      console.error(`the run can go on later: ${resumeCommand(run.id, around.options.store)}`);
    }
    throw thrown;
  } finally {
    await adviser?.close();
    await store.releaseRun(run.id).catch(() => undefined);
  }
}

/** Takes the right to drive a run. Throws UserError where it cannot be driven here and now. */
async function claim(run: RunRecord, store: Store): Promise<void> {
  if (findSearcher(run.searcher) === undefined) {
    throw new UserError(`run ${run.id} was searched by '${run.searcher}', which is not there`, {
      remedy: 'start a new run',
    });
  }
  if (!(await store.claimRun(run.id, thisOwner(machine.files)))) {
    throw new UserError(`run ${run.id} is being driven by another process`, {
      remedy: 'wait for it, or stop it first',
    });
  }
}
