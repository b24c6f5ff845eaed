import { describe, expect, test } from 'vitest';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { compareEnvironments } from '../../../hosts/profile/environment-change.ts';
import type { EnvironmentChange } from '../../../hosts/profile/environment-change.ts';
import { readEnvironment } from '../../../hosts/profile/environment.ts';
import { known, unavailable } from '../../../hosts/profile/known.ts';
import {
  describeInvalid,
  describeWarning,
  isTransient,
  type InvalidReason,
  type TrialWarning,
} from '../../../suites/trial-findings.ts';
import {
  invalidReasons,
  notQuiet,
  suspicions,
  type Evidence,
} from '../../../suites/trial/validity.ts';
import { fakeFiles } from '../../support/fake-files.ts';
import { bareEnvironment } from '../../support/fake-trials.ts';
import { trialEvidence } from '../../support/trial-judgement.ts';

const server = {
  scenario: { name: 'server', ratePerSecond: 100, bound: null },
  shape: { clients: null, requestsPerQuery: 1, rowsPerRequest: 1 },
} as const;

function share(some: number): EnvironmentChange['pressure']['io'] {
  return known({ some, full: null });
}

function pressures(
  shares: Partial<EnvironmentChange['pressure']>,
): EnvironmentChange['groupPressure'] {
  const none = unavailable('not told');
  return { cpu: none, memory: none, io: none, ...shares };
}

/** A change of the machine beside one of which nothing is known. */
function changed(change: Partial<EnvironmentChange>): Partial<Evidence> {
  return { change: { ...trialEvidence().change, ...change } };
}

function lagging(
  p99: number,
  more: { readonly p50?: number; readonly scenario?: Evidence['scenario'] } = {},
): Partial<Evidence> {
  return {
    ...server,
    scenario: more.scenario ?? server.scenario,
    metrics: trialEvidence({ p50: more.p50 ?? 1, generatorLagMs: { p50: 0, p99, max: p99 } })
      .metrics,
  };
}

const BOUND_100_MS = {
  name: 'server',
  ratePerSecond: 100,
  bound: { percentile: 'p99', limitMs: 100 },
} as const;

