import { describe, expect, test } from 'vitest';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { InvalidReason } from '../../suites/trial-findings.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { toArm } from '../../tuner/arm.ts';
import type { Constraint, MeasuredArm, RunOutcome } from '../../tuner/run-record.ts';
import { latencyBounds, type Serving } from '../../tuner/server-rate.ts';
import { serveOutcome } from '../../tuner/serve-outcome.ts';
import { fakeMetrics, rateRecord, twoCoreDefault } from '../support/fake-trials.ts';

const BOUND: Constraint = { kind: 'latency', percentile: 'p99', limitMs: 20 };

function arm(config: EngineConfig, qps: number, p50 = 4): MeasuredArm {
  const { metrics } = fakeMetrics({ qps });
  const { sessionBytes, memoryBytes, energyJPerInference } = metrics;
  return {
    armKey: toArm(config).key,
    config,
    metrics: {
      qps: { value: qps, low: qps, high: qps },
      latencyMs: { p50, p90: p50, p95: p50, p99: p50, certified: false },
      memoryBytes,
      sessionBytes,
      energyJPerInference,
      quality: {},
      trials: 6,
    },
  };
}

const baseline = arm(twoCoreDefault, 200);
const shipped = arm({ ...twoCoreDefault, batch: { maxSize: 8, maxDelayMs: 0 } }, 800);

function winner(): RunOutcome {
  const verification = {
    candidate: shipped.armKey,
    pairs: [],
    ratio: { value: 4, low: 3.9, high: 4.1 },
    margin: 0.02,
    verdict: 'better',
  } as const;
  return {
    kind: 'winner',
    shipped,
    baseline,
    verification: { ...verification, pairs: [] },
    reason: '4 times',
  };
}

interface Tried {
  readonly config: EngineConfig;
  readonly ratePerSecond: number;
}

/** Holds every rate up to what `peakOf` says of a config. */
function serving(
  peakOf: (config: EngineConfig) => number,
  changes: Partial<Serving> = {},
): { readonly serving: Serving; readonly tried: Tried[] } {
  const tried: Tried[] = [];
  const probe = async (
    config: EngineConfig,
    { ratePerSecond, seed }: { readonly ratePerSecond: number; readonly seed: number },
  ): Promise<TrialRecord> => {
    tried.push({ config, ratePerSecond });
    const trial = { arm: toArm(config), sequence: tried.length };
    const certifiedMs = ratePerSecond <= peakOf(config) ? 15 : 60;
    return rateRecord(trial, { ratePerSecond, seed, certifiedMs });
  };
  const fixed = {
    constraints: [BOUND],
    batch: 'free',
    delaysMs: null,
    ratesDecide: true,
    seed: 1,
  } as const;
  return { serving: { ...fixed, probe, ...changes }, tried };
}

/** The same on a machine that is too busy for some of the rates. */
function disturbed(own: Serving, isDisturbed: (tried: Tried) => boolean): Serving {
  const reasons: InvalidReason[] = [{ kind: 'generator-lag', p99Ms: 50, limitMs: 1 }];
  return {
    ...own,
    probe: async (config, rate) => {
      const trial = await own.probe(config, rate);
      if (trial.state !== 'completed') throw new Error('a rate was held or not');
      const isLost = isDisturbed({ config, ratePerSecond: rate.ratePerSecond });
      return isLost ? { ...trial, state: 'invalid', reasons } : trial;
    },
  };
}

/** 150/s alone; what batches serve depends on how long they are waited for. */
function batched(byDelay: (ms: number) => number): (config: EngineConfig) => number {
  return ({ batch }) => (batch.maxSize === 1 ? 150 : byDelay(batch.maxDelayMs));
}

