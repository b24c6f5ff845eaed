import { describe, expect, test } from 'vitest';
import type { ComparedSource } from '../../../tuner/compare/compared-source.ts';
import { compareHosts, type CompareOptions } from '../../../tuner/compare/compare-hosts.ts';
import type { HostComparison } from '../../../tuner/compare/comparison.ts';
import {
  fastArm,
  hostNamed,
  hostSessions,
  hostSource,
  measuredEnergy,
  plainArm,
  smallArm,
  trialOf,
} from '../../support/compared-hosts.ts';

const PLAIN: CompareOptions = { constraints: [], allowed: new Set(), prices: null };

function compare(
  sources: readonly ComparedSource[],
  changes: Partial<CompareOptions> = {},
): Promise<HostComparison> {
  const [first, ...rest] = sources;
  if (first === undefined) throw new Error('nothing to compare');
  return compareHosts([first, ...rest], { ...PLAIN, ...changes });
}

function bestOf(comparison: HostComparison, id: string) {
  const best = comparison.hosts.find((host) => host.id === id)?.best;
  if (best?.state !== 'found') throw new Error(`nothing was found for ${id}`);
  return best;
}

const FIVE = [1000, 1010, 990, 1005, 995];

describe('each host at its best', () => {
  test('is what its run ships, with the throughput of the fresh measurements', async () => {
    const comparison = await compare([hostSource({ id: 'a' }), hostSource({ id: 'b', qps: 1500 })]);
    const best = bestOf(comparison, 'b');
    expect(best.armKey).toBe(fastArm.key);
    expect(best.evidence).toBe('measured-again');
    // The six trials are 1 % above and below: their geometric mean is the middle.
    expect(best.qps.value).toBeCloseTo(1500, 6);
    expect(best.qps.interval.over).toBe('trials');
    expect(comparison.rankings[0]?.order.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  test('is what most runs chose: one lucky session does not decide', async () => {
    const a = hostSessions('a', [1000, 1000]);
    const lucky = hostSource({ id: 'lucky', host: hostNamed('a'), winner: smallArm, qps: 9000 });
    const comparison = await compare([...a, lucky, hostSource({ id: 'b' })]);
    expect(bestOf(comparison, 'a').armKey).toBe(fastArm.key);
    expect(bestOf(comparison, 'a').qps.value).toBeCloseTo(1000, 6);
    expect(comparison.hosts[0]?.notes).toEqual([
      '1 session did not measure this configuration again',
    ]);
  });

  test('at another bound is the fastest arm that meets it, and the search alone is said', async () => {
    const slow = { id: 'a', p99Ms: 40 };
    const quick = trialOf(slow, { arm: smallArm, sequence: 50, qps: 700, p99Ms: 8 });
    const a = hostSource({ ...slow, trials: [quick] });
    const b = hostSource({ id: 'b', p99Ms: 5 });
    const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 20 }] as const;
    const comparison = await compare([a, b], { constraints });
    const best = bestOf(comparison, 'a');
    expect(best.armKey).toBe(smallArm.key);
    expect(best.evidence).toBe('search');
    expect(comparison.hosts[0]?.notes[0]).toMatch(/those of the search/);
    expect(bestOf(comparison, 'b').armKey).toBe(fastArm.key);
  });

  test.each([
    [1080, fastArm.key],
    [1120, smallArm.key],
  ])(
    'at another bound keeps what was measured again, 1000, unless a single trial of %i is well ahead',
    async (qps, armKey) => {
      const lucky = trialOf({ id: 'a' }, { arm: smallArm, sequence: 50, qps });
      const sources = [hostSource({ id: 'a', trials: [lucky] }), hostSource({ id: 'b' })];
      const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 60 }] as const;
      expect(bestOf(await compare(sources, { constraints }), 'a').armKey).toBe(armKey);
    },
  );

  test('is none where nothing meets the bound, and the nearest miss is named', async () => {
    const comparison = await compare(
      [hostSource({ id: 'a', p99Ms: 40 }), hostSource({ id: 'b', p99Ms: 5 })],
      { constraints: [{ kind: 'latency', percentile: 'p99', limitMs: 20 }] },
    );
    expect(comparison.hosts[0]?.best).toMatchObject({
      state: 'none',
      reason: expect.stringMatching(/nearest miss: p99 40 ms, bound 20 ms/) as string,
    });
    expect(comparison.rankings[0]?.unranked.map(({ id }) => id)).toEqual(['a']);
    expect(comparison.contrasts).toEqual([]);
  });

  test('with other cores of the same machine is another host', async () => {
    const whole = hostSource({ id: 'a', host: hostNamed('x', { usableCores: 2 }) });
    const half = hostSource({ id: 'b', host: hostNamed('x', { usableCores: 1 }) });
    const comparison = await compare([whole, half]);
    expect(comparison.hosts.map(({ id }) => id)).toEqual(['x 2 cores', 'x 1 core']);
  });
});