/** What is just allowed, what is just not, the finding and its text. */
const INVALID: readonly (readonly [
  name: string,
  allowed: Partial<Evidence>,
  beyond: Partial<Evidence>,
  reason: InvalidReason,
  text: string,
])[] = [
  [
    'heat',
    changed({ thermalThrottles: known(0) }),
    changed({ thermalThrottles: known(1) }),
    { kind: 'thermal-throttle', events: 1 },
    'the CPU was throttled for heat 1 time',
  ],
  [
    'steal',
    changed({ stealShare: known(0.01) }),
    changed({ stealShare: known(0.011) }),
    { kind: 'steal', share: 0.011 },
    'the hypervisor took 1.1 % of the CPU time',
  ],
  [
    'the quota',
    changed({ throttledPeriods: known(0) }),
    changed({ throttledPeriods: known(2) }),
    { kind: 'quota-throttle', periods: 2 },
    "the container's CPU quota stopped it in 2 periods",
  ],
  [
    'pressure on memory',
    changed({ pressure: pressures({ memory: share(0.01) }) }),
    changed({ pressure: pressures({ memory: share(0.02) }) }),
    { kind: 'pressure', resource: 'memory', share: 0.02 },
    'processes stalled on memory for 2 % of the time',
  ],
  [
    'pressure on disks',
    changed({ groupPressure: pressures({ io: share(0.01) }) }),
    changed({ groupPressure: pressures({ io: share(0.5) }) }),
    { kind: 'pressure', resource: 'io', share: 0.5 },
    'processes stalled on io for 50 % of the time',
  ],
  [
    'too few queries',
    { queries: { count: 64, wanted: 64 } },
    { queries: { count: 63, wanted: 64 } },
    { kind: 'few-queries', count: 63, wanted: 64 },
    'only 63 of 64 queries were answered in time: measure longer with --duration',
  ],
  [
    'too short a time',
    { measured: { ms: 990, wantedMs: 1000 } },
    { measured: { ms: 989, wantedMs: 1000 } },
    { kind: 'too-short', ms: 989, wantedMs: 1000 },
    'measured 989 ms instead of 1,000 ms',
  ],
  [
    'a generator that is late by more than a millisecond',
    lagging(1),
    lagging(1.5),
    { kind: 'generator-lag', p99Ms: 1.5, limitMs: 1 },
    'the load generator was late: p99 1.5 ms, limit 1 ms',
  ],
  [
    'a generator that is late by more than 5 % of the median latency',
    lagging(2, { p50: 40 }),
    lagging(2.5, { p50: 40 }),
    { kind: 'generator-lag', p99Ms: 2.5, limitMs: 2 },
    'the load generator was late: p99 2.5 ms, limit 2 ms',
  ],
  [
    'a generator that is late by more than 5 % of the bound',
    lagging(5, { p50: 40, scenario: BOUND_100_MS }),
    lagging(6, { p50: 40, scenario: BOUND_100_MS }),
    { kind: 'generator-lag', p99Ms: 6, limitMs: 5 },
    'the load generator was late: p99 6 ms, limit 5 ms',
  ],
  [
    'another governor',
    changed({ governorChanged: known(false) }),
    changed({ governorChanged: known(true) }),
    { kind: 'environment-changed', what: 'the frequency governor' },
    'the machine changed while measuring: the frequency governor',
  ],
  [
    'boost',
    changed({ boostChanged: known(false) }),
    changed({ boostChanged: known(true) }),
    { kind: 'environment-changed', what: 'boost' },
    'the machine changed while measuring: boost',
  ],
  [
    'other cores',
    changed({ affinityChanged: known(false) }),
    changed({ affinityChanged: known(true) }),
    { kind: 'environment-changed', what: 'the CPU affinity' },
    'the machine changed while measuring: the CPU affinity',
  ],
  [
    'another quota',
    changed({ quotaChanged: known(false) }),
    changed({ quotaChanged: known(true) }),
    { kind: 'environment-changed', what: 'the CPU quota' },
    'the machine changed while measuring: the CPU quota',
  ],
  [
    'a wall clock that was set',
    { clocks: { wallMs: 990, monotonicMs: 1000 } },
    { clocks: { wallMs: 980, monotonicMs: 1000 } },
    { kind: 'clocks-differ', share: 0.02 },
    'wall clock and monotonic clock differ by 2 %',
  ],
  [
    'a wall clock that was set, and not one that is read in whole milliseconds',
    { clocks: { wallMs: 105, monotonicMs: 100 } },
    { clocks: { wallMs: 106, monotonicMs: 100 } },
    { kind: 'clocks-differ', share: 0.06 },
    'wall clock and monotonic clock differ by 6 %',
  ],
];

