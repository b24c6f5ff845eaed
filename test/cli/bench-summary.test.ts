import { describe, expect, test } from 'vitest';
import type { BenchPlan } from '../../cli/bench-plan.ts';
import { summarizeBench } from '../../cli/bench-summary.ts';
import { benchRecordSchema, type BenchRecord } from '../../suites/bench-record.ts';
import { VERDICTS } from '../../suites/comparison/verdict.ts';
import type { TrialMetrics } from '../../suites/trial-record.ts';
import type { Tuned } from '../../tuner/export/tuned.ts';
import { toArm } from '../../tuner/arm.ts';
import { benchPlan } from '../support/bench-plan.ts';
import {
  benchRecord,
  benchTrial,
  comparisonRecord,
  defaultArm,
  endedBenchTrial,
} from '../support/bench-records.ts';
import { fakeMetrics } from '../support/fake-trials.ts';

function linesOf(record: BenchRecord, changes: Partial<BenchPlan> = {}): string[] {
  // What cannot be stored cannot be summarized either.
  return summarizeBench(benchRecordSchema.parse(record), benchPlan(changes)).split('\n');
}

const DRIFT = { kind: 'drift', ratio: 1.08 } as const;
const STEAL = { kind: 'steal', share: 0.04 } as const;
const ALL_IS_WELL = '  nothing spoils it: every check of validity passed';

