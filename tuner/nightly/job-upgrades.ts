import { changeOf, LEAST_HISTORY } from './decision/past-night.ts';
import type { UpgradeError } from './decision/judge-night.ts';
import type { ReleaseBaseline } from './decision/release-baseline.ts';
import { SCREEN_NIGHTS } from './decision/screen.ts';
import { rebaseNights, type RebasedNights, type UpgradeShift } from './decision/upgrade-shift.ts';
import { toPastNight, type JobNight } from './job-history.ts';
import { machineChanges, softwareChanges, type Surroundings } from './night-changes.ts';
import type { NightJob } from './night-record.ts';

/** Tonight, as far as it is known before it is judged. */
export interface Tonight extends Surroundings {
  /** As in `PastNight`. */
  readonly control: number;
}

/** Earlier nights of a job in terms of tonight's control, and what that rests on. */
export interface ComparedNights extends RebasedNights {
  /** The upgrade that tonight is the first night of, or whose shift the comparison rests on. */
  readonly upgrade: NightJob['upgrade'];
}

/**
 * Control and candidate share the runtime, claw and Node: an upgrade moves both, and that the
 * control moved with it is no change of the environment. Where the machine changed on the same
 * night, nobody can tell which of the two it was: such a night stays one of a changed
 * environment.
 */
export function acrossUpgrades(past: readonly JobNight[], tonight: Tonight): ComparedNights {
  const all = [...past.map(surroundingsOf), tonight];
  const upgrades = all.flatMap((_, at) => (isUpgrade(all, at) ? [at] : []));
  const { nights, shifts } = rebaseNights(past.map(toPastNight), upgrades, tonight.control);
  return { nights, shifts, upgrade: toldUpgrade(all, shifts) };
}

function surroundingsOf({ night, job }: JobNight): Surroundings {
  return { versions: night.versions, host: night.host, environment: job.environment };
}

function isUpgrade(all: readonly Surroundings[], at: number): boolean {
  const [before, after] = [all[at - 1], all[at]];
  if (before === undefined || after === undefined) return false;
  return softwareChanges(before, after).length > 0 && machineChanges(before, after).length === 0;
}

/** Versions are told on their first night; a shift as long as most nights lie before it. */
function toldUpgrade(
  all: readonly Surroundings[],
  shifts: readonly UpgradeShift[],
): NightJob['upgrade'] {
  const tonight = all.length - 1;
  const recent = shifts.findLast(({ at }) => tonight - at < LEAST_HISTORY);
  const told = changesAt(all, tonight).length > 0 ? tonight : recent?.at;
  if (told === undefined) return null;
  const moved = shifts.find(({ at }) => at === told);
  return {
    changes: changesAt(all, told),
    controlChange: moved === undefined ? null : changeOf(moved.shift),
  };
}

function changesAt(all: readonly Surroundings[], at: number): string[] {
  const [before, after] = [all[at - 1], all[at]];
  return before === undefined || after === undefined ? [] : softwareChanges(before, after);
}

/** What the estimates of the shifts may be wrong by, for each comparison that rests on them. */
export function upgradeErrorOf(
  { nights, shifts }: ComparedNights,
  baseline: ReleaseBaseline | null,
): UpgradeError {
  const errorOf = (rests: (shift: UpgradeShift) => boolean): number =>
    Math.sqrt(shifts.filter(rests).reduce((sum, { variance }) => sum + variance, 0));
  return {
    screened: errorOf(({ at }) => at > nights.length - SCREEN_NIGHTS),
    released: errorOf(({ at }) => {
      const first = nights[at]?.startedAt;
      return baseline !== null && (first === undefined || first > baseline.until);
    }),
  };
}