describe('what makes a trial invalid', () => {
  test.each(INVALID)('%s', (_name, allowed, beyond, reason, text) => {
    expect(invalidReasons({ ...trialEvidence(), ...allowed })).toEqual([]);
    expect(invalidReasons({ ...trialEvidence(), ...beyond })).toEqual([reason]);
    expect(describeInvalid(reason)).toBe(text);
  });

  test('a wrong output is told by its phase, and is the only one besides few queries that stays', () => {
    const wrong = { kind: 'wrong-output', phase: 'after', detail: 'y is off' } as const;
    expect(describeInvalid(wrong)).toBe('wrong output after the load: y is off');
    const reasons = [wrong, ...INVALID.map(([, , , reason]) => reason)];
    const stay = reasons.filter((reason) => !isTransient(reason)).map(({ kind }) => kind);
    expect(stay).toEqual(['wrong-output', 'few-queries']);
  });

  test('what is not known is not held against it', () => {
    const change = compareEnvironments(bareEnvironment, bareEnvironment, 1000);
    expect(change.stealShare.state).toBe('unavailable');
    expect(invalidReasons({ ...trialEvidence(), change })).toEqual([]);
  });

  test('what the neighbours suffer is not our pressure, where our own group tells', () => {
    const [pressure, calm] = [pressures({ io: share(0.9) }), pressures({ io: share(0) })];
    const judge = (change: Partial<EnvironmentChange>): InvalidReason[] =>
      invalidReasons({ ...trialEvidence(), ...changed(change) });
    expect(judge({ pressure, groupPressure: calm })).toEqual([]);
    expect(judge({ pressure, groupPressure: pressures({}) })).toEqual([
      { kind: 'pressure', resource: 'io', share: 0.9 },
    ]);
    expect(judge({ pressure: calm, groupPressure: pressure })).toHaveLength(1);
  });

  test('a load that was given up has its result, however few its queries', () => {
    const stopped = {
      ...server,
      queries: { count: 3, wanted: 662 },
      measured: { ms: 10, wantedMs: 1000 },
    };
    expect(invalidReasons({ ...trialEvidence(), ...stopped, gaveUp: true })).toEqual([]);
    // Too short as well, but one message says what to do about both.
    expect(invalidReasons({ ...trialEvidence(), ...stopped })).toEqual([
      { kind: 'few-queries', count: 3, wanted: 662 },
    ]);
  });

  test('periods in which a quota stopped the group are read from its files', () => {
    const at = (throttled: number): ReturnType<typeof readEnvironment> =>
      readEnvironment(
        fakeFiles({
          '/proc/self/cgroup': '0::/\n',
          '/sys/fs/cgroup/cgroup.controllers': 'cpu io memory\n',
          '/sys/fs/cgroup/cpu.max': '150000 100000\n',
          '/sys/fs/cgroup/cpu.stat': `usage_usec 1\nnr_periods 100\nnr_throttled ${throttled}\nthrottled_usec 5000\n`,
        }),
      );
    const judge = (after: number): InvalidReason[] =>
      invalidReasons({
        ...trialEvidence(),
        change: compareEnvironments(at(4), at(after), 1000),
        after: at(after),
      });
    expect(judge(4)).toEqual([]);
    expect(judge(7)).toEqual([{ kind: 'quota-throttle', periods: 3 }]);
  });
});

function stability(figures: Partial<Evidence['metrics']['stability']>): Partial<Evidence> {
  return { metrics: trialEvidence({ stability: figures }).metrics };
}

function governedBy(governor: string): Partial<Evidence> {
  return {
    after: { ...bareEnvironment, cpu: { ...bareEnvironment.cpu, governor: known(governor) } },
  };
}

/** Two spinning threads on two cores. */
function using(cpuUtilisation: number, runQueueWait: number | null): Partial<Evidence> {
  return {
    config: defaultEngineConfig(2),
    metrics: trialEvidence({ cpuUtilisation, runQueueWait }).metrics,
  };
}

