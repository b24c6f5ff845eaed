import { expect, test } from 'vitest';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { viewRun } from '../../reports/run-view.ts';
import type { VerdictText } from '../../reports/verdict-text.ts';
import { verdictText } from '../../reports/verdict.ts';
import {
  completedTrial,
  configWith,
  defaultOutcome,
  endedTrial,
  measuredArm,
  runRecord,
  trialsOfRun,
  verificationOf,
  WINNER,
  winnerOutcome,
} from './fixtures.ts';

/** The verdict with plain spaces: where a line may break is not what these tests are about. */
function verdictOf(changes: Partial<RunRecord>, trials: readonly TrialRecord[] = []): VerdictText {
  const text = verdictText(viewRun(runRecord(changes), trials));
  const plain = (words: string): string => words.replaceAll('\u00a0', ' ');
  return { ...text, headline: plain(text.headline), details: text.details.map(plain) };
}

const shipped = measuredArm(WINNER, {
  qps: { value: 5210, low: 5150, high: 5270 },
  latencyMs: { p50: 2, p90: 2.4, p95: 2.6, p99: 3.1, certified: false },
});

test('a winner is said in one sentence, with its interval and its bound', () => {
  const outcome = { ...winnerOutcome(), shipped, verification: verificationOf(1.62) } as const;
  const text = verdictOf({ outcome: { ...outcome, kind: 'winner', baseline: shipped } });
  expect(text.headline).toBe(
    '2 replicas × 1 thread, batch 8 serves 5,210 samples/s, 1.62 times the default [1.60, 1.64]; ' +
      'p99 3.1 ms under the bound of 66 ms.',
  );
  expect(text.figure).toEqual({
    value: '1.62×',
    caption: 'the default’s throughput; 95 % interval 1.60 to 1.64, 6 pairs',
  });
  expect(text.tone).toBe('gain');
});

test('settings that the sentence leaves out are named', () => {
  expect(verdictOf({}).details).toEqual(['Further settings: spinning off, isolation thread.']);
});

test('a slower winner says why it ships and shows no large figure', () => {
  const outcome = {
    kind: 'winner',
    shipped,
    baseline: measuredArm(configWith()),
    verification: verificationOf(0.91, { verdict: 'worse' }),
    reason: 'the default breaks a constraint',
  } as const;
  const text = verdictOf({ outcome });
  expect(text.figure).toBeUndefined();
  expect(text.details[0]).toBe('The default breaks a constraint.');
});

test('without a latency bound the p99 is said all the same, with the other bounds', () => {
  const constraints = [
    { kind: 'memory', limitBytes: 2 ** 30 },
    { kind: 'accuracy', floor: 0.95 },
  ] as const;
  const { headline } = verdictOf({ constraints: [...constraints] });
  expect(headline).toMatch(
    /; p99 [\d.]+ ms; memory 151 MiB under the bound of 1 GiB; accuracy 97.1 % above the floor of 95 %\.$/,
  );
});

test('the default that nothing beat stays', () => {
  const text = verdictOf({ outcome: defaultOutcome() });
  expect(text.headline).toMatch(/^The default stays: 1 replica × 2 threads, batch 1 serves 2,969 /);
  expect(text.details).toEqual(['No arm was faster than the default in the search.']);
  expect(text.tone).toBe('stay');
});

test('a candidate that fell short is named with its ratio', () => {
  const verification = verificationOf(1.008, { verdict: 'inconclusive' });
  const text = verdictOf({ outcome: defaultOutcome(verification) }, trialsOfRun());
  expect(text.details).toEqual([
    'The best candidate, 2 replicas × 1 thread, batch 8, came to 1.008 times the default ' +
      '[0.997, 1.019] in 6 interleaved pairs: inconclusive, the interval spans the margin of 2 %.',
  ]);
});

test('a candidate that broke a bound when measured again says which', () => {
  const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 4 } as const];
  const outcome = defaultOutcome(verificationOf(1.62));
  const text = verdictOf({ outcome, constraints }, trialsOfRun());
  expect(text.details[1]).toMatch(
    /^It broke a constraint: p99 [\d.]+ ms over the bound of 4 ms\.$/,
  );
});

test('a nearest miss is shown with every bound that it misses', () => {
  const text = verdictOf({
    constraints: [
      { kind: 'latency', percentile: 'p99', limitMs: 0.4 },
      { kind: 'memory', limitBytes: 100 * 2 ** 20 },
      { kind: 'accuracy', floor: 0.9 },
    ],
    outcome: { kind: 'nothing-feasible', nearest: measuredArm(configWith()), reason: 'none' },
  });
  expect(text.headline).toBe(
    'Nothing meets the constraints. Nearest miss: 1 replica × 2 threads, batch 1 with ' +
      '2,969 samples/s; p99 0.522 ms over the bound of 0.4 ms; ' +
      'memory 119 MiB over the bound of 100 MiB.',
  );
  expect(text.tone).toBe('failure');
});

test('nothing measured at all gives the reason', () => {
  const outcome = {
    kind: 'nothing-feasible',
    nearest: null,
    reason: 'no trial was completed',
  } as const;
  const text = verdictOf({ outcome });
  expect(text.headline).toBe('Nothing meets the constraints: no arm could be measured.');
  expect(text.details).toEqual(['No trial was completed.']);
});

test('an unfinished run says so, with the best so far and how to go on', () => {
  const text = verdictOf({ state: 'running', outcome: null }, trialsOfRun().slice(0, 12));
  expect(text.headline).toMatch(
    /^The run has not finished yet\. Best so far: 2 replicas .* 1\.60 times the default\.$/,
  );
  expect(text.details[0]).toBe('12 trials so far, 11 completed.');
  expect(text.details.at(-1)).toContain('claw tune --resume=20260301-100000-k3f9');
  expect(text.tone).toBe('pending');
});

test.each([
  ['interrupted', 'The run was interrupted.'],
  ['failed', 'The run failed.'],
  ['finished', 'The run ended without a verdict.'],
] as const)('a run that is %s without an outcome: %s', (state, sentence) => {
  const { headline } = verdictOf({ state, outcome: null });
  expect(headline).toBe(`${sentence} No trial has completed.`);
});

test('an unfinished run in which only the default was measured names it', () => {
  const { headline } = verdictOf({ state: 'running', outcome: null }, [completedTrial()]);
  expect(headline).toMatch(/Best so far: the default, 1 replica × 2 threads, batch 1, 2,969 /);
});

test('a failed trial is never the best so far', () => {
  const failed = endedTrial({ state: 'failed', message: 'no such operator' });
  const { headline } = verdictOf({ state: 'running', outcome: null }, [failed]);
  expect(headline).toMatch(/No trial has completed\.$/);
});

test('when many trials raised a warning, the verdict says so', () => {
  const warnings: TrialRecord['warnings'] = [{ kind: 'drift', ratio: 1.05 }];
  const trials = [0, 1, 2].map((sequence) => completedTrial({ sequence, warnings }));
  expect(verdictOf({}, trials).details.at(-1)).toBe('3 of 3 trials raised a warning, see below.');
  expect(verdictOf({}, trialsOfRun()).details).toHaveLength(1);
});
