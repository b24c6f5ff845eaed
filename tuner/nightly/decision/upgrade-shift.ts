import { median } from '../../../engine/base/statistics.ts';
import { controlLevel, LEVEL_NIGHTS, medianVariance } from './control-level.ts';
import { LEAST_HISTORY, lossOf, type PastNight } from './past-night.ts';

/** A smaller change of the control matters to no verdict. */
const LEAST_SHARE = 0.02;
const SIGMAS = 3;

/** How far an upgrade of what control and candidate share moved the control. */
export interface UpgradeShift {
  /** Position of the first night with it; the number of nights where that is tonight. */
  readonly at: number;
  /** A difference of logarithms, positive: better. */
  readonly shift: number;
  /** Of that estimate, in squared logarithms. */
  readonly variance: number;
}

export interface RebasedNights {
  /** The nights as they would have been with the control as it is tonight. */
  readonly nights: readonly PastNight[];
  /** Only upgrades that moved the control, in order. */
  readonly shifts: readonly UpgradeShift[];
}

/**
 * Past nights in terms of tonight's control, where upgrades of shared software moved it. The
 * control is pinned in model and configuration, not in what runs it: an upgrade moves both
 * sides, and their ratio says only whether it moved them alike. So each earlier night's
 * control gets the shift, and its ratio loses it: the candidate's own figure, their sum, stays
 * as it was measured. Tonight's ratio against such nights is the candidate against its own
 * history; the machine's drift between two upgrades still cancels out.
 *
 * An upgrade with fewer than ten nights before it, or whose shift is within three standard
 * errors or 2 %, changes nothing. `upgrades` are positions as in `UpgradeShift`, in order;
 * `tonight` is tonight's control as in `PastNight`.
 */
export function rebaseNights(
  nights: readonly PastNight[],
  upgrades: readonly number[],
  tonight: number,
): RebasedNights {
  const shifts: UpgradeShift[] = [];
  let rebased = nights;
  for (const [index, at] of upgrades.entries()) {
    const controls = [...rebased.map(({ control }) => control), tonight];
    const found = shiftAt(at, controls, upgrades[index + 1] ?? controls.length);
    if (found === null) continue;
    shifts.push(found);
    rebased = rebased.map((night, position) => (position < at ? moved(night, found) : night));
  }
  return { nights: rebased, shifts };
}

/** Null where it is not known, or lost in the noise; `end` is where the next upgrade begins. */
function shiftAt(at: number, controls: readonly number[], end: number): UpgradeShift | null {
  if (at < LEAST_HISTORY) return null;
  const { level, spread } = controlLevel(controls.slice(0, at));
  const after = controls.slice(at, Math.min(end, at + LEVEL_NIGHTS));
  const shift = median(after) - level;
  const variance = spread ** 2 * (medianVariance(LEVEL_NIGHTS) + medianVariance(after.length));
  const threshold = Math.max(lossOf(LEAST_SHARE), SIGMAS * Math.sqrt(variance));
  return Math.abs(shift) > threshold ? { at, shift, variance } : null;
}

function moved(night: PastNight, { shift }: UpgradeShift): PastNight {
  return { ...night, gain: night.gain - shift, control: night.control + shift };
}
