import { describe, expect, it } from 'vitest';
import type { MeasuredEnergy, UnavailableEnergy } from '../../../hosts/power/energy.ts';
import { pickEnergy, sumSiblings } from '../../../hosts/power/pick-energy.ts';

const WALL = figure({
  sensor: 'shelly:http://plug?id=0',
  kind: 'shelly',
  scope: 'wall',
  joules: 100,
});
const PSYS = figure({ sensor: 'rapl:psys', scope: 'board', joules: 80 });
const PACKAGE_0 = figure({ sensor: 'rapl:package-0', joules: 40 });
const PACKAGE_1 = figure({ sensor: 'rapl:package-1', joules: 30, idleWatts: 2, netJoules: 10 });
const DRAM = figure({ sensor: 'rapl:package-0/dram', scope: 'memory', joules: 5 });
const GPU = figure({ sensor: 'nvidia:0', kind: 'nvidia', scope: 'gpu', joules: 20 });

describe('pickEnergy', () => {
  it('takes the widest, and adds no part to its whole', () => {
    expect(pickEnergy([DRAM, GPU, PACKAGE_0, PSYS, WALL])).toEqual(WALL);
    expect(pickEnergy([DRAM, GPU, PACKAGE_0, PSYS])).toEqual(PSYS);
    expect(pickEnergy([DRAM, GPU, PACKAGE_0])).toEqual(PACKAGE_0);
  });
  it('adds up the packages of two sockets', () => {
    expect(pickEnergy([PACKAGE_0, DRAM, PACKAGE_1])).toMatchObject({
      sensor: 'rapl:package-0+rapl:package-1',
      joules: 70,
      wattsMean: 70,
      // One of them has no idle window
      netJoules: null,
    });
  });
  it('has no sum where a socket is missing', () => {
    const lost = missing({ sensor: 'rapl:package-1', reason: 'lost' });
    expect(sumSiblings([PACKAGE_0, lost])).toEqual([lost]);
    expect(pickEnergy([PACKAGE_0, lost, DRAM])).toEqual(DRAM);
  });
  it('distrusts a meter whose period was too short, and takes it where there is nothing else', () => {
    const short = { ...WALL, warnings: ['short-period' as const] };
    expect(pickEnergy([short, PACKAGE_0])).toEqual(PACKAGE_0);
    expect(pickEnergy([short])).toEqual(short);
  });
  it('distrusts a whole that reads less than its part', () => {
    expect(pickEnergy([{ ...PSYS, joules: 3 }, PACKAGE_0])).toEqual(PACKAGE_0);
    // Less than 5 % is two sensors' error
    expect(pickEnergy([{ ...PSYS, joules: 39 }, PACKAGE_0])).toMatchObject({ joules: 39 });
  });
  it('prefers a counter to samples of the same scope', () => {
    const sampled = figure({ sensor: 'power_meter:0', kind: 'hwmon', scope: 'board', joules: 81 });
    expect(pickEnergy([{ ...sampled, quality: 'sampled' }, PSYS])).toEqual(PSYS);
  });
  it('never takes an estimate over a measurement', () => {
    const estimate = figure({ sensor: 'estimate:cpu', kind: 'estimate', joules: 90 });
    const guess = { ...estimate, state: 'estimated' as const, quality: 'estimated' as const };
    expect(pickEnergy([guess, { ...DRAM, warnings: ['short-period'] }])).toMatchObject({
      state: 'measured',
    });
    expect(pickEnergy([guess])).toEqual(guess);
  });
  it('gives every reason where nothing works', () => {
    const refused = missing({ sensor: 'rapl:psys', reason: 'refused', scope: 'board' });
    const lost = missing({ sensor: 'nvidia:0', reason: 'lost', scope: 'gpu' });
    expect(pickEnergy([refused, lost])).toMatchObject({ reason: 'refused; lost', sensor: null });
    expect(pickEnergy([])).toMatchObject({ reason: 'no power sensor works here' });
  });
});

/** A package's counter over one second, with these differences. */
function figure(differences: Partial<MeasuredEnergy> & { joules: number }): MeasuredEnergy {
  return {
    state: 'measured',
    sensor: 'rapl:package-0',
    kind: 'rapl',
    scope: 'package',
    quality: 'counter',
    wattsMean: differences.joules,
    idleWatts: null,
    netJoules: null,
    joulesPerInference: null,
    netJoulesPerInference: null,
    coverage: 1,
    gaps: 0,
    warnings: [],
    ...differences,
  };
}

function missing(differences: Partial<UnavailableEnergy>): UnavailableEnergy {
  return {
    state: 'unavailable',
    reason: '',
    sensor: null,
    kind: 'rapl',
    scope: 'package',
    ...differences,
  };
}