describe('two units', () => {
  test('are judged by Welch over five sessions each', async () => {
    const comparison = await compare([
      ...hostSessions('a', FIVE),
      ...hostSessions(
        'b',
        FIVE.map((qps) => qps * 1.3),
      ),
    ]);
    expect(bestOf(comparison, 'b').qps.interval.over).toBe('sessions');
    const [contrast] = comparison.contrasts;
    expect(contrast).toMatchObject({ id: 'b', over: 'a', state: 'judged', verdict: 'better' });
    if (contrast?.state !== 'judged') throw new Error('it is judged');
    expect(contrast.ratio.value).toBeCloseTo(1.3, 10);
    // ln of the five: sd 0.0079; error sqrt(2/5) x sd = 0.0050; t(8, 97.5 %) = 2.306: 1.15 %.
    expect(Math.log(contrast.ratio.high / contrast.ratio.value)).toBeCloseTo(0.01153, 4);
    expect(contrast.confidence).toBeCloseTo(0.95, 10);
  });

  test('with fewer sessions are not judged, and how many are missing is said', async () => {
    const comparison = await compare([
      ...hostSessions('a', FIVE),
      ...hostSessions('b', FIVE.slice(1)),
    ]);
    expect(comparison.contrasts).toMatchObject([{ state: 'too-few-sessions', wanted: 5 }]);
    expect(bestOf(comparison, 'b').qps.interval.over).toBe('none');
  });

  test('share the error where there are three', async () => {
    const comparison = await compare([
      ...hostSessions('a', FIVE),
      ...hostSessions('b', FIVE),
      ...hostSessions('c', FIVE),
    ]);
    expect(comparison.contrasts).toMatchObject([{ confidence: 0.975 }, { confidence: 0.975 }]);
    expect(comparison.contrasts).toMatchObject([
      { verdict: 'equivalent' },
      { verdict: 'equivalent' },
    ]);
  });
});

describe('energy', () => {
  test('is ranked among what was measured; an estimate is left out, however good', async () => {
    const comparison = await compare([
      hostSource({ id: 'a', energy: measuredEnergy({ value: 0.2 }) }),
      hostSource({ id: 'b', energy: measuredEnergy({ value: 0.1 }) }),
      hostSource({ id: 'c', energy: measuredEnergy({ state: 'estimated', value: 0.001 }) }),
    ]);
    const ranking = comparison.rankings.find(({ by }) => by === 'inferencesPerJoule');
    expect(ranking?.order.map(({ id, value }) => [id, Math.round(value)])).toEqual([
      ['b', 10],
      ['a', 5],
    ]);
    expect(ranking?.unranked).toEqual([
      { id: 'c', reason: 'energy is an estimate, and is not ranked' },
    ]);
  });

  test('of sensors that see other parts is not ranked, unless that is allowed', async () => {
    const sources = [
      hostSource({ id: 'a', energy: measuredEnergy() }),
      hostSource({ id: 'b', energy: measuredEnergy({ scope: 'wall', source: 'shelly:x' }) }),
    ];
    const ranked = (comparison: HostComparison) =>
      comparison.rankings.find(({ by }) => by === 'inferencesPerJoule');
    expect(ranked(await compare(sources))?.unranked).toEqual([
      { id: 'b', reason: 'its sensor sees the wall, not the package' },
    ]);
    const allowed = await compare(sources, { allowed: new Set(['sensors']) });
    expect(ranked(allowed)?.order.length).toBe(2);
  });
});

