import type { Random } from '../../../engine/base/random.ts';
import type { NightVerdict } from '../../../tuner/nightly/night-verdict.ts';
import { report } from '../aim.ts';
import { simulate, type Noise } from './nightly-histories.ts';

const NIGHTS = 1000;
/** Histories of 1,000 nights without any loss, each with another seed. */
const QUIET_HISTORIES = 20;
/** Histories in which a loss is looked for. */
const LOSSES = 1000;
/** The loss begins after as many nights. */
const START = 40;
const WEEK = 7;

/** A machine that stays as it is. */
const STEADY = (): number => 0;

/** A machine that wanders by 0.3 % a night, for as long as the history is. */
function drifting(): (night: number, random: Random) => number {
  let level = 0;
  return (_, random) => (level += 0.003 * random.normal());
}

/** A machine that loses 8 % every 90 nights, for 30 nights. */
function stepping(night: number): number {
  return night % 90 >= 60 ? -0.08 : 0;
}

const MACHINES = {
  'a steady machine': () => STEADY,
  'a drifting machine': drifting,
  'a stepping machine': () => stepping,
} as const;

/** How often a night without a loss is called a regression. */
export function falseAlarms(noise: Noise, aim: boolean): void {
  for (const [machine, machineAt] of Object.entries(MACHINES)) {
    const verdicts = Array.from({ length: QUIET_HISTORIES }, (_, seed) =>
      simulate({ nights: NIGHTS, seed, noise, gainAt: STEADY, machineAt: machineAt() }),
    ).flat();
    const per1000 = (kind: NightVerdict['kind']): number =>
      (1000 * verdicts.filter((one) => one.kind === kind).length) / verdicts.length;
    const what = `simulated, ${noise} noise, ${machine}: false alarms in 1,000 nights`;
    const alarms = per1000('regressed');
    if (aim) report(what, { value: alarms, unit: '', aim: 'under 1', met: alarms < 1 });
    else console.log(`${what}: ${alarms.toFixed(1)} (no aim)`);
    console.log(`  environment changed: ${per1000('environment-changed').toFixed(1)} in 1,000`);
  }
}

/** How soon a step of 5 % is found. */
export function foundSteps(noise: Noise): void {
  const nights = nightsUntilFound(noise, (night) => (night >= START ? Math.log(0.95) : 0), WEEK);
  const within = share(nights, 2);
  report(`simulated, ${noise} noise: a 5 % step found within 2 nights`, {
    value: 100 * within,
    unit: '%',
    aim: '95 % at least',
    met: within >= 0.95,
  });
  console.log(`  on the same night: ${(100 * share(nights, 1)).toFixed(1)} %`);
}

/** How soon a loss of 1 % a week is found. */
export function foundCreeps(noise: Noise): void {
  const gainAt = (night: number): number =>
    night < START ? 0 : (Math.log(0.99) * (night + 1 - START)) / WEEK;
  const nights = nightsUntilFound(noise, gainAt, 8 * WEEK);
  const within = share(nights, 4 * WEEK);
  report(`simulated, ${noise} noise: a creep of 1 % a week found within 4 weeks`, {
    value: 100 * within,
    unit: '%',
    aim: '95 % at least',
    met: within >= 0.95,
  });
  const median = nights.toSorted((a, b) => a - b)[Math.floor(nights.length / 2)] ?? Infinity;
  console.log(`  half of them within ${median} nights`);
}

/** Of each history the nights from the beginning of the loss to its verdict, both counted. */
function nightsUntilFound(
  noise: Noise,
  gainAt: (night: number) => number,
  mostNights: number,
): number[] {
  return Array.from({ length: LOSSES }, (_, seed) => {
    const nights = START + mostNights;
    const verdicts = simulate({ nights, seed, noise, gainAt, machineAt: STEADY });
    const found = verdicts.slice(START).findIndex(({ kind }) => kind === 'regressed');
    return found === -1 ? Infinity : found + 1;
  });
}

function share(nights: readonly number[], most: number): number {
  return nights.filter((count) => count <= most).length / nights.length;
}
