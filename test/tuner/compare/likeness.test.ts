import { describe, expect, test } from 'vitest';
import type { InvalidReason } from '../../../suites/trial-findings.ts';
import { benchSource, type ComparedSource } from '../../../tuner/compare/compared-source.ts';
import { commonBound } from '../../../tuner/compare/common-bound.ts';
import { compareHosts } from '../../../tuner/compare/compare-hosts.ts';
import { checkLikeness, UNLIKE, type Unlike } from '../../../tuner/compare/likeness.ts';
import { benchRecord, benchTrial } from '../../support/bench-records.ts';
import { hostNamed, hostRun, hostSource } from '../../support/compared-hosts.ts';

const a = hostSource({ id: 'a' });

/** The second host's run with something unlike. */
function changed(changes: Partial<ComparedSource>): ComparedSource {
  return { ...hostSource({ id: 'b' }), ...changes };
}

const { workload, versions } = a;
const reasons: InvalidReason[] = [{ kind: 'steal', share: 0.1 }];

/** So many of the run's 13 trials made invalid. */
function withInvalid(count: number): ComparedSource {
  const source = hostSource({ id: 'b' });
  const trials = source.trials.map((trial, index) =>
    index < count && trial.state === 'completed'
      ? { ...trial, state: 'invalid' as const, reasons }
      : trial,
  );
  return { ...source, trials };
}

const CASES: readonly {
  readonly kind: Exclude<Unlike, 'scenario' | 'sensors'>;
  readonly other: ComparedSource;
  readonly says: RegExp;
}[] = [
  {
    kind: 'model',
    other: changed({
      workload: { ...workload, model: { ...workload.model, sha256: 'def' } },
    }),
    says: /different models: fake\.onnx \(SHA-256 abc\) \(a\) and fake\.onnx \(SHA-256 def\) \(b\)/,
  },
  {
    kind: 'data',
    other: changed({ workload: { ...workload, seed: 2 } }),
    says: /different data: random, simulated, seed 1 \(a\) and random, simulated, seed 2 \(b\)/,
  },
  {
    kind: 'runtime',
    other: changed({ versions: { ...versions, onnxruntime: '1.29.0' } }),
    says: /different runtimes: 1\.30\.0 \(a\) and 1\.29\.0 \(b\)/,
  },
  {
    kind: 'unfinished',
    other: hostSource({ id: 'b', changes: { state: 'interrupted' } }),
    says: /run b is interrupted, not finished/,
  },
  {
    kind: 'invalid',
    other: withInvalid(3),
    says: /3 of 13 trials of b are invalid, more than 20 %/,
  },
];

describe.each(CASES)('unlike $kind', ({ kind, other, says }) => {
  test('is refused with what differs, and how to say that it is known', () => {
    const check = (): unknown => checkLikeness([a, other], new Set());
    expect(check).toThrow(says);
    expect(check).toThrow(
      expect.objectContaining({
        remedy: expect.stringMatching(`--allow ${kind}$`) as string,
      }) as Error,
    );
  });

  test('is flagged where it is allowed, and nothing else is allowed with it', () => {
    const [flag = ''] = checkLikeness([a, other], new Set([kind]));
    expect(flag).toMatch(says);
    const others = UNLIKE.filter((one) => one !== kind);
    expect(() => checkLikeness([a, other], new Set(others))).toThrow(says);
  });
});

describe('likeness', () => {
  test('of like runs has nothing to say', () => {
    expect(checkLikeness([a, hostSource({ id: 'b' })], new Set())).toEqual([]);
  });

  test('flags what does not forbid a comparison: Node, few invalid trials, the objective', () => {
    const node = changed({ versions: { ...versions, node: 'v26' } });
    const cost = hostSource({ id: 'c', changes: { objective: 'cost' } });
    expect(checkLikeness([a, node, withInvalid(1), cost], new Set())).toEqual([
      'different versions of Node: v24 (a) and v26 (b)',
      'different objectives: qps (a) and cost (c)',
      '1 of 13 trials of b are invalid and were left out',
    ]);
  });

  test('does not count rates that were tried: some fail until one holds', () => {
    const source = hostSource({ id: 'b' });
    const [first] = source.trials;
    if (first?.state !== 'completed') throw new Error('it has a trial');
    const purpose = { kind: 'probe', ratePerSecond: 9, seed: 1 } as const;
    const probe = { ...first, purpose, state: 'invalid' as const, reasons };
    const trials = [...source.trials, ...Array.from({ length: 40 }, () => probe)];
    expect(checkLikeness([a, { ...source, trials }], new Set())).toEqual([]);
  });

  test('of scenarios is refused where no load is common', async () => {
    const trials = [{ ...benchTrial({ scenario: { name: 'offline' } }), runId: 'b' }];
    const bench = benchRecord(trials, { id: 'b', host: hostNamed('b') });
    const other = benchSource(bench, () => Promise.resolve(null));
    if (other === null) throw new Error('it has a trial');
    const sources = [a, other] as const;
    const options = { constraints: [], allowed: new Set<Unlike>(), prices: null };
    await expect(compareHosts([...sources], options)).rejects.toThrow(
      /different scenarios: closed-loop \(a\) and offline \(b\)/,
    );
    const known = await compareHosts([...sources], {
      ...options,
      allowed: new Set<Unlike>(['scenario']),
    });
    expect(known.load).toBe('mixed');
    expect(known.flags).toEqual(['hosts were driven by different scenarios']);
    expect(known.hosts[1]?.best).toMatchObject({
      state: 'found',
      qps: { value: expect.closeTo(1000, 6) as number },
    });
  });

  test('of one host alone is refused: there is another command for that', async () => {
    const again = hostSource({ id: 'a2', host: hostNamed('a') });
    const options = { constraints: [], allowed: new Set<Unlike>(), prices: null };
    await expect(compareHosts([a, again], options)).rejects.toThrow(/every run is of one host, a/);
  });
});

describe('the bound', () => {
  const tight = hostSource({
    id: 'b',
    changes: { constraints: [{ kind: 'latency', percentile: 'p99', limitMs: 20 }] },
  });

  test('is what all runs share, in any order', () => {
    const memory = { kind: 'memory', limitBytes: 1e9 } as const;
    const p99 = { kind: 'latency', percentile: 'p99', limitMs: 50 } as const;
    const one = hostSource({ id: 'x', changes: { constraints: [memory, p99] } });
    const two = hostSource({ id: 'y', changes: { constraints: [p99, memory] } });
    expect(commonBound([one, two], [])).toEqual([memory, p99]);
  });

  test('that differs is refused, and what is given stands', () => {
    expect(() => commonBound([a, tight], [])).toThrow(
      /different bounds: p99 < 50 ms \(a\) and p99 < 20 ms \(b\)/,
    );
    const given = [{ kind: 'latency', percentile: 'p90', limitMs: 30 }] as const;
    expect(commonBound([a, tight], given)).toEqual(given);
  });

  test('of benches is none: they follow the runs', () => {
    const { run } = hostRun({ id: 'a' });
    const bench = benchSource(benchRecord([benchTrial()], { host: run.host }), () =>
      Promise.resolve(null),
    );
    if (bench === null) throw new Error('it has a trial');
    expect(commonBound([bench], [])).toEqual([]);
    expect(commonBound([bench, a], [])).toEqual(run.constraints);
  });
});
