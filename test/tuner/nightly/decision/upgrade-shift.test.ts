import { describe, expect, it } from 'vitest';
import type { PastNight } from '../../../../tuner/nightly/decision/past-night.ts';
import { rebaseNights } from '../../../../tuner/nightly/decision/upgrade-shift.ts';
import { nightsWith } from './nights.ts';

/** Nights whose ratio never changes, with these controls. */
function nightsAt(controls: readonly number[]): PastNight[] {
  return nightsWith(controls.map(() => 0.1)).map((night, index) => ({
    ...night,
    control: controls[index] ?? 0,
  }));
}

const TEN = Array.from({ length: 10 }, () => 5);

describe('nights in terms of the control after an upgrade', () => {
  it('keep what the candidate itself did, and have the control where it is now', () => {
    const { nights, shifts } = rebaseNights(nightsAt(TEN), [10], 4.9);
    expect(shifts).toEqual([{ at: 10, shift: expect.closeTo(-0.1, 9) as number, variance: 0 }]);
    for (const { gain, control } of nights) {
      expect(control).toBeCloseTo(4.9, 9);
      // log(candidate) = log(candidate / control) + log(control), as it was: 0.1 + 5.
      expect(gain + control).toBeCloseTo(5.1, 9);
    }
  });

  it('take the shift from medians of up to five nights on either side', () => {
    const before = [5, 5, 5, 5, 5, 5, 5, 5, 5.02, 4.98];
    const after = [4.9, 4.7, 4.91];
    const { nights, shifts } = rebaseNights(nightsAt([...before, ...after]), [10], 4.89);
    // Tonight is the fourth: the median of 4.7, 4.89, 4.9 and 4.91 is 4.895.
    expect(shifts[0]?.shift).toBeCloseTo(4.895 - 5, 9);
    expect(nights.slice(10).map(({ control }) => control)).toEqual(after);
  });

  it('stay as they are where the control did not move, or by no more than its noise', () => {
    const still = nightsAt(TEN);
    expect(rebaseNights(still, [10], 5.015)).toEqual({ nights: still, shifts: [] });
    // Neighbours differ by 0.04: sd 1.4826 x 0.04 / sqrt 2, three of them times sqrt 1.2868 is 0.143.
    const noisy = nightsAt(TEN.map((level, index) => level + (index % 2) * 0.04));
    expect(rebaseNights(noisy, [10], 4.9).shifts).toEqual([]);
    const [found] = rebaseNights(noisy, [10], 4.8).shifts;
    expect(found?.variance).toBeCloseTo(((1.4826 * 0.04) ** 2 / 2) * 1.2868, 9);
  });

  it('stay as they are where fewer than ten came before the upgrade', () => {
    const nights = nightsAt(TEN.slice(1));
    expect(rebaseNights(nights, [9], 4.5)).toEqual({ nights, shifts: [] });
  });

  it('get the shifts of every upgrade that came after them', () => {
    const controls = [...TEN, 4.9, 4.9, 4.9, 4.9, 4.9];
    const { nights, shifts } = rebaseNights(nightsAt(controls), [10, 15], 5.2);
    expect(shifts.map(({ at }) => at)).toEqual([10, 15]);
    expect(nights.map(({ control }) => control)).toEqual(
      controls.map(() => expect.closeTo(5.2, 9) as number),
    );
    expect(nights[0]?.gain).toBeCloseTo(0.1 - 0.2, 9);
    expect(nights[12]?.gain).toBeCloseTo(0.1 - 0.3, 9);
  });

  it('do not take the nights of a later upgrade for those of an earlier one', () => {
    const { shifts } = rebaseNights(nightsAt([...TEN, 4.9, 4.5, 4.5, 4.5, 4.5]), [10, 11], 4.5);
    expect(shifts.map(({ at, shift }) => [at, Number(shift.toFixed(6))])).toEqual([
      [10, -0.1],
      [11, -0.4],
    ]);
  });
});