const SUSPECT: readonly (readonly [
  name: string,
  allowed: Partial<Evidence>,
  beyond: Partial<Evidence>,
  warning: TrialWarning,
  text: string,
])[] = [
  [
    'a second half that is slower',
    stability({ halves: 1.029 }),
    stability({ halves: 1.04 }),
    { kind: 'drift', ratio: 1.04 },
    'drift: the second half is 4 % slower than the first',
  ],
  [
    'a second half that is faster',
    stability({ halves: 0.971 }),
    stability({ halves: 0.95 }),
    { kind: 'drift', ratio: 0.95 },
    'drift: the second half is 5 % faster than the first',
  ],
  [
    'two modes',
    stability({ modes: 1 }),
    stability({ modes: 2 }),
    { kind: 'several-modes', modes: 2 },
    'latencies have 2 modes: a percentile between them describes neither',
  ],
  [
    'a frequency that wanders',
    stability({ frequencyCv: 0.05 }),
    stability({ frequencyCv: 0.06 }),
    { kind: 'unstable-frequency', cv: 0.06 },
    "the CPU's frequency varied by 6 %",
  ],
  [
    'a governor that saves power',
    governedBy('performance'),
    governedBy('powersave'),
    { kind: 'governor', governor: 'powersave' },
    "the frequency governor is 'powersave', not 'performance'",
  ],
  [
    'queries without an answer',
    { metrics: trialEvidence({ unanswered: 0 }).metrics },
    { metrics: trialEvidence({ unanswered: 3 }).metrics },
    { kind: 'overloaded', unanswered: 3 },
    'overloaded: 3 queries were not answered in time',
  ],
  [
    'less than 85 % of its cores, with threads waiting for one',
    using(1.7, 1),
    using(1.6, 0.1),
    { kind: 'contention', cores: 1.6, expected: 2 },
    'contention: it got 1.6 cores, its configuration uses 2',
  ],
  [
    'threads that waited, with less than 85 % of its cores',
    using(1.6, 0.09),
    using(1.6, 0.1),
    { kind: 'contention', cores: 1.6, expected: 2 },
    'contention: it got 1.6 cores, its configuration uses 2',
  ],
];

describe('what makes a trial suspect', () => {
  test.each(SUSPECT)('%s', (_name, allowed, beyond, warning, text) => {
    expect(suspicions({ ...trialEvidence(), ...allowed })).toEqual([]);
    expect(suspicions({ ...trialEvidence(), ...beyond })).toEqual([warning]);
    expect(describeWarning(warning)).toBe(text);
  });

  test('what could not be told is no sign of anything', () => {
    const nothing = { lagOne: null, halves: null, modes: null, frequencyCv: null };
    expect(suspicions({ ...trialEvidence(), ...stability(nothing) })).toEqual([]);
  });

  test('an engine that got too little of the CPU is suspect where nobody tells who waited', () => {
    expect(suspicions({ ...trialEvidence(), ...using(1.6, null) })).toHaveLength(1);
  });

  test.each([
    ['arrivals on a schedule leave the engine idle', { ...server }, null],
    ['threads that sleep count one of their replica', { threads: 4, spinning: false }, 1],
    ['a config cannot use more cores than there are', { threads: 4, spinning: true }, 2],
    ['a lone client keeps one of three replicas busy', { replicas: 3, clients: 1 }, 1],
    ['the parts of a query keep as many replicas busy', { replicas: 2, requests: 4 }, 2],
  ])('%s', (_name, how, expected) => {
    const {
      threads = 1,
      spinning = true,
      replicas = 1,
      clients = 1,
      requests = 1,
    } = how as {
      readonly [knob in 'threads' | 'replicas' | 'clients' | 'requests']?: number;
    } & { readonly spinning?: boolean };
    const shape = { clients, requestsPerQuery: requests, rowsPerRequest: 1 };
    const config = { ...defaultEngineConfig(threads), spinning, replicas };
    const evidence = { ...trialEvidence(), ...using(0.1, 1), config, shape, ...how };
    expect(suspicions(evidence)).toEqual(
      expected === null ? [] : [{ kind: 'contention', cores: 0.1, expected }],
    );
  });

  test('those of the warm-up and of the wait before it have texts too', () => {
    expect(describeWarning({ kind: 'no-steady-state', span: 0.034, windows: 12 })).toBe(
      'no steady state after 12 windows: the last medians span 3.4 %',
    );
    expect(describeWarning({ kind: 'no-steady-state', span: null, windows: 1 })).toBe(
      'no steady state after 1 window',
    );
    expect(describeWarning(notQuiet('tasks waited for a disk', 1250))).toBe(
      'the machine did not become quiet: tasks waited for a disk, after 1.3 s',
    );
  });
});
