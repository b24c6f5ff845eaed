import { expect, test } from 'vitest';
import { RecentPeak } from '../../../engine/memory/recent-peak.ts';

test('is the highest of the present and the last window', () => {
  const peak = new RecentPeak(3);
  expect(peak.value).toBe(0);
  const seen = [5, 1, 9, 2, 2, 2, 1, 1, 1, 0].map((value) => {
    peak.note(value);
    return peak.value;
  });
  // Windows 5 1 9 | 2 2 2 | 1 1 1 | 0: the 9 lasts until the window after the next begins.
  expect(seen).toEqual([5, 5, 9, 9, 9, 9, 2, 2, 2, 1]);
});