describe('one configuration', () => {
  test('its figures, with how sure they are', () => {
    const lines = linesOf(
      benchRecord([benchTrial({ metrics: { qpsWithin: { low: 980, high: 1020 } } })]),
    );
    // 200 latencies (i + 1) / 199 ms: the median lies at 100.5 / 199, p90 (type 7) at
    // 180.1 / 199. 200 queries are enough to certify p50 and p90, but not p99 (459).
    expect(lines.slice(0, 3)).toEqual([
      'fake.onnx: 1 replica x 2 threads, batch 1, level all, spinning',
      '  closed-loop: 1 client, one sample a request',
      '  simulated',
    ]);
    expect(lines).toContain('  measured        1 s, 200 queries, after a warm-up of 1 s');
    expect(lines).toContain('  samples/s       1,000 [980, 1,020] (95 %, within this process)');
    expect(lines.find((line) => line.startsWith('    p50'))).toMatch(
      /^ {4}p50 {11}0\.505 ms {4}\[0\.\d+, 0\.\d+\] +0\.\d+ ms$/,
    );
    expect(lines.find((line) => line.startsWith('    p90'))).toMatch(/ {2}0\.905 ms .* 0\.\d+ ms$/);
    expect(lines.find((line) => line.startsWith('    p99 '))).toMatch(/too few queries$/);
    expect(lines).toContain('  energy          unavailable: simulated');
    expect(lines.at(-1)).toBe(ALL_IS_WELL);
    expect(lines.join('\n')).not.toContain('suspect');
  });

  test('what differs from the default is said, whatever it is', () => {
    const arm = toArm({
      ...defaultArm.config,
      isolation: 'thread',
      affinity: '1',
      arena: false,
      sessionEntries: { 'session.disable_prepacking': '1' },
    });
    expect(linesOf(benchRecord([benchTrial({ arm })]))[0]).toBe(
      'fake.onnx: 1 replica x 2 threads, isolation thread, batch 1, level all, spinning, no arena, affinity 1, session.disable_prepacking=1',
    );
  });

  test('with warnings is suspect', () => {
    const warnings = [DRIFT, { kind: 'governor', governor: 'powersave' }] as const;
    const lines = linesOf(benchRecord([benchTrial({ warnings: [...warnings] })]));
    expect(lines.slice(-3)).toEqual([
      '  suspect:',
      '  - drift: the second half is 8 % slower than the first',
      "  - the frequency governor is 'powersave', not 'performance'",
    ]);
    expect(lines).not.toContain(ALL_IS_WELL);
  });

  test('that is invalid says why before its figures, and nothing reassuring after them', () => {
    const lines = linesOf(benchRecord([endedBenchTrial({ state: 'invalid', reasons: [STEAL] })]));
    const start = lines.indexOf('INVALID: these figures do not count');
    expect(lines[start + 1]).toBe('  - the hypervisor took 4 % of the CPU time');
    expect(lines.findIndex((line) => line.startsWith('  samples/s'))).toBeGreaterThan(start);
    expect(lines).not.toContain(ALL_IS_WELL);
  });

  test('that is invalid before anything was measured', () => {
    const trial = endedBenchTrial({
      state: 'invalid',
      reasons: [{ kind: 'wrong-output', phase: 'before', detail: 'y differs by 3' }],
    });
    const lines = linesOf(benchRecord([{ ...trial, metrics: null } as typeof trial]));
    expect(lines.slice(-2)).toEqual([
      'INVALID: nothing was measured',
      '  - wrong output before the load: y differs by 3',
    ]);
  });

  test.each([
    [{ state: 'failed', message: 'cannot load it\n' }, 'the trial failed: cannot load it'],
    [{ state: 'timeout', limitMs: 300_000 }, 'no end within 5 min: the process was killed'],
    [
      { state: 'out-of-memory', message: 'ended by SIGKILL' },
      'the trial ran out of memory: ended by SIGKILL',
    ],
  ] as const)('that ended as %j', (ending, words) => {
    const lines = linesOf(benchRecord([endedBenchTrial(ending)]));
    expect(lines.at(-1)).toBe(words);
  });

  test('only the last trial counts: those before it were repeated', () => {
    const first = endedBenchTrial({ state: 'invalid', reasons: [STEAL] });
    const lines = linesOf(benchRecord([first, benchTrial({ sequence: 1 })]));
    expect(lines.join('\n')).not.toContain('INVALID');
    expect(lines.at(-1)).toBe(ALL_IS_WELL);
  });

  test.each([
    ['50', null, 'NOT held'],
    ['1', 200, 'NOT held'],
    ['1', 0, 'held, with 99 % confidence'],
  ] as const)(
    'at a rate, with a bound: the latency of %s ms, %s unanswered',
    (ms, unanswered, verdict) => {
      const bound = { percentile: 'p90', limitMs: 20 } as const;
      const { latencyMs } = fakeMetrics({ qps: 50, p99Ms: Number(ms) }).metrics;
      const lines = linesOf(
        benchRecord([
          benchTrial({
            scenario: { name: 'server', ratePerSecond: 50, bound },
            metrics: {
              latencyMs,
              unanswered: unanswered ?? 0,
              generatorLagMs: { p50: 0.1, p99: 0.25, max: 1 },
            },
          }),
        ]),
      );
      expect(lines[1]).toBe(
        '  server: Poisson arrivals at 50 queries/s, one sample each, latency from the scheduled time',
      );
      expect(lines).toContain('  generator lag   p99 0.25 ms');
      expect(lines).toContain(`  bound           p90 < 20 ms: ${verdict}`);
    },
  );

  test.each([
    [
      'measured',
      '0.012 J a sample, 0.008 J beyond idle, 12 W under load; rapl:0, package, counter',
    ],
    [
      'estimated',
      'ESTIMATED 0.012 J a sample, 0.008 J beyond idle, 12 W under load; rapl:0, package, counter',
    ],
  ] as const)('energy that was %s', (state, words) => {
    const energy = energyOf(state);
    const [line] = linesOf(
      benchRecord([benchTrial({ metrics: { energyJPerInference: energy } })]),
    ).filter((text) => text.startsWith('  energy'));
    expect(line).toBe(`  energy          ${words} (the counter began anew)`);
  });

  test('of a tuned.json stands beside what that says', () => {
    const tuned = { metrics: { qps: { value: 800 } } } as unknown as Tuned;
    const lines = linesOf(benchRecord([benchTrial()]), {
      config: { kind: 'tuned', path: 'tuned.json', tuned },
    });
    // 1000 / 800 = 1.25
    expect(lines.slice(-2)).toEqual([
      '  tuned.json says 800 samples/s: +25 % now, in another hour of the machine',
      '  to compare under equal conditions: --against',
    ]);
  });
});

function energyOf(state: 'measured' | 'estimated'): TrialMetrics['energyJPerInference'] {
  return {
    state,
    value: 0.012,
    netValue: 0.008,
    watts: 12,
    idleWatts: 4,
    source: 'rapl:0',
    scope: 'package',
    quality: 'counter',
    coverage: 1,
    notes: ['the counter began anew'],
  };
}

