import { describe, expect, it } from 'vitest';
import {
  creepAgainst,
  releaseBaseline,
} from '../../../../tuner/nightly/decision/release-baseline.ts';
import { nightsWith, wobble } from './nights.ts';

describe('the frozen release', () => {
  const rising = Array.from({ length: 30 }, (_, index) => index);

  it('is the first ten nights where no day is given', () => {
    expect(releaseBaseline(nightsWith(rising.slice(0, 9)), null)).toBe(null);
    expect(releaseBaseline(nightsWith(rising), null)).toEqual({
      from: '2026-01-01T02:00:00.000Z',
      until: '2026-01-10T02:00:00.000Z',
      gain: 4.5,
    });
  });

  it('is the ten nights that end on the day of the release', () => {
    expect(releaseBaseline(nightsWith(rising), '2026-01-20')?.gain).toBe(14.5);
  });

  it('is the first ten from that day on where there were fewer before', () => {
    expect(releaseBaseline(nightsWith(rising), '2026-01-05')?.gain).toBe(8.5);
    expect(releaseBaseline(nightsWith(rising), '2026-01-29')?.gain).toBe(23.5);
    expect(releaseBaseline(nightsWith(rising), '2025-12-01')?.gain).toBe(4.5);
  });

  it('leaves out nights on which the machine moved', () => {
    const nights = nightsWith(rising).map((night, i) => ({ ...night, moved: i < 5 }));
    expect(releaseBaseline(nights, null)?.gain).toBe(9.5);
  });
});

describe('a creep', () => {
  it('is seen in the median of a week, although no night stands out', () => {
    const nights = nightsWith([...wobble(10), ...wobble(30, -0.025)]);
    const baseline = releaseBaseline(nights, null) ?? { from: '', until: '', gain: 1 };
    const creep = creepAgainst(baseline, nights, { tonight: -0.025 });
    expect(creep?.worse).toBe(true);
    expect(creep?.difference).toBeCloseTo(-0.025, 9);
  });

  it('is none below 2 %, nor on a night that is as good as the release', () => {
    const slight = nightsWith([...wobble(10), ...wobble(30, -0.019)]);
    const baseline = releaseBaseline(slight, null) ?? { from: '', until: '', gain: 1 };
    expect(creepAgainst(baseline, slight, { tonight: -0.03 })?.worse).toBe(false);
    const clear = nightsWith([...wobble(10), ...wobble(30, -0.04)]);
    expect(creepAgainst(baseline, clear, { tonight: -0.01 })?.worse).toBe(false);
    expect(creepAgainst(baseline, clear, { tonight: -0.04 })?.worse).toBe(true);
  });

  it('waits for a week after the release', () => {
    const nights = nightsWith([...wobble(10), ...wobble(5, -0.1)]);
    const baseline = releaseBaseline(nights, null) ?? { from: '', until: '', gain: 1 };
    expect(creepAgainst(baseline, nights, { tonight: -0.1 })).toBe(null);
  });

  it('needs four standard errors of the two medians', () => {
    const noisy = nightsWith(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0.03 : -0.03)));
    const baseline = releaseBaseline(noisy, null) ?? { from: '', until: '', gain: 1 };
    const sd = (1.4826 * 0.06) / Math.SQRT2;
    const error = sd * Math.sqrt((Math.PI / 2) * (1 / 10 + 1 / 7));
    expect(creepAgainst(baseline, noisy, { tonight: -0.03 })?.threshold).toBeCloseTo(4 * error, 9);
  });
});
