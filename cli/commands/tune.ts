import { UserError } from '../../engine/base/errors.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { runTuning } from '../../tuner/run-tuning.ts';
import { halvingSearcher } from '../../tuner/search/halving-searcher.ts';
import { thisOwner } from '../../tuner/store/run-owner.ts';
import type { Store } from '../../tuner/store/store.ts';
import { interruptible, type Interruption } from '../interruption.ts';
import { machine, measureOn } from '../measuring.ts';
import { openStore, writeResults } from '../results.ts';
import { resumeCommand } from '../store-folder.ts';
import { checkResumeAlone, resumedRun } from '../stored-run.ts';
import { summarizeInterruption, summarizeRun } from '../summary.ts';
import { newRun, planRun, spaceOf, tuneOptionsSchema, type Surroundings } from '../tune-plan.ts';

const EXIT_NOTHING_FEASIBLE = 4;

/** `claw tune [TARGET]`; `given` names the options that were typed. */
export async function tune(
  target: string | undefined,
  rawOptions: unknown,
  given: ReadonlySet<string>,
): Promise<number> {
  const options = tuneOptionsSchema.parse(rawOptions);
  const plan = options.resume === undefined ? planRun(target, options, given) : null;
  if (plan === null) checkResumeAlone(target, given);
  const store = await openStore(options.store);
  try {
    return await interruptible('stopped before anything was measured', async (stoppable) => {
      const around = { options, ...stoppable };
      const run =
        plan === null
          ? await resumedRun(store, typeof options.resume === 'string' ? options.resume : 'latest')
          : await newRun(plan, store, around);
      return drive(run, store, around);
    });
  } finally {
    await store.close();
  }
}

async function drive(started: RunRecord, store: Store, around: Surroundings): Promise<number> {
  const run = started.state === 'finished' ? started : await search(started, store, around);
  const trials = await store.listTrials(run.id);
  around.progress.step('writing the report');
  const written = await writeResults(run, trials, around.options.store);
  around.progress.end();
  if (around.options.json === true) {
    console.log(
      JSON.stringify({ run: run.id, state: run.state, outcome: run.outcome, ...written }),
    );
  } else {
    console.log(
      run.state === 'finished'
        ? summarizeRun(run, trials, written)
        : summarizeInterruption(run, trials, {
            ...written,
            goOn: resumeCommand(run.id, around.options.store),
          }),
    );
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
      console.error(`the run can go on later: ${resumeCommand(run.id, around.options.store)}`);
    }
    throw thrown;
  } finally {
    await store.releaseRun(run.id).catch(() => undefined);
  }
}