describe('a comparison', () => {
  const candidate = toArm({ ...defaultArm.config, intraOpThreads: 1 });
  const trials = [
    benchTrial({ purpose: { kind: 'compare', block: 0, position: 0, side: 'a' } }),
    benchTrial({
      arm: candidate,
      sequence: 1,
      purpose: { kind: 'compare', block: 0, position: 1, side: 'b' },
    }),
  ];
  const throughput = {
    metric: 'throughput',
    primary: true,
    margin: 0.02,
    ratio: { value: 1.2, low: 1.1, high: 1.31 },
    confidence: 0.983,
    verdict: 'better',
  } as const;

  test.each(VERDICTS)('says %s first, then every metric', (verdict) => {
    const memory = {
      ...throughput,
      metric: 'memory',
      primary: false,
      ratio: { value: 1, low: null, high: 1.5 },
    } as const;
    const comparison = comparisonRecord([
      { ...throughput, verdict },
      { ...memory, verdict: 'equivalent' },
    ]);
    expect(linesOf(benchRecord(trials, { comparison }))).toEqual([
      'fake.onnx: 1 replica x 1 thread, batch 1, level all',
      'against 1 replica x 2 threads, batch 1, level all, spinning',
      '  closed-loop: 1 client, one sample a request',
      '  6 blocks of four trials, interleaved',
      '  simulated',
      '',
      `${verdict.toUpperCase()}: throughput 1.2 times`,
      '',
      `  throughput      1.200 [1.100, 1.310]      ${verdict} (margin 2 %, decides at 98.3 %)`,
      '  memory          1.000 [?, 1.500]          equivalent (margin 2 %)',
      '',
      "  margins are at least this host's noise, measured just now (claw host --noise)",
    ]);
  });

  test('says what spoiled more than one trial in four, and what was not used', () => {
    const invalid = endedBenchTrial(
      { state: 'invalid', reasons: [STEAL] },
      {
        sequence: 2,
        warnings: [DRIFT],
        purpose: { kind: 'compare', block: 1, position: 0, side: 'a' },
      },
    );
    const lines = linesOf(
      benchRecord([...trials, invalid], {
        comparison: comparisonRecord([throughput], { lost: 1 }),
      }),
    );
    expect(lines).toContain('  6 blocks of four trials, interleaved; lost: 1');
    expect(lines.slice(-2)).toEqual([
      '  invalid, and not used: 1 of 3 trials',
      '  suspect: drift in 1 of 3 trials',
    ]);
  });

  test.each([
    ['a', 'baseline'],
    ['b', 'candidate'],
  ] as const)('without a complete block, since side %s failed', (side, name) => {
    const failed = endedBenchTrial(
      { state: 'failed', message: 'cannot load it' },
      { sequence: 2, purpose: { kind: 'compare', block: 0, position: 2, side } },
    );
    const comparison = comparisonRecord([], { lost: 1 });
    const lines = linesOf(benchRecord([...trials, failed], { comparison }));
    expect(lines).toContain('  0 blocks of four trials, interleaved; lost: 1');
    const start = lines.indexOf(`no block was completed; the last trial of the ${name}:`);
    expect(lines[start + 1]).toBe('the trial failed: cannot load it');
  });

  test('that its very first trial ended says why, though one side was never tried', () => {
    const failed = endedBenchTrial(
      { state: 'failed', message: 'cannot load it' },
      { arm: candidate, purpose: { kind: 'compare', block: 0, position: 0, side: 'b' } },
    );
    const comparison = comparisonRecord([], { lost: 1 });
    expect(linesOf(benchRecord([failed], { comparison }))).toEqual([
      'fake.onnx: 1 replica x 1 thread, batch 1, level all',
      '',
      'no block was completed; the last trial of the candidate:',
      'the trial failed: cannot load it',
    ]);
  });
});