describe('what single requests make of an outcome', () => {
  test('a winner that serves more ships, with both peaks beside the closed loop', async () => {
    const { serving: own } = serving(
      batched(() => 500),
      { delaysMs: [0] },
    );
    const outcome = await serveOutcome(winner(), own);
    if (outcome.kind !== 'winner') throw new Error(outcome.kind);
    const { server } = outcome.shipped.metrics;
    if (server?.state !== 'found') throw new Error(JSON.stringify(server));
    expect(server.ratePerSecond).toBeLessThanOrEqual(500);
    expect(server.ratePerSecond).toBeGreaterThan(500 / 1.06);
    expect(server).toMatchObject({ certifiedMs: 15, bound: { percentile: 'p99', limitMs: 20 } });
    expect(server.qps).toBe(server.ratePerSecond);
    expect(outcome.shipped.metrics.qps.value).toBe(800);
    const { server: ofDefault } = outcome.baseline.metrics;
    expect(ofDefault?.state === 'found' && ofDefault.ratePerSecond).toBeGreaterThan(140);
    expect(outcome.reason).toMatch(
      /^4 times; with single requests, 4\d\d\/s against the default's 14\d\/s$/,
    );
  });

  test('one that serves no more does not, which a few rates are enough to see', async () => {
    const { serving: own, tried } = serving(
      batched(() => 140),
      { delaysMs: [0] },
    );
    const outcome = await serveOutcome(winner(), own);
    expect(outcome).toMatchObject({
      kind: 'default',
      shipped: { armKey: baseline.armKey },
      verification: { verdict: 'better' },
      reason: expect.stringMatching(
        /does not serve more single requests: none .* against the default's 14\d\/s$/,
      ) as string,
    });
    // Half of its closed loop, a quarter, and what the default serves: nothing below.
    const rates = tried.filter(({ config }) => config.batch.maxSize === 8);
    expect(rates.length).toBe(3);
    expect(Math.min(...rates.map(({ ratePerSecond }) => ratePerSecond))).toBeGreaterThan(140);
  });

  test('one within the resolution of the search is not better', async () => {
    const { serving: own } = serving(
      batched(() => 152),
      { delaysMs: [0] },
    );
    expect((await serveOutcome(winner(), own)).kind).toBe('default');
  });

  test('of several delays the one that serves most is kept, the shortest of equal ones', async () => {
    // The bound leaves 20 - 4 ms: delays of 4 and 8 ms are tried.
    const best = async (byDelay: (ms: number) => number): Promise<number> => {
      const outcome = await serveOutcome(winner(), serving(batched(byDelay)).serving);
      if (outcome.kind !== 'winner') throw new Error(outcome.kind);
      return outcome.shipped.config.batch.maxDelayMs;
    };
    expect(await best((ms) => (ms === 4 ? 700 : 400))).toBe(4);
    expect(await best((ms) => 400 + 40 * ms)).toBe(8);
    expect(await best(() => 400)).toBe(0);
    // The arm is the one that the search measured.
    const outcome = await serveOutcome(winner(), serving(batched((ms) => 400 + 40 * ms)).serving);
    expect(outcome.kind === 'winner' && outcome.shipped.armKey).toBe(shipped.armKey);
  });

  test('a delay that serves no more costs one trial', async () => {
    const { serving: own, tried } = serving(batched(() => 500));
    await serveOutcome(winner(), own);
    const delays = tried.map(({ config }) => config.batch.maxDelayMs);
    expect(delays.filter((ms) => ms === 4).length).toBe(1);
    expect(delays.filter((ms) => ms === 8).length).toBe(1);
    expect(tried.length).toBeLessThanOrEqual(20);
  });

  test('where no rate was held without a delay, each delay begins at what the default serves', async () => {
    const { serving: own, tried } = serving(batched((ms) => (ms === 8 ? 600 : 100)));
    const outcome = await serveOutcome(winner(), own);
    expect(outcome).toMatchObject({
      kind: 'winner',
      shipped: { config: { batch: { maxDelayMs: 8 } } },
    });
    expect(tried.filter(({ config }) => config.batch.maxDelayMs === 4).length).toBe(1);
  });

  test('only delays that were asked for are tried, and none where no batch is waited for', async () => {
    const asked = serving(
      batched(() => 500),
      { delaysMs: [3] },
    );
    await serveOutcome(winner(), asked.serving);
    const merged = asked.tried.filter(({ config }) => config.batch.maxSize === 8);
    expect(new Set(merged.map(({ config }) => config.batch.maxDelayMs))).toEqual(new Set([3]));
    const fixed = serving(() => 30, { batch: 8 });
    await serveOutcome(winner(), fixed.serving);
    expect(fixed.tried.every(({ config }) => config.batch.maxDelayMs === 0)).toBe(true);
  });

  test('a request of a fixed batch holds so many samples', async () => {
    const outcome = await serveOutcome(winner(), serving(() => 60, { batch: 8 }).serving);
    const server = 'shipped' in outcome ? outcome.shipped.metrics.server : undefined;
    if (server?.state !== 'found') throw new Error(JSON.stringify(outcome));
    expect(server.qps).toBe(8 * server.ratePerSecond);
  });

  test('the default that stays is told what it serves, and nothing else is tried', async () => {
    const { serving: own, tried } = serving(() => 150);
    const outcome = await serveOutcome(
      { kind: 'default', shipped: baseline, baseline, verification: null, reason: 'it is best' },
      own,
    );
    expect(outcome).toMatchObject({ kind: 'default', reason: 'it is best' });
    expect('shipped' in outcome && outcome.shipped.metrics.server?.state).toBe('found');
    expect(new Set(tried.map(({ config }) => config))).toEqual(new Set([twoCoreDefault]));
  });

  test('where the default breaks a bound, the winner ships whatever it serves', async () => {
    const broken = { ...winner(), baseline: arm(twoCoreDefault, 200, 50) };
    const outcome = await serveOutcome(
      broken,
      serving(
        batched(() => 120),
        { delaysMs: [0] },
      ).serving,
    );
    expect(outcome.kind).toBe('winner');
  });

  test('a winner whose rates a busy machine hid ships as it was verified, and says so', async () => {
    const { serving: own } = serving(
      batched(() => 120),
      { delaysMs: [0] },
    );
    const isWinner = ({ config }: Tried): boolean => config.batch.maxSize === 8;
    const hidden = await serveOutcome(winner(), disturbed(own, isWinner));
    expect(hidden).toMatchObject({
      kind: 'winner',
      shipped: { metrics: { server: { state: 'none', disturbed: true } } },
      reason: expect.stringMatching(
        /none \(.*calm machine\) against the default's 14\d\/s/,
      ) as string,
    });
    // One valid trial of the lowest rate is enough to know.
    const isHigh = (tried: Tried): boolean => isWinner(tried) && tried.ratePerSecond > 160;
    const known = await serveOutcome(winner(), disturbed(own, isHigh));
    expect(known.kind).toBe('default');
  });

  test('where something else than throughput is sought, the rates are told and decide nothing', async () => {
    const { serving: own } = serving(
      batched(() => 120),
      { delaysMs: [0], ratesDecide: false },
    );
    const outcome = await serveOutcome(winner(), own);
    expect(outcome).toMatchObject({
      kind: 'winner',
      reason: expect.stringMatching(
        /single requests, 1[12]\d\/s against the default's 14\d\/s/,
      ) as string,
    });
  });

  test('what nobody can certify in a minute is not tried', async () => {
    const slow = arm(twoCoreDefault, 10);
    const { serving: own, tried } = serving(() => 1000);
    const outcome = await serveOutcome(
      { kind: 'default', shipped: slow, baseline: slow, verification: null, reason: '' },
      own,
    );
    expect(tried).toEqual([]);
    // 662 requests at 5 a second.
    expect('shipped' in outcome && outcome.shipped.metrics.server).toMatchObject({
      state: 'none',
      reason: 'too slow to prove a p99: one trial would take 132 s or more',
    });
  });

  test('a machine too busy to measure is left alone after three rates, and named', async () => {
    const { serving: own, tried } = serving(() => 1000);
    const outcome = await serveOutcome(
      { kind: 'default', shipped: baseline, baseline, verification: null, reason: '' },
      disturbed(own, () => true),
    );
    expect(tried.length).toBe(3);
    expect('shipped' in outcome && outcome.shipped.metrics.server).toMatchObject({
      state: 'none',
      reason: expect.stringMatching(/at 3 of 3 rates no trial was valid: .*calm machine/) as string,
    });
  });

  test('nothing feasible stays so, without a trial', async () => {
    const { serving: own, tried } = serving(() => 1000);
    const nothing = { kind: 'nothing-feasible', nearest: null, reason: 'none' } as const;
    expect(await serveOutcome(nothing, own)).toEqual(nothing);
    expect(tried).toEqual([]);
  });
});

test('bounds on latency are those among the constraints', () => {
  expect(latencyBounds([{ kind: 'memory', limitBytes: 1 }, BOUND])).toEqual([
    { percentile: 'p99', limitMs: 20 },
  ]);
});
