import { describe, expect, test } from 'vitest';
import type { BenchRecord } from '../../../suites/bench-record.ts';
import type { TrialRecord } from '../../../suites/trial-record.ts';
import { benchSource, runSource } from '../../../tuner/compare/compared-source.ts';
import { commonEnergy } from '../../../tuner/compare/session-figures.ts';
import { openSession, type Session } from '../../../tuner/compare/session.ts';
import { benchRecord, benchTrial, comparisonRecord } from '../../support/bench-records.ts';
import {
  fastArm,
  hostRun,
  measuredEnergy,
  plainArm,
  smallArm,
} from '../../support/compared-hosts.ts';

async function sessionOf(
  trials: readonly TrialRecord[],
  changes: Partial<BenchRecord> = {},
): Promise<Session> {
  const source = benchSource(benchRecord(trials, changes), () => Promise.resolve(null));
  if (source === null) throw new Error('it has trials');
  return openSession(source);
}

const bound = { percentile: 'p99', limitMs: 20 } as const;

function serverTrial(sequence: number, ratePerSecond: number): TrialRecord {
  return benchTrial({
    sequence,
    arm: fastArm,
    purpose: { kind: 'probe', ratePerSecond, seed: sequence },
    scenario: { name: 'server', ratePerSecond, bound },
  });
}

describe('a bench as a session', () => {
  test('of one configuration is that one under its load', async () => {
    const session = await sessionOf([benchTrial({ arm: fastArm })]);
    expect(session.own).toBe(fastArm.key);
    expect(session.arms).toMatchObject([
      {
        armKey: fastArm.key,
        evidence: 'measured-again',
        loads: { 'closed-loop': { qps: expect.closeTo(1000, 6) as number, trials: 1 } },
      },
    ]);
  });

  test('of a search for the highest rate is the confirmed one, at its bound', async () => {
    const peak = { ratePerSecond: 400, failedAt: 800, complete: true, confirmedBy: 2 };
    const trials = [serverTrial(0, 800), serverTrial(1, 400), serverTrial(2, 400)];
    const session = await sessionOf(trials, { peak });
    expect(session.source.constraints).toEqual([{ kind: 'latency', ...bound }]);
    expect(session.arms).toMatchObject([
      { loads: { server: { qps: 400, bound: { kind: 'latency', limitMs: 20 } } } },
    ]);
    const none = { ...peak, ratePerSecond: null, confirmedBy: null };
    expect((await sessionOf(trials, { peak: none })).arms).toEqual([]);
  });

  test('at a rate that was given says nothing of what the machine can do', async () => {
    const trial = benchTrial({ scenario: { name: 'server', ratePerSecond: 5, bound: null } });
    expect((await sessionOf([trial])).arms).toEqual([]);
  });

  test('of a comparison is about the candidate, in whatever order they ran', async () => {
    const sides = [
      ['a', plainArm],
      ['b', fastArm],
      ['b', fastArm],
      ['a', plainArm],
    ] as const;
    const trials = sides.map(([side, arm], position) =>
      benchTrial({
        arm,
        sequence: position,
        purpose: { kind: 'compare', block: 0, position, side },
      }),
    );
    const session = await sessionOf(trials, { comparison: comparisonRecord([]) });
    expect(session.own).toBe(fastArm.key);
    expect(session.arms.map(({ armKey }) => armKey)).toEqual([plainArm.key, fastArm.key]);
  });

  test('without trials is none', () => {
    expect(benchSource(benchRecord([]), () => Promise.resolve(null))).toBeNull();
  });
});

describe('a run as a session', () => {
  test('pools the samples of the trials that measured an arm again', async () => {
    const { run, trials } = hostRun({ id: 'a', winner: smallArm });
    // 1 to 1000 in every trial: the pooled median is 500.5 whatever their number.
    const samples = Float64Array.from({ length: 1000 }, (_, index) => index + 1);
    const session = await openSession(runSource(run, trials, () => Promise.resolve(samples)));
    const arm = session.arms.find(({ armKey }) => armKey === smallArm.key);
    expect(session.own).toBe(smallArm.key);
    expect(arm?.loads['closed-loop']).toMatchObject({
      trials: 6,
      certified: true,
      latencyMs: { p50: 500.5 },
    });
  });

  test('without samples takes the median of the percentiles, and certifies nothing', async () => {
    const { run, trials } = hostRun({ id: 'a', p99Ms: 33 });
    const session = await openSession(runSource(run, trials, () => Promise.resolve(null)));
    const arm = session.arms.find(({ armKey }) => armKey === fastArm.key);
    expect(arm?.loads['closed-loop']).toMatchObject({
      certified: false,
      latencyMs: { p99: 33 },
      judged: { latencyMs: { p99: 33 } },
    });
  });
});

describe('the energy of several sessions', () => {
  test('is the mean of what was measured; estimates and other sensors are left out', () => {
    const energy = commonEnergy([
      measuredEnergy({ state: 'estimated', value: 9 }),
      measuredEnergy({ value: 0.1, watts: 100, idleWatts: 40 }),
      measuredEnergy({ value: 0.3, watts: 200, idleWatts: 60 }),
      measuredEnergy({ value: 7, scope: 'wall' }),
    ]);
    expect(energy).toMatchObject({ state: 'measured', watts: 150, idleWatts: 50 });
    expect(energy.state === 'measured' && energy.value).toBeCloseTo(0.2, 12);
  });

  test('has no idle power where one session has none', () => {
    const energy = commonEnergy([measuredEnergy(), measuredEnergy({ idleWatts: null })]);
    expect(energy).toMatchObject({ idleWatts: null });
  });

  test('is why there is none, or an estimate, where nothing was measured', () => {
    const reason = { state: 'unavailable', reason: 'no sensor' } as const;
    expect(commonEnergy([reason])).toEqual(reason);
    expect(commonEnergy([])).toMatchObject({ state: 'unavailable' });
  });
});
