import { describe, expect, it } from 'vitest';
import {
  judgeNight,
  needsConfirmation,
  type MeasuredNight,
  type NightHistory,
} from '../../../../tuner/nightly/decision/judge-night.ts';
import { releaseBaseline } from '../../../../tuner/nightly/decision/release-baseline.ts';
import { nightsWith, wobble } from './nights.ts';

function history(gains: readonly number[]): NightHistory {
  const nights = nightsWith(gains);
  return { nights, baseline: releaseBaseline(nights, null), leastShare: 0.03 };
}

const TWENTY = history(wobble(20));

function night(gain: number, changes: Partial<MeasuredNight> = {}): MeasuredNight {
  return { gain, control: 5, broken: [], ...changes };
}

describe('a night', () => {
  it('is ok when nothing is worse, and is not measured again', () => {
    expect(needsConfirmation(TWENTY, night(-0.02))).toBe(false);
    expect(judgeNight(TWENTY, night(-0.02), null)).toEqual({
      kind: 'ok',
      note: 'steady',
      change: Math.expm1(-0.02),
    });
    expect(judgeNight(TWENTY, night(0.08), null)).toMatchObject({ kind: 'ok', note: 'improved' });
  });

  it('has regressed when both measurements say so, by what they say together', () => {
    expect(needsConfirmation(TWENTY, night(-0.06))).toBe(true);
    const verdict = judgeNight(TWENTY, night(-0.06), night(-0.04));
    expect(verdict).toEqual({
      kind: 'regressed',
      losses: [{ kind: 'step', bound: null, change: Math.expm1(-0.05) }],
    });
  });

  it('is ok when the second measurement does not say so', () => {
    expect(judgeNight(TWENTY, night(-0.06), night(-0.01))).toMatchObject({
      kind: 'ok',
      note: 'not-confirmed',
    });
  });

  it('says nothing when the second measurement failed', () => {
    expect(judgeNight(TWENTY, night(-0.06), 'failed').kind).toBe('inconclusive');
  });

  it('says nothing about the candidate when the control moved, either time', () => {
    const moved = night(-0.06, { control: 4.9 });
    expect(needsConfirmation(TWENTY, moved)).toBe(false);
    expect(judgeNight(TWENTY, moved, null)).toEqual({
      kind: 'environment-changed',
      controlChange: Math.expm1(4.9 - 5),
    });
    expect(judgeNight(TWENTY, night(-0.06), moved).kind).toBe('inconclusive');
  });

  it('needs ten nights before it, those not counted on which the control moved', () => {
    expect(judgeNight(history(wobble(9)), night(-0.5), null)).toEqual({
      kind: 'insufficient-history',
      nights: 9,
      needed: 10,
    });
    const { nights, ...rest } = history(wobble(12));
    const moved = { ...rest, nights: nights.map((one, i) => ({ ...one, moved: i < 3 })) };
    expect(judgeNight(moved, night(-0.5), null).kind).toBe('insufficient-history');
  });

  it('tells a creep that no single night shows', () => {
    const gains = [...wobble(10), ...wobble(30, -0.03)];
    const verdict = judgeNight(history(gains), night(-0.03), night(-0.03));
    expect(verdict).toMatchObject({ kind: 'regressed', losses: [{ kind: 'creep' }] });
    expect(judgeNight(history(gains), night(-0.03), night(0)).kind).toBe('ok');
  });

  it('tells a broken constraint without any history, when it is broken twice', () => {
    const slow = night(0, { broken: ['p99 < 20 ms'] });
    const none = history([]);
    expect(needsConfirmation(none, slow)).toBe(true);
    expect(judgeNight(none, slow, slow)).toEqual({
      kind: 'regressed',
      losses: [{ kind: 'bound', bound: 'p99 < 20 ms', change: null }],
    });
    const other = night(0, { broken: ['memory < 1 GiB'] });
    expect(judgeNight(none, slow, other).kind).toBe('insufficient-history');
    expect(judgeNight(TWENTY, slow, night(0))).toMatchObject({ note: 'not-confirmed' });
  });

  it('cannot be judged without the second measurement that it needs', () => {
    expect(() => judgeNight(TWENTY, night(-0.06), null)).toThrow(RangeError);
  });
});
