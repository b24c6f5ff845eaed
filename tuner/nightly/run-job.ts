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
import { comparableNights, controlOf, gainOf, measuredGain, type JobNight } from './job-history.ts';
import type { JobMeasurer, OpenJob } from './job-measurer.ts';
import { acrossUpgrades, upgradeErrorOf, type ComparedNights } from './job-upgrades.ts';
import type { NightJob, NightMeasurement, NightRecord } from './night-record.ts';
import { leastShareOf, type NightlyJob } from './nightly-plan.ts';

export interface JobContext {
  readonly measurer: JobMeasurer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly host: NightRecord['host'];
  readonly versions: NightRecord['versions'];
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
    upgrade: null,
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
  onStep(`${job.name}: measuring`);
  const first = await open.measure(job.seed);
  const judged = toMeasured(started, first);
  const past = comparableNights(context.past, open.setup.seriesKey);
  const tonight = { ...context, environment: open.environment(), control: judged.control };
  const compared = acrossUpgrades(past, tonight);
  const history = historyOf(job, compared);
  const second = needsConfirmation(history, judged) ? await secondMeasurement(job, context) : null;
  const seconded = isMeasured(second) ? toMeasured(started, second) : second;
  const result: NightJob = {
    ...started,
    first,
    second: isMeasured(second) ? second : null,
    verdict: judgeNight(history, judged, seconded),
    baseline: history.baseline,
    environment: { ...open.environment() },
    upgrade: compared.upgrade,
  };
  const nights = compared.nights.map((one, at) => ({ ...one, id: past[at]?.night.id ?? '' }));
  return { ...result, changePoints: changePointsOf(job, [...nights, named(result, context)]) };
}

/** That it cannot be measured again is no reason to lose the first measurement. */
async function secondMeasurement(
  job: NightlyJob,
  { open, signal, onStep }: OpenContext,
): Promise<NightMeasurement | 'failed'> {
  onStep(`${job.name}: it looks worse, measuring again`);
  try {
    return await open.measure(job.seed + SECOND_SEED);
  } catch {
    signal.throwIfAborted();
    return 'failed';
  }
}

function isMeasured(second: NightMeasurement | 'failed' | null): second is NightMeasurement {
  return second !== null && second !== 'failed';
}

function historyOf(job: NightlyJob, compared: ComparedNights): NightHistory {
  const { nights } = compared;
  const baseline = releaseBaseline(nights, job.release);
  return {
    nights,
    baseline,
    leastShare: leastShareOf(job.metric),
    upgradeError: upgradeErrorOf(compared, baseline),
  };
}

function toMeasured(job: NightJob, one: NightMeasurement): MeasuredNight {
  return {
    gain: measuredGain(job, one),
    control: controlOf(job, one),
    broken: one.broken.map(({ bound }) => bound),
  };
}

/** A night in the series of its job. */
interface SeriesNight {
  readonly id: string;
  readonly gain: number;
  readonly moved: boolean;
}

function named(result: NightJob, { nightId }: JobContext): SeriesNight {
  const moved = result.verdict.kind === 'environment-changed';
  return { id: nightId, gain: gainOf(result), moved };
}

/** Changes of the ratio; nights on which the machine itself moved are left out. */
function changePointsOf(job: NightlyJob, nights: readonly SeriesNight[]): NightJob['changePoints'] {
  const steady = nights.filter(({ moved }) => !moved);
  const gains = steady.map(({ gain }) => gain);
  return findChangePoints(gains, job.seed).flatMap(({ index, change, p }) => {
    const night = steady[index];
    return night === undefined ? [] : [{ night: night.id, change, p }];
  });
}
