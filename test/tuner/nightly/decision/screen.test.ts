import { describe, expect, it } from 'vitest';
import { controlShift } from '../../../../tuner/nightly/decision/control-shift.ts';
import { noiseScale, robustCenter } from '../../../../tuner/nightly/decision/robust-scale.ts';
import { screen } from '../../../../tuner/nightly/decision/screen.ts';

describe('robust scales', () => {
  it('are the median and 1.4826 times the median deviation from it', () => {
    // Median 3; deviations 2 1 0 1 97, median 1.
    expect(robustCenter([1, 2, 3, 4, 100])).toEqual({ center: 3, scale: 1.4826 });
  });

  it('from neighbours ignore a step that a deviation from one median counts', () => {
    // Differences 1 1 1 100 1 1: median 1, over sqrt(2).
    const values = [0, 1, 0, 1, 101, 100, 101];
    expect(noiseScale(values)).toBeCloseTo(1.4826 / Math.SQRT2, 12);
    expect(noiseScale([5])).toBe(0);
  });
});

/** 20 nights at -0.01, 0 and 0.01 in turns: median 0, MAD 0.01. */
const NIGHTS = Array.from({ length: 21 }, (_, i) => ((i % 3) - 1) / 100);

describe('the screen', () => {
  it('wants ten nights', () => {
    expect(screen(NIGHTS.slice(0, 9), -1, { leastShare: 0.03 })).toBe(null);
    expect(screen(NIGHTS.slice(0, 10), -1, { leastShare: 0.03 })?.state).toBe('worse');
  });

  it('needs more than three robust deviations', () => {
    const { threshold } = screen(NIGHTS, 0, { leastShare: 0.03 }) ?? { threshold: 0 };
    // 3 x 1.4826 x 0.01 is more than -log(0.97).
    expect(threshold).toBeCloseTo(0.044478, 6);
    expect(screen(NIGHTS, -0.0444, { leastShare: 0.03 })?.state).toBe('usual');
    expect(screen(NIGHTS, -0.0445, { leastShare: 0.03 })?.state).toBe('worse');
    expect(screen(NIGHTS, 0.0445, { leastShare: 0.03 })?.state).toBe('better');
  });

  it('needs more than 3 % where the nights are all alike', () => {
    const alike = Array.from({ length: 20 }, () => 0);
    expect(screen(alike, Math.log(0.971), { leastShare: 0.03 })?.state).toBe('usual');
    expect(screen(alike, Math.log(0.969), { leastShare: 0.03 })?.state).toBe('worse');
  });

  it('looks at the last 20 nights alone', () => {
    const nights = [...Array.from({ length: 30 }, () => 5), ...Array.from({ length: 20 }, () => 0)];
    expect(screen(nights, 0, { leastShare: 0.03 })).toMatchObject({
      state: 'usual',
      difference: 0,
    });
  });
});

describe('the control', () => {
  const level = (value: number, count: number): number[] =>
    Array.from({ length: count }, () => value);

  it('has moved when it is off by more than 3 %, whichever way', () => {
    expect(controlShift(level(1, 10), 1 + Math.log(0.969))?.moved).toBe(true);
    expect(controlShift(level(1, 10), 1 - Math.log(0.969))?.moved).toBe(true);
    expect(controlShift(level(1, 10), 1 + Math.log(0.972))?.moved).toBe(false);
  });

  it('may vary by as much as it always does', () => {
    const noisy = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 0.05 : -0.05));
    // Neighbours differ by 0.1: a scale of 0.105, times 3 x sqrt(1.2868).
    const { threshold } = controlShift(noisy, 0) ?? { threshold: 0 };
    expect(threshold).toBeCloseTo((3 * 1.4826 * 0.1 * Math.sqrt(1.2868)) / Math.SQRT2, 9);
  });

  it('takes a new level for granted after three nights', () => {
    const moved = (nights: number): boolean | undefined =>
      controlShift([...level(0, 20), ...level(-0.1, nights)], -0.1)?.moved;
    expect([0, 1, 2, 3].map(moved)).toEqual([true, true, true, false]);
  });

  it('is not judged before ten nights', () => {
    expect(controlShift(level(0, 9), 5)).toBe(null);
  });
});
