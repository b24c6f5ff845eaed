import { describe, expect, it } from 'vitest';
import { mustTune, parseRetune } from '../../../tuner/nightly/retune-policy.ts';

const FACTS = { modelSha256: 'a', runtime: '1.30.0', hostKey: 'host' };

describe('the policy for tuning again', () => {
  it.each([
    ['never', { kind: 'never' }],
    ['on-change', { kind: 'on-change' }],
    ['every 7 nights', { kind: 'every', nights: 7 }],
    ['every 1 night', { kind: 'every', nights: 1 }],
    ['every 0 nights', null],
    ['every night', null],
    ['', null],
  ])('is read from %j', (text, policy) => {
    expect(parseRetune(text)).toEqual(policy);
  });

  it('tunes once in any case', () => {
    const state = { tuned: null, now: FACTS, nightsSince: 0 };
    expect(mustTune({ kind: 'never' }, state)).toBe(true);
    expect(mustTune({ kind: 'never' }, { ...state, tuned: FACTS })).toBe(false);
  });

  it('on-change tunes for another model, runtime or host', () => {
    const tuned = (now: Partial<typeof FACTS>): boolean =>
      mustTune({ kind: 'on-change' }, { tuned: FACTS, now: { ...FACTS, ...now }, nightsSince: 99 });
    expect(tuned({})).toBe(false);
    expect(tuned({ modelSha256: 'b' })).toBe(true);
    expect(tuned({ runtime: '1.31.0' })).toBe(true);
    expect(tuned({ hostKey: 'other' })).toBe(true);
  });

  it('every 7 nights counts the nights since', () => {
    const due = (nightsSince: number): boolean =>
      mustTune({ kind: 'every', nights: 7 }, { tuned: FACTS, now: FACTS, nightsSince });
    expect([6, 7, 8].map(due)).toEqual([false, true, true]);
  });
});
