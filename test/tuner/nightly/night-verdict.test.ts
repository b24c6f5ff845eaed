import { describe, expect, it } from 'vitest';
import { NIGHT_EXIT, worstExit, type NightVerdict } from '../../../tuner/nightly/night-verdict.ts';

const OK: NightVerdict = { kind: 'ok', note: 'steady', change: 0 };
const REGRESSED: NightVerdict = {
  kind: 'regressed',
  losses: [{ kind: 'step', bound: null, change: -0.05 }],
};
const INVALID: NightVerdict = { kind: 'invalid', reason: 'no model' };
const MOVED: NightVerdict = { kind: 'environment-changed', controlChange: 0.1 };
const YOUNG: NightVerdict = { kind: 'insufficient-history', nights: 3, needed: 10 };

describe('the exit code of a night', () => {
  it.each([
    [[OK, OK], 0],
    [[OK, YOUNG], 3],
    [[MOVED], 3],
    [[MOVED, INVALID, OK], 2],
    [[INVALID, REGRESSED, MOVED], 1],
  ])('of %j is %i: regressed before invalid before inconclusive before ok', (verdicts, code) => {
    expect(NIGHT_EXIT[worstExit(verdicts)]).toBe(code);
  });

  it('of no jobs at all is invalid', () => {
    expect(worstExit([])).toBe('invalid');
  });
});
