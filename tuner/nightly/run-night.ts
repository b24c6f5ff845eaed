import type { Clock } from '../../engine/base/clock.ts';
import { messageOf } from '../../engine/base/errors.ts';
import type { RunOwner } from '../store/store.ts';
import { nightsOfJob } from './job-history.ts';
import type { JobMeasurer } from './job-measurer.ts';
import { NIGHT_SCHEMA, type NightJob, type NightRecord } from './night-record.ts';
import type { NightStore } from './night-store.ts';
import type { NightlyJob, NightlyPlan } from './nightly-plan.ts';
import { runJob } from './run-job.ts';

export interface NightContext {
  readonly store: NightStore;
  readonly measurer: JobMeasurer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly owner: RunOwner;
  readonly host: NightRecord['host'];
  readonly versions: NightRecord['versions'];
  readonly onStep: (message: string) => void;
  /** Called after each job, with whether it was measured now or by the killed night before. */
  readonly onJob: (job: NightJob) => void;
}

/** A killed night is gone on with while it is as young as this; later it is another night. */
const RESUME_MS = 12 * 3600 * 1000;

/**
 * Runs a night: every job in turn, the record written after each. The caller holds the
 * lock, so a night that is still `running` belongs to a dead process: it is resumed when it
 * is young and of the same plan, host and versions, else marked interrupted. Rejects with
 * the signal's reason when aborted, the night so far being marked.
 */
export async function runNight(plan: NightlyPlan, context: NightContext): Promise<NightRecord> {
  const { nights, unreadable } = await context.store.list();
  for (const line of unreadable) context.onStep(`left out of the history: ${line}`);
  const last = nights.at(-1) ?? null;
  const resumed = last !== null && canResume(last, plan, context);
  if (last?.state === 'running' && !resumed) {
    await context.store.save({ ...last, state: 'interrupted' });
  }
  const earlier = resumed ? nights.slice(0, -1) : nights;
  if (resumed) context.onStep(`going on with the night ${last.id}, which was stopped`);
  const started = resumed ? last : newNight(plan, nights, context);
  return new Night(plan, earlier, context).run(started);
}

function canResume(
  { state, plan, host, versions, startedAt }: NightRecord,
  { sha256 }: NightlyPlan,
  context: NightContext,
): boolean {
  const ageMs = context.clock.date().getTime() - Date.parse(startedAt);
  const sameVersions = JSON.stringify(versions) === JSON.stringify(context.versions);
  const isSame = plan.sha256 === sha256 && host.key === context.host.key && sameVersions;
  return state !== 'finished' && isSame && ageMs >= 0 && ageMs < RESUME_MS;
}

function newNight(
  plan: NightlyPlan,
  nights: readonly NightRecord[],
  { clock, owner, host, versions }: NightContext,
): NightRecord {
  const startedAt = clock.date().toISOString();
  return {
    schema: NIGHT_SCHEMA,
    id: freeId(startedAt, nights),
    startedAt,
    finishedAt: null,
    state: 'running',
    owner,
    plan: { path: plan.path, sha256: plan.sha256 },
    host,
    versions,
    jobs: [],
  };
}

/** `20261122-020000`; within one second a number tells nights apart. */
function freeId(startedAt: string, nights: readonly NightRecord[]): string {
  const stamp = startedAt.replace(/\..*$/, '').replaceAll(/[-:]/g, '').replace('T', '-');
  const taken = nights.filter(({ id }) => id === stamp || id.startsWith(`${stamp}-`)).length;
  return taken === 0 ? stamp : `${stamp}-${taken + 1}`;
}

/** A night that this process runs. */
class Night {
  readonly #plan: NightlyPlan;
  readonly #earlier: readonly NightRecord[];
  readonly #context: NightContext;

  constructor(plan: NightlyPlan, earlier: readonly NightRecord[], context: NightContext) {
    this.#plan = plan;
    this.#earlier = earlier;
    this.#context = context;
  }

  async run(started: NightRecord): Promise<NightRecord> {
    const { owner, clock, onJob, signal } = this.#context;
    let night: NightRecord = { ...started, owner, state: 'running' };
    for (const job of this.#plan.jobs) {
      const done = night.jobs.find(({ name }) => name === job.name);
      if (done !== undefined) {
        onJob(done);
        continue;
      }
      const result = await this.#job(job, night);
      night = await this.#kept(night, result);
      onJob(night.jobs.at(-1) ?? result);
    }
    signal.throwIfAborted();
    const finished = {
      ...night,
      state: 'finished',
      finishedAt: clock.date().toISOString(),
    } as const;
    await this.#saved(finished);
    return finished;
  }

  async #job(job: NightlyJob, night: NightRecord): Promise<NightJob> {
    const past = nightsOfJob(this.#earlier, job.name);
    try {
      return await runJob(job, { ...this.#context, past, nightId: night.id });
    } catch (thrown) {
      await this.#saved({ ...night, state: 'interrupted' });
      throw thrown;
    }
  }

  /** The night with one more job; a job whose figures cannot be kept (a full disk) is invalid. */
  async #kept(night: NightRecord, result: NightJob): Promise<NightRecord> {
    const grown = { ...night, jobs: [...night.jobs, result] };
    const failure = await this.#saved(grown);
    if (failure === null) return grown;
    const reason = `its figures could not be kept: ${failure}`;
    return { ...night, jobs: [...night.jobs, { ...result, verdict: { kind: 'invalid', reason } }] };
  }

  /** Null, or why it could not be written: that costs a job its verdict, and never the others theirs. */
  async #saved(night: NightRecord): Promise<string | null> {
    try {
      await this.#context.store.save(night);
      return null;
    } catch (thrown) {
      return messageOf(thrown);
    }
  }
}
