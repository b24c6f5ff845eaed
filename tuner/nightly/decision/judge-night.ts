import type { NightVerdict } from '../night-verdict.ts';
import { controlShift } from './control-shift.ts';
import { changeOf, LEAST_HISTORY, type PastNight } from './past-night.ts';
import { creepAgainst, type ReleaseBaseline } from './release-baseline.ts';
import { screen, type Screening } from './screen.ts';

/** One measurement of a night, as the decision sees it. */
export interface MeasuredNight {
  /** As in `PastNight`. */
  readonly gain: number;
  readonly control: number;
  /** Constraints that its figures break, in words that name them: `p99 < 20 ms`. */
  readonly broken: readonly string[];
}

export interface NightHistory {
  /** Earlier nights of the same job against the same control on the same host, in order, moved ones too. */
  readonly nights: readonly PastNight[];
  readonly baseline: ReleaseBaseline | null;
  /** Relative change below which nothing is said, 0.03 for 3 %. */
  readonly leastShare: number;
  /** What is not known of how upgrades moved the control; absent: none did. */
  readonly upgradeError?: UpgradeError;
}

/** Standard deviations, in logarithms. */
export interface UpgradeError {
  /** Of the nights that are screened against. */
  readonly screened: number;
  /** Of those of the release. */
  readonly released: number;
}

type Loss = Extract<NightVerdict, { kind: 'regressed' }>['losses'][number];

/**
 * Whether a first measurement wants a second one: only what looks like a loss is measured
 * again, and not on a night on which the machine itself has changed.
 */
export function needsConfirmation(history: NightHistory, first: MeasuredNight): boolean {
  return !machineMoved(history, first) && lossesIn(history, first).length > 0;
}

/**
 * The verdict of a night without I/O or clock. `second` is the independent re-measurement;
 * null where none was needed, `failed` where it gave no figures.
 */
export function judgeNight(
  history: NightHistory,
  first: MeasuredNight,
  second: MeasuredNight | 'failed' | null,
): NightVerdict {
  const shift = controlShift(controls(history), first.control);
  if (shift?.moved === true) {
    return { kind: 'environment-changed', controlChange: changeOf(shift.difference) };
  }
  const suspected = lossesIn(history, first);
  if (suspected.length === 0) return withoutLoss(history, first);
  if (second === null) throw new RangeError('what looks like a loss must be measured again');
  if (second === 'failed') {
    const reason = 'it looked worse, and could not be measured a second time';
    return { kind: 'inconclusive', reason };
  }
  return confirmed(history, { first, second });
}

/** Only what both measurements say is said. */
function confirmed(
  history: NightHistory,
  { first, second }: { readonly first: MeasuredNight; readonly second: MeasuredNight },
): NightVerdict {
  if (machineMoved(history, second)) {
    return { kind: 'inconclusive', reason: 'the machine changed between the two measurements' };
  }
  const again = lossesIn(history, second);
  const gain = (first.gain + second.gain) / 2;
  const both = lossesIn(history, first)
    .filter(({ kind, bound }) => again.some((one) => one.kind === kind && one.bound === bound))
    .map((loss) => ({ ...loss, change: changeTo(history, loss, gain) }));
  if (both.length > 0) return { kind: 'regressed', losses: both };
  if (gains(history).length < LEAST_HISTORY) return insufficient(history);
  return { kind: 'ok', note: 'not-confirmed', change: usualChange(history, gain) };
}

function withoutLoss(history: NightHistory, { gain }: MeasuredNight): NightVerdict {
  const screening = screened(history, gain);
  if (screening === null) return insufficient(history);
  const note = screening.state === 'better' ? 'improved' : 'steady';
  return { kind: 'ok', note, change: changeOf(screening.difference) };
}

/** Everything that one measurement says is worse. A broken constraint needs no history. */
function lossesIn(history: NightHistory, { gain, broken }: MeasuredNight): Loss[] {
  const { nights, baseline, upgradeError } = history;
  const losses: Loss[] = broken.map((bound) => ({ kind: 'bound', bound, change: null }));
  const screening = screened(history, gain);
  if (screening?.state === 'worse') {
    losses.push({ kind: 'step', bound: null, change: changeOf(screening.difference) });
  }
  const sharedError = upgradeError?.released ?? 0;
  const creep =
    baseline === null ? null : creepAgainst(baseline, nights, { tonight: gain, sharedError });
  if (creep?.worse === true) {
    losses.push({ kind: 'creep', bound: null, change: changeOf(creep.difference) });
  }
  return losses;
}

/** A step is told with both measurements; a creep and a bound as the first one had them. */
function changeTo(history: NightHistory, loss: Loss, gain: number): number | null {
  return loss.kind === 'step' ? usualChange(history, gain) : loss.change;
}

function usualChange(history: NightHistory, gain: number): number {
  return changeOf(screened(history, gain)?.difference ?? 0);
}

function screened(history: NightHistory, gain: number): Screening | null {
  const { leastShare, upgradeError } = history;
  return screen(gains(history), gain, { leastShare, sharedError: upgradeError?.screened ?? 0 });
}

function insufficient(history: NightHistory): NightVerdict {
  const { length } = gains(history);
  return { kind: 'insufficient-history', nights: length, needed: LEAST_HISTORY };
}

function machineMoved(history: NightHistory, { control }: MeasuredNight): boolean {
  return controlShift(controls(history), control)?.moved === true;
}

function gains({ nights }: NightHistory): number[] {
  return nights.flatMap(({ gain, moved }) => (moved ? [] : [gain]));
}

/** Moved nights too: a level that stays becomes the usual one. */
function controls({ nights }: NightHistory): number[] {
  return nights.map(({ control }) => control);
}
