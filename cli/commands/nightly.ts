import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf, UserError } from '../../engine/base/errors.ts';
import { makeFolder, writeError, writeFileAtomic } from '../../engine/base/files.ts';
import { EXAMPLE_PLAN } from '../../tuner/nightly/example-plan.ts';
import { junitReport } from '../../tuner/nightly/junit-report.ts';
import { takeNightLock } from '../../tuner/nightly/night-lock.ts';
import type { NightRecord } from '../../tuner/nightly/night-record.ts';
import { openNightStore, type NightStore } from '../../tuner/nightly/night-store.ts';
import { describeVerdict, summarizeJob } from '../../tuner/nightly/night-summary.ts';
import { exitOf, NIGHT_EXIT, worstExit } from '../../tuner/nightly/night-verdict.ts';
import { readNightlyPlan, type NightlyPlan } from '../../tuner/nightly/nightly-plan.ts';
import { runNight } from '../../tuner/nightly/run-night.ts';
import { SCHEDULERS, scheduleText } from '../../tuner/nightly/schedule-unit.ts';
import { isAlive, thisOwner } from '../../tuner/store/run-owner.ts';
import type { Store } from '../../tuner/store/store.ts';
import { interruptible } from '../interruption.ts';
import { machine, thisHost, versions } from '../measuring.ts';
import { clawCommand } from '../nightly-command.ts';
import { writeNightlyPages } from '../nightly-pages.ts';
import { machineMeasurer } from '../nightly-session.ts';
import { storeOptionsSchema } from '../option-values.ts';
import type { MeasuringSurroundings } from '../prepare-configs.ts';
import { openStore } from '../results.ts';

const optionsSchema = storeOptionsSchema.extend({
  init: z.boolean().optional(),
  print: z.enum(SCHEDULERS).optional(),
  junit: z.string().optional(),
  meter: z.array(z.string()).default([]),
});
type NightlyOptions = z.infer<typeof optionsSchema>;

/** `claw nightly [PLAN]`. */
export async function nightly(planPath: string, rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  try {
    if (options.init === true) return await writeExample(planPath, options);
    const plan = await readNightlyPlan(planPath);
    if (options.print !== undefined) return printSchedule(plan, options.print, options);
    return await runPlan(plan, options);
  } catch (thrown) {
    throw asInvalid(thrown);
  }
}

/** 1 means regressed here: whatever keeps a night from being run is invalid, 2. */
function asInvalid(thrown: unknown): unknown {
  if (!(thrown instanceof UserError) || thrown.exitCode === NIGHT_EXIT.invalid) return thrown;
  const { message, remedy = 'claw nightly PLAN --init writes an example of a plan' } = thrown;
  return new UserError(message, { exitCode: NIGHT_EXIT.invalid, remedy, cause: thrown });
}

/** Writes the example where no file is: a plan is never overwritten. */
async function writeExample(path: string, { json }: NightlyOptions): Promise<number> {
  try {
    await makeFolder(dirname(resolve(path)));
    await writeFile(path, EXAMPLE_PLAN, { flag: 'wx' });
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw writeError(path, thrown);
    const remedy = 'give another path, or remove it first';
    throw new UserError(`${path} is there already`, { remedy, cause: thrown });
  }
  console.log(
    json === true ? JSON.stringify({ plan: path }) : `${path}\nrun it: claw nightly ${path}`,
  );
  return 0;
}

function printSchedule(
  plan: NightlyPlan,
  scheduler: (typeof SCHEDULERS)[number],
  { store, json }: NightlyOptions,
): number {
  const text = scheduleText(scheduler, {
    command: clawCommand(),
    planPath: plan.path,
    storeFolder: resolve(store),
    workingFolder: process.cwd(),
  });
  if (json === true) console.log(JSON.stringify({ scheduler, text }));
  else process.stdout.write(text);
  return 0;
}

async function runPlan(plan: NightlyPlan, options: NightlyOptions): Promise<number> {
  const folder = join(options.store, 'nightly');
  const release = await takeNightLock(folder, {
    owner: thisOwner(machine.files),
    isAlive: (owner) => isAlive(owner, machine.files),
  });
  try {
    const store = await openStore(options.store);
    try {
      const message = 'stopped: the night so far is kept, and the next run within 12 hours goes on';
      return await interruptible(message, ({ signal, progress }) =>
        measureNight(plan, options, {
          store,
          nights: openNightStore(join(folder, 'nights')),
          around: { store: options.store, meters: options.meter, signal, progress },
        }),
      );
    } finally {
      await store.close();
    }
  } finally {
    await release();
  }
}

interface NightStores {
  readonly store: Store;
  readonly nights: NightStore;
  readonly around: MeasuringSurroundings;
}

async function measureNight(
  plan: NightlyPlan,
  options: NightlyOptions,
  { store, nights, around }: NightStores,
): Promise<number> {
  const { key, name, cpu, kernel } = thisHost();
  const { progress, signal } = around;
  const night = await runNight(plan, {
    store: nights,
    measurer: machineMeasurer(plan, store, around),
    clock: machine.clock,
    signal,
    owner: thisOwner(machine.files),
    host: { key, name, cpu, kernel },
    versions: versions(),
    onStep: (message) => progress.step(message),
    onJob: (job) => {
      progress.end();
      if (options.json !== true) console.log(summarizeJob(job));
    },
  });
  const page = join(nights.folder, '..', 'index.html');
  const judged = worstExit(night.jobs.map(({ verdict }) => verdict));
  const failures = await written([
    () => writeJunit(night, options),
    async () => writeNightlyPages(plan, await storedWith(nights, night), nights.folder),
  ]);
  // The verdicts are known by now: what cannot be written must not hide a regression.
  const exit = failures.length > 0 && judged !== 'regressed' ? 'invalid' : judged;
  if (options.json === true) console.log(JSON.stringify(jsonOf(night, { exit, page })));
  else if (failures.length === 0) console.log(`page    ${page}`);
  return NIGHT_EXIT[exit];
}

/** What could not be written, each told on stderr. */
async function written(writes: readonly (() => Promise<void>)[]): Promise<UserError[]> {
  const failures: UserError[] = [];
  for (const write of writes) {
    try {
      await write();
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      console.error(`claw: ${thrown.message}`);
      failures.push(thrown);
    }
  }
  return failures;
}

async function writeJunit(night: NightRecord, { junit }: NightlyOptions): Promise<void> {
  if (junit !== undefined) await writeFileAtomic(junit, junitReport(night));
}

/** The stored nights with tonight as it is known here: a full disk may have kept an older one. */
async function storedWith(nights: NightStore, night: NightRecord): Promise<NightRecord[]> {
  const stored = (await nights.list()).nights.filter(({ id }) => id !== night.id);
  return [...stored, night];
}

function jsonOf(
  night: NightRecord,
  { exit, page }: { readonly exit: keyof typeof NIGHT_EXIT; readonly page: string },
): object {
  return {
    night: night.id,
    result: exit,
    exitCode: NIGHT_EXIT[exit],
    page,
    jobs: night.jobs.map((job) => ({
      ...job,
      result: exitOf(job.verdict),
      summary: describeVerdict(job),
    })),
  };
}
