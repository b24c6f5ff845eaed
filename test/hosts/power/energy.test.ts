import { describe, expect, it } from 'vitest';
import { energyBetween, type EnergyFigure, energyFigures } from '../../../hosts/power/energy.ts';
import type { PowerSample, SensorTrace } from '../../../hosts/power/power-trace.ts';
import { powerTrace } from '../../support/power-trace.ts';

describe('energyBetween', () => {
  it('integrates constant power', () => {
    // 40 W for 5 s
    expect(
      energyBetween(
        sampled([0, 40], [1000, 40], [2000, 40], [3000, 40], [4000, 40], [5000, 40]),
        0,
        5000,
      ),
    ).toMatchObject({
      state: 'measured',
      joules: 200,
      wattsMean: 40,
      coverage: 1,
      gaps: 0,
      warnings: [],
    });
  });
  it('integrates a ramp exactly', () => {
    // From 10 W to 50 W within 4 s: (10 + 50) / 2 x 4 = 120 J
    const ramp = sampled([0, 10], [1000, 20], [2000, 30], [3000, 40], [4000, 50]);
    expect(energyBetween(ramp, 0, 4000)).toMatchObject({ joules: 120, wattsMean: 30 });
    // Edges between samples: from 15 W at 0.5 s to 45 W at 3.5 s, 30 W x 3 s = 90 J
    expect(energyBetween(ramp, 500, 3500)).toMatchObject({
      joules: 90,
      wattsMean: 30,
      coverage: 1,
    });
    // Both edges within one step: 22 W to 26 W over 0.4 s = 9.6 J
    expect(joulesOf(energyBetween(ramp, 1200, 1600))).toBeCloseTo(9.6, 9);
  });
  it('takes the difference of a counter, and a part of the steps at its ends', () => {
    const trace = counted([0, 0], [1000, 10], [2000, 30], [3000, 60]);
    expect(energyBetween(trace, 0, 3000)).toMatchObject({
      joules: 60,
      wattsMean: 20,
      quality: 'counter',
    });
    // Half of 10, all of 20, half of 30
    expect(energyBetween(trace, 500, 2500)).toMatchObject({ joules: 40, wattsMean: 20 });
  });
  it('leaves a gap out, and takes it to be as the rest', () => {
    // Constant 40 W; nothing between 10 s and 14 s of 50 s: 92 % are covered, 40 x 50 = 2000 J
    const trace = sampled(...seconds(0, 10), ...seconds(14, 50));
    expect(energyBetween(trace, 0, 50_000)).toMatchObject({
      joules: 2000,
      coverage: 0.92,
      gaps: 1,
      warnings: ['gaps'],
    });
  });
  it('keeps the step of a counter over a pause, but not one that sticks out of the period', () => {
    // 10 W; the pause of 4 s is known as a whole
    const trace = counted([0, 0], [1000, 10], [5000, 50], [6000, 60]);
    expect(energyBetween(trace, 0, 6000)).toMatchObject({ joules: 60, coverage: 1, gaps: 0 });
    // From 3 s on, two of three seconds lie within the pause
    expect(reasonOf(energyBetween(trace, 3000, 6000))).toMatch(/cover 33 % .* 90 % are needed/);
  });
  it('keeps no step in which a wrap may hide', () => {
    expect(reasonOf(energyBetween(counted([0, 0], [9000, 90], [10_000, 100]), 0, 10_000))).toMatch(
      /10 %/,
    );
  });
  it('leaves out the step in which a counter began anew', () => {
    // 10 W, and at 5 s of 20 s the counter begins anew: 19 of 20 s are covered, 10 x 20 J
    const samples = Array.from({ length: 21 }, (_, second): PowerSample => ({
      state: 'energy',
      atMs: second * 1000,
      joules: second < 5 ? second * 10 : (second - 1) * 10,
      ...(second === 5 ? { restarted: true } : {}),
    }));
    const expected = { joules: 200, coverage: 0.95, gaps: 0, warnings: ['counter-reset'] };
    expect(energyBetween(powerTrace({ quality: 'counter', samples }), 0, 20_000)).toMatchObject(
      expected,
    );
    // The same without the mark: the counter falls from 40 J to 5 J.
    const falling = Array.from({ length: 21 }, (_, second): Point => [
      second * 1000,
      second < 5 ? second * 10 : second * 10 - 45,
    ]);
    expect(energyBetween(counted(...falling), 0, 20_000)).toMatchObject(expected);
  });
  it('subtracts idle power, and divides by the inferences', () => {
    // 10 W for 2 s idle, 30 W for 4 s: 120 J gross, 120 - 10 x 4 = 80 J net, of 40 inferences
    const trace = counted(
      [0, 0],
      [1000, 10],
      [2000, 20],
      [3000, 50],
      [4000, 80],
      [5000, 110],
      [6000, 140],
    );
    const options = { idle: { fromMs: 0, toMs: 2000 }, inferences: 40 };
    expect(energyBetween(trace, 2000, 6000, options)).toMatchObject({
      joules: 120,
      wattsMean: 30,
      idleWatts: 10,
      netJoules: 80,
      joulesPerInference: 3,
      netJoulesPerInference: 2,
    });
  });
  it('has no net figures without an idle window, or without samples in it', () => {
    const trace = sampled([0, 40], [1000, 40], [2000, 40]);
    const none = { idleWatts: null, netJoules: null, netJoulesPerInference: null };
    expect(energyBetween(trace, 0, 2000, { idle: null })).toMatchObject({ ...none, warnings: [] });
    const idle = { fromMs: -5000, toMs: -1000 };
    expect(energyBetween(trace, 0, 2000, { idle })).toMatchObject({
      ...none,
      warnings: ['idle-unavailable'],
    });
    expect(energyBetween(trace, 0, 2000, { inferences: 0 })).toMatchObject({
      joulesPerInference: null,
    });
  });
  it('warns of a period that is shorter than the sensor can be trusted over', () => {
    const trace = { ...sampled([0, 40], [1000, 40], [2000, 40]), leastPeriodMs: 60_000 };
    expect(energyBetween(trace, 0, 2000)).toMatchObject({ joules: 80, warnings: ['short-period'] });
  });
  it('warns of a sensor that was lost, and says why when that leaves too little', () => {
    const lastFailure = { atMs: 9500, reason: 'the plug is gone' };
    const lost = { ...sampled(...seconds(0, 9)), lastFailure };
    expect(energyBetween(lost, 0, 9000)).toMatchObject({ joules: 360, warnings: ['sensor-lost'] });
    expect(reasonOf(energyBetween(lost, 0, 20_000))).toMatch(/cover 45 % .*the plug is gone/);
  });
  it('is never 0: a counter that stands still measures nothing', () => {
    expect(reasonOf(energyBetween(counted([0, 7], [1000, 7], [2000, 7]), 0, 2000))).toMatch(
      /did not move/,
    );
  });
  it('says that there is no sample, or no period', () => {
    expect(reasonOf(energyBetween(sampled(), 0, 1000))).toMatch(/gave no sample/);
    expect(reasonOf(energyBetween(sampled([0, 1], [1000, 1]), 1000, 1000))).toMatch(/is empty/);
    expect(reasonOf(energyBetween(sampled([0, 1], [1000, 1]), Number.NaN, 1000))).toMatch(
      /is empty/,
    );
  });
  it('gives each sensor its own figure', () => {
    const sensors = [sampled([0, 40], [1000, 40]), counted([0, 0], [1000, 25])];
    const figures = energyFigures({ fromMs: 0, toMs: 1000, sensors }, 0, 1000, { inferences: 5 });
    expect(figures).toMatchObject([{ joulesPerInference: 8 }, { joulesPerInference: 5 }]);
  });
  it('labels an estimate', () => {
    const trace = { ...sampled([0, 40], [1000, 40]), quality: 'estimated' as const };
    expect(energyBetween(trace, 0, 1000)).toMatchObject({
      state: 'estimated',
      quality: 'estimated',
    });
  });
});

/** Time in ms, and W or J. */
type Point = readonly [atMs: number, value: number];

function sampled(...points: readonly Point[]): SensorTrace {
  const samples = points.map(([atMs, watts]) => ({ state: 'power' as const, atMs, watts }));
  return powerTrace({ quality: 'sampled', samples });
}

function counted(...points: readonly Point[]): SensorTrace {
  const samples = points.map(([atMs, joules]) => ({ state: 'energy' as const, atMs, joules }));
  return powerTrace({ quality: 'counter', samples });
}

/** 40 W once a second. */
function seconds(from: number, to: number): readonly Point[] {
  return Array.from({ length: to - from + 1 }, (_, index): Point => [(from + index) * 1000, 40]);
}

function reasonOf(figure: EnergyFigure): string {
  return figure.state === 'unavailable' ? figure.reason : `no reason but ${figure.joules} J`;
}

function joulesOf(figure: EnergyFigure): number {
  return figure.state === 'unavailable' ? Number.NaN : figure.joules;
}
