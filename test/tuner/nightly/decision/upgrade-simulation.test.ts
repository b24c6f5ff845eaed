import { expect, test } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import { judgeNight, needsConfirmation } from '../../../../tuner/nightly/decision/judge-night.ts';
import type { PastNight } from '../../../../tuner/nightly/decision/past-night.ts';
import { releaseBaseline } from '../../../../tuner/nightly/decision/release-baseline.ts';
import { rebaseNights } from '../../../../tuner/nightly/decision/upgrade-shift.ts';
import { upgradeErrorOf } from '../../../../tuner/nightly/job-upgrades.ts';
import type { NightVerdict } from '../../../../tuner/nightly/night-verdict.ts';

/** Nights before the upgrade, and with it. */
const BEFORE = 30;
const AFTER = 20;
/** Of a night's ratio, of one measurement of it, and of the control's figure: `bench:nightly`'s. */
const NIGHT_SD = 0.005;
const MEASUREMENT_SD = 0.006;
const CONTROL_SD = 0.012;
const HISTORIES = 200;

interface Moved {
  readonly control: number;
  readonly candidate: number;
}

/** The verdicts of the nights from the upgrade on, which moves each side by a logarithm. */
function verdictsAfter(seed: number, moved: Moved): NightVerdict[] {
  const random = createRandom(seed, 'simulated upgrade');
  const nights: PastNight[] = [];
  const verdicts: NightVerdict[] = [];
  for (let night = 0; night < BEFORE + AFTER; night += 1) {
    const { control, candidate } = night < BEFORE ? { control: 0, candidate: 0 } : moved;
    const truth = candidate - control + NIGHT_SD * random.normal();
    const measure = () => ({
      gain: truth + MEASUREMENT_SD * random.normal(),
      control: control + CONTROL_SD * random.normal(),
      broken: [],
    });
    const first = measure();
    const rebased = rebaseNights(nights, night < BEFORE ? [] : [BEFORE], first.control);
    const baseline = releaseBaseline(rebased.nights, null);
    const upgradeError = upgradeErrorOf({ ...rebased, upgrade: null }, baseline);
    const history = { nights: rebased.nights, baseline, leastShare: 0.03, upgradeError };
    const verdict = judgeNight(
      history,
      first,
      needsConfirmation(history, first) ? measure() : null,
    );
    const startedAt = new Date(Date.UTC(2026, 0, 1 + night)).toISOString();
    nights.push({ startedAt, ...first, moved: verdict.kind === 'environment-changed' });
    if (night >= BEFORE) verdicts.push(verdict);
  }
  return verdicts;
}

/** The share of histories that have the verdict among their first nights with the upgrade. */
function shareOf(kind: NightVerdict['kind'], moved: Moved, nights: number): number {
  const found = Array.from({ length: HISTORIES }, (_, seed) =>
    verdictsAfter(seed, moved)
      .slice(0, nights)
      .some((verdict) => verdict.kind === kind),
  );
  return found.filter(Boolean).length / HISTORIES;
}

// The candidate's own figure is as noisy as the control's: it takes longer than a ratio does.
test('of 200 upgrades that cost both sides 6 %, nine in ten are told within three nights', () => {
  const both = { control: -0.06, candidate: -0.06 };
  expect(shareOf('regressed', both, 2)).toBeGreaterThan(0.8);
  expect(shareOf('regressed', both, 3)).toBeGreaterThan(0.9);
});

test('of 200 upgrades that cost the candidate alone 6 %, nearly all are', () => {
  expect(shareOf('regressed', { control: 0, candidate: -0.06 }, 2)).toBeGreaterThan(0.98);
});

test.each([
  ['nothing', 0],
  ['the control alone 6 %', -0.06],
])('of 200 upgrades that cost %s, hardly one is called a loss on any night', (_, control) => {
  expect(shareOf('regressed', { control, candidate: 0 }, AFTER)).toBeLessThan(0.02);
});
