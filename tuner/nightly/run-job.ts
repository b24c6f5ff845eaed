import type { Clock } from '../../engine/base/clock.ts';
import { messageOf } from '../../engine/base/errors.ts';
import { findChangePoints } from './decision/change-points.ts';
import {
  judgeNight,
  needsConfirmation,
  type MeasuredNight,
  type NightHistory,
} from './decision/judge-night.ts';
import { releaseBaseline } from './decision/release-baseline.ts';
import {
  comparableNights,
  controlOf,
  gainOf,
  measuredGain,
  toPastNight,
  type JobNight,
} from './job-history.ts';
import type { JobMeasurer, OpenJob } from './job-measurer.ts';
import type { NightJob, NightMeasurement } from './night-record.ts';
import { leastShareOf, type NightlyJob } from './nightly-plan.ts';

export interface JobContext {
  readonly measurer: JobMeasurer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Earlier nights of this job, in order. */
  readonly past: readonly JobNight[];
  readonly nightId: string;
  readonly onStep: (message: string) => void;
}

/**
 * Measures and judges one job of a night. Whatever goes wrong becomes its verdict, so that
 * the other jobs go on; rejects only with the signal's reason.
 */
export async function runJob(job: NightlyJob, context: JobContext): Promise<NightJob> {
  const started = emptyJob(job, context);
  try {
    const open = await context.measurer.open(job, context.past);
    return await measured(job, { ...started, setup: open.setup }, { ...context, open });
  } catch (thrown) {
    context.signal.throwIfAborted();
    return { ...started, verdict: { kind: 'invalid', reason: messageOf(thrown) } };
  }
}

function emptyJob({ name, metric }: NightlyJob, { clock }: JobContext): NightJob {
  return {
    name,
    metric,
    startedAt: clock.date().toISOString(),
    setup: null,
    first: null,
    second: null,
    verdict: { kind: 'invalid', reason: 'it was not measured' },
    baseline: null,
    changePoints: [],
    environment: {},
  };
}

interface OpenContext extends JobContext {
  readonly open: OpenJob;
}

/** Another seed than the first's: other orders of blocks, samples and arrivals. */
const SECOND_SEED = 1_000_003;

async function measured(
  job: NightlyJob,
  started: NightJob,
  context: OpenContext,
): Promise<NightJob> {
  const { open, onStep } = context;
  const past = comparableNights(context.past, open.setup.seriesKey);
  const history = historyOf(job, past);
  onStep(`${job.name}: measuring`);
  const first = await open.measure(job.seed);
  const judged = toMeasured(started, first);
  let second: NightMeasurement | 'failed' | null = null;
  if (needsConfirmation(history, judged)) {
    onStep(`${job.name}: it looks worse, measuring again`);
    second = await secondMeasurement(job, context);
  }
  const again = typeof second === 'object' && second !== null ? second : null;
  const verdict = judgeNight(
    history,
    judged,
    again === null ? (second as 'failed' | null) : toMeasured(started, again),
  );
  const { baseline } = history;
  const environment = { ...open.environment() };
  const result = { ...started, first, second: again, verdict, baseline, environment };
  return { ...result, changePoints: changePointsOf(job, past, { result, id: context.nightId }) };
}

/** That it cannot be measured again is no reason to lose the first measurement. */
async function secondMeasurement(
  job: NightlyJob,
  { open, signal }: OpenContext,
): Promise<NightMeasurement | 'failed'> {
  try {
    return await open.measure(job.seed + SECOND_SEED);
  } catch {
    signal.throwIfAborted();
    return 'failed';
  }
}

function historyOf(job: NightlyJob, past: readonly JobNight[]): NightHistory {
  const nights = past.map(toPastNight);
  return {
    nights,
    baseline: releaseBaseline(nights, job.release),
    leastShare: leastShareOf(job.metric),
  };
}

function toMeasured(job: NightJob, one: NightMeasurement): MeasuredNight {
  return {
    gain: measuredGain(job, one),
    control: controlOf(job, one),
    broken: one.broken.map(({ bound }) => bound),
  };
}

/** Changes of the ratio up to tonight; nights on which the machine itself moved are left out. */
function changePointsOf(
  job: NightlyJob,
  past: readonly JobNight[],
  { result, id }: { readonly result: NightJob; readonly id: string },
): NightJob['changePoints'] {
  const tonight = {
    id,
    gain: gainOf(result),
    moved: result.verdict.kind === 'environment-changed',
  };
  const nights = past.map((one) => ({ id: one.night.id, ...toPastNight(one) }));
  const steady = [...nights, tonight].filter(({ moved }) => !moved);
  const gains = steady.map(({ gain }) => gain);
  return findChangePoints(gains, job.seed).map(({ index, change, p }) => ({
    night: steady[index]?.id ?? id,
    change,
    p,
  }));
}
