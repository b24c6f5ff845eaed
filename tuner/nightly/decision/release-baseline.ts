import { median } from '../../../engine/base/statistics.ts';
import { lossOf, type PastNight } from './past-night.ts';
import { noiseScale } from './robust-scale.ts';

/** Nights that a release is frozen from. */
const BASELINE_NIGHTS = 10;
/** Nights, tonight among them, that are compared with the release. */
const RECENT_NIGHTS = 7;
/** Nights that tell the noise of one night. */
const NOISE_NIGHTS = 50;
const LEAST_SHARE = 0.02;
const SIGMAS = 4;
/** Variance of the median of n normal values, over that of their mean, for large n: pi / 2. */
const MEDIAN_VARIANCE = Math.PI / 2;

export interface ReleaseBaseline {
  /** Of the first and the last night that it is frozen from, ISO 8601. */
  readonly from: string;
  readonly until: string;
  /** Median of log(candidate / control) over those nights. */
  readonly gain: number;
}

/**
 * What the release did: the ten nights that end on the day of the release (`YYYY-MM-DD`,
 * UTC), or where there were fewer by then the first ten from then on; without a release the
 * first ten of all. It never follows later nights, so that a creep cannot hide in it. Null
 * until there are ten.
 */
export function releaseBaseline(
  nights: readonly PastNight[],
  release: string | null,
): ReleaseBaseline | null {
  const frozen = frozenNights(
    nights.filter(({ moved }) => !moved),
    release,
  );
  const [first, last] = [frozen[0], frozen[BASELINE_NIGHTS - 1]];
  if (first === undefined || last === undefined) return null;
  return {
    from: first.startedAt,
    until: last.startedAt,
    gain: median(frozen.map((night) => night.gain)),
  };
}

function frozenNights(nights: readonly PastNight[], release: string | null): readonly PastNight[] {
  if (release === null) return nights.slice(0, BASELINE_NIGHTS);
  const day = ({ startedAt }: PastNight): string => startedAt.slice(0, release.length);
  const before = nights.filter((night) => day(night) <= release);
  if (before.length >= BASELINE_NIGHTS) return before.slice(-BASELINE_NIGHTS);
  return nights.filter((night) => day(night) >= release).slice(0, BASELINE_NIGHTS);
}

export interface Creep {
  /** The recent nights against the release: a difference of logarithms. */
  readonly difference: number;
  readonly threshold: number;
  readonly worse: boolean;
}

/**
 * The median of the last seven nights, tonight among them, against the frozen release:
 * worse when it lost more than 2 % and more than four standard errors of the difference of
 * the two medians, and tonight alone lost more than 2 %. A slow creep moves the median of 20
 * nights along and never screens; it cannot move this. `sharedError` is the standard deviation
 * of an error that the nights of the release share. Null until six nights have followed them.
 */
export function creepAgainst(
  baseline: ReleaseBaseline,
  nights: readonly PastNight[],
  { tonight, sharedError = 0 }: { readonly tonight: number; readonly sharedError?: number },
): Creep | null {
  const unmoved = nights.filter(({ moved }) => !moved);
  const later = unmoved.filter(({ startedAt }) => startedAt > baseline.until);
  if (later.length < RECENT_NIGHTS - 1) return null;
  const recent = [...later.slice(1 - RECENT_NIGHTS).map(({ gain }) => gain), tonight];
  const noise = noiseScale([...unmoved.slice(-NOISE_NIGHTS).map(({ gain }) => gain), tonight]);
  const error = noise * Math.sqrt(MEDIAN_VARIANCE * (1 / BASELINE_NIGHTS + 1 / RECENT_NIGHTS));
  const threshold = Math.max(lossOf(LEAST_SHARE), SIGMAS * Math.hypot(error, sharedError));
  const difference = median(recent) - baseline.gain;
  // Tonight itself too: a second measurement is then asked something that it can deny.
  const tonightIsWorse = tonight - baseline.gain < -lossOf(LEAST_SHARE);
  return { difference, threshold, worse: difference < -threshold && tonightIsWorse };
}
