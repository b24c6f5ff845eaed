import { createRandom, type Random } from '../../../engine/base/random.ts';
import { judgeNight, needsConfirmation } from '../../../tuner/nightly/decision/judge-night.ts';
import { releaseBaseline } from '../../../tuner/nightly/decision/release-baseline.ts';
import type { PastNight } from '../../../tuner/nightly/decision/past-night.ts';
import type { NightVerdict } from '../../../tuner/nightly/night-verdict.ts';

/**
 * Simulated histories: nothing is measured. A night's log(candidate / control) is the truth,
 * plus noise that the whole night shares (0.5 %: where memory came to lie, how warm it is),
 * plus noise of each measurement (0.6 %: six blocks of four trials). The second measurement
 * of a night shares the first and draws the second kind anew.
 */
const NIGHT_SD = 0.005;
const MEASUREMENT_SD = 0.006;
/** The control's own figure, which is not a ratio, varies more. */
const CONTROL_SD = 0.012;

/**
 * `heavy-tailed`: the noise of each measurement is, as neighbours that come and go make it.
 * `heavy-nights`: what a whole night shares is too, and no second measurement can deny it.
 */
export type Noise = 'normal' | 'heavy-tailed' | 'heavy-nights';

export interface SimulatedHistory {
  readonly nights: number;
  readonly seed: number;
  readonly noise: Noise;
  /** True log(candidate / control) of a night. */
  readonly gainAt: (night: number) => number;
  /** What the machine does to both alike, a logarithm. */
  readonly machineAt: (night: number, random: Random) => number;
}

/** The verdict of every night, from the very functions that judge real ones. */
export function simulate(history: SimulatedHistory): NightVerdict[] {
  const random = createRandom(history.seed, 'simulated nights');
  const nights: PastNight[] = [];
  const verdicts: NightVerdict[] = [];
  for (let night = 0; night < history.nights; night += 1) {
    const { verdict, past } = judgeOne(history, { night, nights, random });
    verdicts.push(verdict);
    nights.push({ ...past, moved: verdict.kind === 'environment-changed' });
  }
  return verdicts;
}

function judgeOne(
  { noise, gainAt, machineAt }: SimulatedHistory,
  at: { readonly night: number; readonly nights: readonly PastNight[]; readonly random: Random },
): { readonly verdict: NightVerdict; readonly past: Omit<PastNight, 'moved'> } {
  const { night, nights, random } = at;
  const shared = noise === 'heavy-nights' ? heavy(random) : random.normal();
  const truth = gainAt(night) + NIGHT_SD * shared;
  const draw = (): number => (noise === 'normal' ? random.normal() : heavy(random));
  const machine = machineAt(night, random);
  const measure = () => ({
    gain: truth + MEASUREMENT_SD * draw(),
    control: machine + CONTROL_SD * draw(),
    broken: [],
  });
  const history = { nights, baseline: releaseBaseline(nights, null), leastShare: 0.03 };
  const first = measure();
  const second = needsConfirmation(history, first) ? measure() : null;
  const gain = second === null ? first.gain : (first.gain + second.gain) / 2;
  const startedAt = new Date(Date.UTC(2026, 0, 1 + night)).toISOString();
  return {
    verdict: judgeNight(history, first, second),
    past: { startedAt, gain, control: first.control },
  };
}

/** Student's t with 3 degrees of freedom, scaled to the quartiles of a normal of sd 1. */
function heavy(random: Random): number {
  const squares = [0, 0, 0].map(() => random.normal() ** 2).reduce((sum, one) => sum + one);
  // Quartiles: 0.6745 of a normal, 0.7649 of t with 3 degrees of freedom.
  return (0.6745 / 0.7649) * (random.normal() / Math.sqrt(squares / 3));
}