describe('a peak', () => {
  const bound = { percentile: 'p90', limitMs: 20 } as const;
  const load = { kind: 'peak', bound } as const;
  const start = benchTrial({ scenario: { name: 'single-stream' } });

  function probe(sequence: number, ratePerSecond: number, p99Ms: number) {
    return {
      sequence,
      purpose: { kind: 'probe', ratePerSecond, seed: sequence },
      scenario: { name: 'server', ratePerSecond, bound },
      metrics: { latencyMs: fakeMetrics({ qps: ratePerSecond, p99Ms }).metrics.latencyMs },
    } as const;
  }

  test('that was found stands above its trial and what else was tried', () => {
    const trials = [
      start,
      benchTrial(probe(1, 100, 10)),
      benchTrial(probe(2, 200, 40)),
      benchTrial(probe(3, 100, 12)),
    ];
    const peak = { ratePerSecond: 100, failedAt: 200, complete: true, confirmedBy: 3 };
    const lines = linesOf(benchRecord(trials, { peak }), { load });
    expect(lines.slice(0, 5)).toEqual([
      'fake.onnx: 1 replica x 2 threads, batch 1, level all, spinning',
      '  server: Poisson arrivals at 100 queries/s, one sample each, latency from the scheduled time',
      '  simulated',
      '',
      'PEAK: 100 queries/s keep p90 < 20 ms, confirmed with fresh arrivals; at 200 it is not kept',
    ]);
    expect(lines.join('\n')).not.toContain('ran out of probes');
    expect(lines).toContain('  bound           p90 < 20 ms: held, with 99 % confidence');
    expect(lines.slice(-4)).toEqual([
      '  tried',
      expect.stringMatching(/^ {9}100\/s {2}p90 9\.\d+ ms$/),
      expect.stringMatching(/^ {9}200\/s {2}p90 3\d(\.\d)? ms$/),
      expect.stringMatching(/^ {9}100\/s {2}p90 11\.\d ms$/),
    ]);
  });

  test('beyond which no trial was valid does not blame the bound', () => {
    const trials = [
      start,
      endedBenchTrial({ state: 'invalid', reasons: [STEAL] }, probe(1, 200, 5)),
      benchTrial(probe(2, 100, 10)),
    ];
    const peak = { ratePerSecond: 100, failedAt: 200, complete: true, confirmedBy: 2 };
    const lines = linesOf(benchRecord(trials, { peak }), { load });
    expect(lines).toContain(
      'PEAK: 100 queries/s keep p90 < 20 ms, confirmed with fresh arrivals; at 200 no trial was valid',
    );
    expect(lines.at(-2)).toMatch(
      /200\/s {2}p90 4\.\d+ ms {2}INVALID: the hypervisor took 4 % of the CPU time$/,
    );
  });

  test('of a search that ran out of probes may be higher', () => {
    const peak = { ratePerSecond: 100, failedAt: null, complete: false, confirmedBy: 1 };
    const lines = linesOf(benchRecord([start, benchTrial(probe(1, 100, 10))], { peak }), { load });
    expect(lines).toContain('PEAK: 100 queries/s keep p90 < 20 ms, confirmed with fresh arrivals');
    expect(lines).toContain('  the search ran out of probes: the true peak may be higher');
  });

  test('that was not found says so, and what each rate gave', () => {
    const given = benchTrial(probe(1, 100, 40));
    const none = { p50: null, p90: null, p95: null, p99: null, p999: null };
    const trials = [
      start,
      given,
      {
        ...given,
        sequence: 2,
        metrics: { ...given.metrics, latencyMs: { ...given.metrics.latencyMs, certified: none } },
      },
      endedBenchTrial({ state: 'timeout', limitMs: 1000 }, probe(3, 25, 1)),
      endedBenchTrial({ state: 'failed', message: 'gone' }, probe(4, 12, 1)),
      endedBenchTrial({ state: 'invalid', reasons: [STEAL] }, probe(5, 6, 1)),
    ];
    const peak = { ratePerSecond: null, failedAt: 6, complete: true, confirmedBy: null };
    expect(linesOf(benchRecord(trials, { peak }), { load })).toEqual([
      'fake.onnx: 1 replica x 2 threads, batch 1, level all, spinning',
      'no rate was found that keeps p90 < 20 ms',
      '  1 of 5 trials were invalid: the machine may be what failed',
      '',
      '  tried',
      expect.stringMatching(/^ {9}100\/s {2}p90 3\d(\.\d)? ms$/),
      '         100/s  p90 given up: over the bound',
      '          25/s  p90 no end in time: the process was killed',
      '          12/s  p90 failed: gone',
      expect.stringMatching(/^ {11}6\/s {2}p90 0\.\d+ ms {2}INVALID: the hypervisor took 4 % /),
    ]);
  });

  test('of what does not run is not searched', () => {
    const failed = endedBenchTrial({ state: 'failed', message: 'cannot load it' });
    const peak = { ratePerSecond: null, failedAt: null, complete: false, confirmedBy: null };
    expect(linesOf(benchRecord([failed], { peak }), { load })).toEqual([
      'fake.onnx: 1 replica x 2 threads, batch 1, level all, spinning',
      '',
      'no rate was tried, for it does not run:',
      'the trial failed: cannot load it',
    ]);
  });
});
