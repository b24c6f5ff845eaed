import { describe, expect, test } from 'vitest';
import type { SensorTrace } from '../../../hosts/power/power-trace.ts';
import { trialEnergy } from '../../../suites/trial/trial-energy.ts';
import { powerTrace } from '../../support/power-trace.ts';

const LOAD = { fromMs: 5000, toMs: 10_000 };
const IDLE = { fromMs: 0, toMs: 4000 };

/** Read once a second: 10 W until 4 s, 40 W from 5 s on. */
function twoPowers(differences: Partial<SensorTrace> = {}): SensorTrace {
  const samples = Array.from({ length: 11 }, (_, second) => ({
    state: 'power' as const,
    atMs: second * 1000,
    watts: second < 5 ? 10 : 40,
  }));
  return powerTrace({ samples, ...differences });
}

function energy(
  sensors: readonly SensorTrace[],
  options: { readonly idle?: typeof IDLE | null; readonly samples?: number } = {},
): ReturnType<typeof trialEnergy> {
  const { idle = IDLE, samples = 100 } = options;
  return trialEnergy({ fromMs: 0, toMs: 10_000, sensors }, { load: LOAD, idle }, samples);
}

describe('the energy of a trial', () => {
  test('is per sample, gross and net of the idle machine', () => {
    // 40 W x 5 s = 200 J of which 10 W x 5 s = 50 J are idle; 100 samples.
    expect(energy([twoPowers()])).toEqual({
      state: 'measured',
      value: 2,
      netValue: 1.5,
      watts: 40,
      idleWatts: 10,
      source: 'fake:board',
      scope: 'board',
      quality: 'sampled',
      coverage: 1,
      notes: [],
    });
  });

  test('is gross alone where the machine was not left idle', () => {
    expect(energy([twoPowers()], { idle: null })).toMatchObject({
      value: 2,
      netValue: null,
      idleWatts: null,
      notes: [],
    });
  });

  test('says what makes it less certain', () => {
    const samples = twoPowers().samples.filter(({ atMs }) => atMs >= 5000);
    expect(energy([twoPowers({ samples, leastPeriodMs: 60_000 })])).toMatchObject({
      value: 2,
      netValue: null,
      notes: [
        'measured for less time than this sensor needs: use a longer --duration',
        'the power of the idle machine could not be read',
      ],
    });
  });

  test('of a model of the machine stays an estimate', () => {
    expect(energy([twoPowers({ quality: 'estimated' })])).toMatchObject({
      state: 'estimated',
      value: 2,
      quality: 'estimated',
    });
  });

  test('is that of the sensor that sees most, never a sum of parts and whole', () => {
    const package0 = twoPowers({ id: 'fake:package', scope: 'package' });
    expect(energy([package0, twoPowers()])).toMatchObject({ value: 2, source: 'fake:board' });
  });

  test('is unavailable with the reason, never 0', () => {
    const lost = { atMs: 100, reason: 'permission denied' };
    const silent = powerTrace({ failures: [lost], failureCount: 1, lastFailure: lost });
    expect(energy([silent])).toEqual({
      state: 'unavailable',
      reason: 'fake:board gave no sample; it failed last with: permission denied',
    });
    expect(energy([twoPowers()], { samples: 0 })).toEqual({
      state: 'unavailable',
      reason: 'no inference ended while power was recorded',
    });
    expect(energy([])).toMatchObject({ state: 'unavailable' });
  });
});
