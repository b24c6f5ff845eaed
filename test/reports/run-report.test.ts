import { beforeAll, expect, test } from 'vitest';
import { rate } from '../../reports/figure-format.ts';
import { renderRunReport } from '../../reports/run-report.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { MeasuredArm, RunRecord } from '../../tuner/run-record.ts';
import {
  completedTrial,
  configWith,
  defaultOutcome,
  endedTrial,
  measuredArm,
  runRecord,
  trialsOfRun,
  variantArtifact,
  verificationOf,
  WINNER,
  winnerOutcome,
  workload,
} from './fixtures.ts';
import { textOf } from './page-text.ts';

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert('2')">`;

function render(changes: Partial<RunRecord>, trials: readonly TrialRecord[]): Promise<string> {
  return renderRunReport({ run: runRecord(changes), trials });
}

let winner = '';
beforeAll(async () => {
  winner = await render({}, trialsOfRun());
});

test('a report is one whole page with its charts drawn', () => {
  expect(winner).toMatch(/^<!doctype html>/i);
  expect(winner.match(/<svg[^>]*class="marks"/g)).toHaveLength(10);
  expect(winner.match(/<script type="application\/json"/g)).toHaveLength(10);
});

test('nothing in the page points outside of it', () => {
  const page = winner.replaceAll(/<script>[\s\S]*?<\/script>/g, '');
  const links = page
    .replaceAll(/xmlns(:xlink)?="[^"]*"/g, '')
    .match(/https?:|\b(src|href)="(?!#|data:)/g);
  expect(links).toBeNull();
});

test('the same records give the same page', async () => {
  expect((await render({}, trialsOfRun())) === winner).toBe(true);
});

test('the order in which trials are given does not matter', async () => {
  expect((await render({}, trialsOfRun().reverse())) === winner).toBe(true);
});

test('the reader finds the verdict, both arms, the doubts and how to do it again', () => {
  const text = textOf(winner);
  for (const part of [
    'times the default [1.61, 1.65]',
    'p99 5.13 ms under the bound of 66 ms',
    'Uncertified',
    'Energy unavailable: no power sensor was found.',
    'Isolation inline thread',
    'out-of-memory the process ended by SIGKILL while creating session 2: out of memory 2',
    'contention 2 of 48',
    'claw tune inspection --slo &#39;p99&lt;66ms&#39; --budget 3m --duration 1s --seed 7',
    'avx2, avx512f, avx512_vnni, amx_int8',
    'Peak memory of all engine processes',
  ]) {
    expect(text).toContain(part);
  }
});

test('columns that never vary stand above the table of trials', () => {
  expect(textOf(winner)).toMatch(/The same in all 48: batch delay in ms 0 , precision fp32 ,/);
  expect(winner).not.toMatch(/<th scope="col"[^>]*>Precision/);
});

test('names, paths and messages from outside cannot become markup', async () => {
  const trials = [
    completedTrial({ config: configWith({ affinity: HOSTILE }) }),
    completedTrial({ config: configWith({ sessionEntries: { [HOSTILE]: HOSTILE } }), sequence: 1 }),
    endedTrial({ state: 'failed', message: HOSTILE }, { sequence: 2 }),
    endedTrial(
      {
        state: 'invalid',
        metrics: null,
        reasons: [{ kind: 'wrong-output', phase: 'before', detail: HOSTILE }],
      },
      { sequence: 3 },
    ),
  ];
  const page = await render(
    {
      outcome: null,
      searcher: HOSTILE,
      knobs: { [HOSTILE]: [HOSTILE, 1], affinity: [HOSTILE] },
      workload: workload({
        target: HOSTILE,
        model: { name: HOSTILE, path: HOSTILE, sha256: HOSTILE, sizeBytes: 1 },
        data: { kind: 'file', path: HOSTILE, description: HOSTILE },
        notes: [HOSTILE],
      }),
    },
    trials,
  );
  const scripts = page.match(/<script[\s>]/g) ?? [];
  const ends = page.match(/<\/script>/g) ?? [];
  const charts = page.match(/<script type="application\/json"/g) ?? [];
  expect(scripts.length).toBe(charts.length + 2);
  expect(ends.length).toBe(charts.length + 2);
  expect(page).not.toContain('<img');
  expect(textOf(page)).toContain('alert(1)');
});

test('the figures of an invalid trial are kept, not used', async () => {
  const faster = completedTrial({ noise: 50 }).metrics;
  const reasons = [
    { kind: 'steal', share: 0.04 },
    { kind: 'generator-lag', p99Ms: 3, limitMs: 1 },
  ] as const;
  const trials = [
    completedTrial(),
    endedTrial({ state: 'invalid', reasons: [...reasons], metrics: faster }, { sequence: 1 }),
  ];
  const page = await render({ outcome: defaultOutcome() }, trials);
  const text = textOf(page);
  expect(text).toContain('Trials that do not count');
  expect(text).toContain(
    'the hypervisor took 4 % of the CPU time; the load generator was late: p99 3 ms, limit 1 ms',
  );
  expect(text).not.toContain(rate(faster.qps));
});

test('invalid trials of one kind stand together, whatever their figures', async () => {
  const late = (p99Ms: number, sequence: number): TrialRecord =>
    endedTrial(
      {
        state: 'invalid',
        reasons: [{ kind: 'generator-lag', p99Ms, limitMs: 1 }],
        metrics: null,
      },
      { sequence },
    );
  const trials = [completedTrial(), ...[2, 3, 4, 5, 6, 7, 8].map((ms) => late(ms, ms))];
  const text = textOf(await render({ outcome: defaultOutcome() }, trials));
  expect(text).toMatch(
    /late: p99 2 ms, limit 1 ms .*late: p99 7 ms, limit 1 ms and 1 more \(in the table of all trials\) 7 #2/,
  );
});

test('the machine of the trials is named as at the top, another one by its key', async () => {
  const names = (trials: readonly TrialRecord[]): Promise<string> =>
    render({ outcome: defaultOutcome() }, trials).then(textOf);
  const own = [completedTrial(), completedTrial({ sequence: 1 })];
  expect(await names(own)).toMatch(/The same in all 2: .*host bench-1 \./);
  expect(await names(own.map((trial) => ({ ...trial, hostKey: 'aa77' })))).toMatch(/host aa77 \./);
});

test.each([
  ['measured', '12 mJ 8.5 W', 'Energy by rapl:0 (package, counter; gaps).', '±0 %'],
  [
    'estimated',
    'estimated 12 mJ 8.5 W',
    'Energy estimated, not measured, by rapl:0 (package, counter; gaps).',
    '–',
  ],
] as const)('energy that was %s says by what', async (state, shown, note, change) => {
  const energyJPerInference = {
    state,
    value: 0.012,
    netValue: null,
    watts: 8.5,
    idleWatts: null,
    source: 'rapl:0',
    scope: 'package',
    quality: 'counter',
    coverage: 1,
    notes: ['gaps'],
  };
  const arms = {
    shipped: measuredArm(WINNER, { energyJPerInference }),
    baseline: measuredArm(configWith(), { energyJPerInference }),
  };
  const text = textOf(await render({ outcome: { ...winnerOutcome(), ...arms } }, trialsOfRun()));
  expect(text).toContain(`Energy per sample ${shown} ${shown} ${change}`);
  expect(text.split(note).length).toBe(2);
});

test('the definitions say what is certified, what counts and how memory is counted', () => {
  const text = textOf(winner);
  expect(text).toMatch(/Uncertified .*at least 459 for p99/);
  expect(text).toMatch(/Invalid .* kept in the records and not used/);
  expect(text).toMatch(/Memory .*proportional share \(PSS\)/);
});

test('random data is said at the top', async () => {
  const data = { kind: 'random', description: 'seeded random inputs: float32 in [0, 1)' } as const;
  const page = await render({ workload: workload({ data }) }, trialsOfRun());
  expect(textOf(page)).toContain(
    'Random data. No data was given: seeded random inputs: float32 in [0, 1).',
  );
  expect(page.indexOf('Random data.')).toBeLessThan(page.indexOf('<table'));
});

test('without accuracy there is no row and no column for it', async () => {
  const bare = { quality: {} };
  const trials = trialsOfRun({ search: 4 }).map((trial) =>
    trial.state === 'completed' ? { ...trial, metrics: { ...trial.metrics, ...bare } } : trial,
  );
  const outcome = {
    kind: 'default',
    shipped: measuredArm(configWith(), bare),
    baseline: measuredArm(configWith(), bare),
    verification: null,
    reason: 'nothing was faster',
  } as const;
  const page = await render({ outcome, workload: workload({ evaluationCount: 0 }) }, trials);
  expect(page).not.toMatch(/<th[^>]*>\s*Accuracy/);
  expect(textOf(page)).toContain('the data has no labels');
});

test('no trial at all is a page without charts and without their library', async () => {
  const page = await render({ state: 'running', outcome: null }, []);
  expect(textOf(page)).toContain('The run has not finished yet. No trial has completed.');
  expect(page.length).toBeLessThan(40_000);
});

test('only failures: the reasons are there and nothing is drawn', async () => {
  const trials = [0, 1, 2].map((sequence) =>
    endedTrial({ state: 'failed', message: 'unsupported operator Frobnicate' }, { sequence }),
  );
  const outcome = {
    kind: 'nothing-feasible',
    nearest: null,
    reason: 'no trial was completed',
  } as const;
  const page = await render({ outcome }, trials);
  expect(textOf(page)).toContain('unsupported operator Frobnicate 3');
  expect(page).not.toContain('class="marks"');
});

test('only the default: no second column, no knob panels', async () => {
  const page = await render({ outcome: defaultOutcome() }, [completedTrial()]);
  expect(textOf(page)).toContain('The default stays');
  expect(page).not.toContain('Which knob matters');
  expect(page).not.toMatch(/class="after"/);
});

test('figures that are not finite read as dashes and never reach the data', async () => {
  const odd = completedTrial({ config: configWith({ batchSize: 2 }), sequence: 1 });
  const metrics = {
    ...odd.metrics,
    qps: Infinity,
    memoryBytes: Number.NaN,
    sessionBytes: Number.NaN,
  };
  const page = await render({ outcome: defaultOutcome() }, [completedTrial(), { ...odd, metrics }]);
  expect(textOf(page)).not.toMatch(/NaN|Infinity/);
});

test('every kind of verdict renders', async () => {
  for (const verdict of [
    'better',
    'worse',
    'equivalent',
    'different-within-margin',
    'inconclusive',
  ] as const) {
    const page = await render(
      { outcome: defaultOutcome(verificationOf(1.01, { verdict })) },
      trialsOfRun(),
    );
    expect(textOf(page)).toContain('The default stays');
  }
});

test('500 trials stay under 3 MB and under five seconds', { timeout: 20_000 }, async () => {
  const trials = trialsOfRun({ search: 330 });
  const more = trialsOfRun({ search: 170 }).slice(0, 158);
  const shifted = more.map((trial, index) => ({
    ...trial,
    sequence: 342 + index,
    id: `m${index}`,
  }));
  const started = performance.now();
  const page = await render({}, [...trials, ...shifted]);
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
  expect(textOf(page)).toContain('The same in all 500');
});

test('other precisions stand with their size, their kernels and their quality', async () => {
  const own = workload();
  const artifacts = [...own.artifacts, variantArtifact()];
  const text = textOf(await render({ workload: { ...own, artifacts } }, trialsOfRun()));
  expect(text).toContain('Other precisions');
  for (const figure of ['107 KiB', '93 %', '0.9987', '26.3 dB', '99.1 %', '96.6 %', '97.1 %']) {
    expect(text).toContain(figure);
  }
  expect(text).toContain(
    'int8-static: kept in fp32 so that the floors hold: logits; ranges by entropy from 256 requests, observed in 3.2 s.',
  );
});

test('a bound on latency: what single requests get comes first, full batches after it', async () => {
  const bound = { percentile: 'p99', limitMs: 20 } as const;
  const served = (arm: MeasuredArm, ratePerSecond: number): MeasuredArm => ({
    ...arm,
    metrics: {
      ...arm.metrics,
      server: {
        state: 'found',
        bound,
        ratePerSecond,
        qps: ratePerSecond,
        failedAt: null,
        latencyMs: { p50: 4, p90: 9, p95: 12, p99: 17 },
        certifiedMs: 18,
        memoryBytes: 2e8,
        trial: 'r',
      },
    },
  });
  const outcome = winnerOutcome();
  if (outcome.kind !== 'winner') throw new Error('unreachable');
  const { shipped, baseline } = outcome;
  const winning = { ...outcome, shipped: served(shipped, 410), baseline: served(baseline, 205) };
  const probe = (ratePerSecond: number, certifiedMs: number): TrialRecord => {
    const trial = completedTrial({ config: WINNER, sequence: 90 + ratePerSecond });
    const certified = { ...trial.metrics.latencyMs.certified, p99: certifiedMs };
    return {
      ...trial,
      purpose: { kind: 'probe', ratePerSecond, seed: 1 },
      scenario: { name: 'server', ratePerSecond, bound },
      warnings: [{ kind: 'overloaded', unanswered: 3 }],
      metrics: { ...trial.metrics, latencyMs: { ...trial.metrics.latencyMs, certified } },
    };
  };
  // A disturbed attempt at a rate, and the one that counts.
  const trials = [
    ...trialsOfRun(),
    probe(430, 61),
    { ...probe(410, 99), sequence: 89 },
    probe(410, 18),
  ];
  const page = textOf(await render({ outcome: winning }, trials));
  expect(page).toMatch(
    /serves 410 single requests\/s, 2\.00 times the default’s 205; p99 18 ms, bound 20 ms\./,
  );
  expect(page).toMatch(/On full batches: .* samples\/s, /);
  expect(page).toMatch(
    /Served single requests\/s, p99 &lt; 20 ms 205 p99 ≤ 18 ms 410 p99 ≤ 18 ms 2\.00 ×/,
  );
  // The arm in full, then the lowest rate first, each with what it came to.
  expect(page).toContain('2 replicas × 1 thread, batch 8, spinning off, isolation thread 410');
  expect(page).toMatch(
    /410 .{0,20} 18 ms p99 &lt; 20 ms: kept .*430 .{0,20} 61 ms p99 &lt; 20 ms: not kept/,
  );
  // A rate that was too high is a result of the search, no doubt about the run.
  expect(page).not.toMatch(/410 .{0,20} 99 ms p99/);
  expect(page).toContain('the default’s throughput on full batches;');
  expect(page).not.toMatch(/overloaded \d of/);
  const without = textOf(winner);
  expect(without).not.toContain('single requests/s');
});