describe('cost', () => {
  const file = {
    defaults: { currency: 'EUR', pricePerKwh: 0.3, utilisation: 0.5 },
    hosts: { a: { capex: 1000 }, b: { capex: 1200 }, 'key-c': { capex: 1 } },
  };
  const prices = { file, path: 'hosts.yaml' };

  test('orders hosts of equal basis and says what would change the order', async () => {
    const comparison = await compare(
      [
        hostSource({ id: 'a', energy: measuredEnergy() }),
        hostSource({ id: 'b', qps: 1500, energy: measuredEnergy() }),
        hostSource({ id: 'c', energy: measuredEnergy({ state: 'estimated' }) }),
      ],
      { prices },
    );
    const ranking = comparison.rankings.find(({ by }) => by === 'cost');
    expect(ranking?.basis).toBe('machine and electricity');
    expect(ranking?.order.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(ranking?.unranked).toEqual([
      { id: 'c', reason: 'its power is an estimate, and is not ranked' },
    ]);
    expect(comparison.breakEvens).toMatchObject([{ leader: 'b', challenger: 'a' }]);
  });

  test('of hosts without entries is not known, and an entry of no host is said', async () => {
    const comparison = await compare([hostSource({ id: 'a' }), hostSource({ id: 'x' })], {
      prices,
    });
    expect(comparison.hosts[1]?.cost).toEqual({
      state: 'unavailable',
      reason: 'it has no prices',
    });
    expect(comparison.flags).toContain("hosts.yaml: 'b' is none of the hosts");
  });
});

describe('the load', () => {
  const served = { percentile: 'p99', limitMs: 50 } as const;
  function withServer(id: string, qps: number): ComparedSource {
    const source = hostSource({ id });
    if (source.record.kind !== 'run') throw new Error('it is a run');
    const { run } = source.record;
    const { outcome } = run;
    if (outcome?.kind !== 'winner') throw new Error('it has a winner');
    const server = {
      state: 'found' as const,
      bound: served,
      ratePerSecond: qps,
      qps,
      failedAt: null,
      latencyMs: { p50: 4, p90: 10, p95: 20, p99: 30 },
      certifiedMs: 45,
      memoryBytes: 1,
      trial: `${id}/12`,
    };
    const shipped = { ...outcome.shipped, metrics: { ...outcome.shipped.metrics, server } };
    return {
      ...source,
      record: { kind: 'run', run: { ...run, outcome: { ...outcome, shipped } } },
    };
  }

  test('is that of single requests where every run knows the highest rate at the bound', async () => {
    const comparison = await compare([withServer('a', 600), withServer('b', 500)]);
    expect(comparison.load).toBe('server');
    expect(bestOf(comparison, 'a').qps.value).toBeCloseTo(600, 9);
    expect(bestOf(comparison, 'a').latencyMs.p99).toBe(30);
  });

  test('is the closed loop where one does not, or at another bound', async () => {
    const mixed = await compare([withServer('a', 600), hostSource({ id: 'b' })]);
    expect(mixed.load).toBe('closed-loop');
    expect(mixed.flags).toEqual([
      'not every session knows the highest rate at this bound: all are compared by closed-loop',
    ]);
    const other = await compare([withServer('a', 600), withServer('b', 500)], {
      constraints: [{ kind: 'latency', percentile: 'p99', limitMs: 60 }],
    });
    expect(other.load).toBe('closed-loop');
  });

  test('has a curve where rates were tried', async () => {
    const tried = [40, 20].map((ratePerSecond, index) =>
      trialOf(
        { id: 'a' },
        {
          arm: fastArm,
          sequence: 60 + index,
          qps: ratePerSecond,
          p99Ms: ratePerSecond / 2,
          purpose: { kind: 'probe', ratePerSecond, seed: 1 },
          scenario: { name: 'server', ratePerSecond, bound: null },
        },
      ),
    );
    const other = trialOf(
      { id: 'a' },
      {
        arm: plainArm,
        sequence: 70,
        qps: 30,
        scenario: { name: 'server', ratePerSecond: 30, bound: null },
      },
    );
    const a = hostSource({ id: 'a', trials: [...tried, other] });
    const comparison = await compare([a, hostSource({ id: 'b' })]);
    expect(comparison.hosts[0]?.curve).toMatchObject([
      { ratePerSecond: 20, latencyMs: { p99: 10 } },
      { ratePerSecond: 40, latencyMs: { p99: 20 } },
    ]);
  });
});
