import { describe, expect, test } from 'vitest';
import { UsageError } from '../../engine/base/errors.ts';
import { setKnobs } from '../../tuner/set-knobs.ts';
import { twoCoreDefault } from '../support/fake-trials.ts';

/** What a refusal says, as one line: the message, and what to do. */
function refusal(...texts: readonly string[]): string {
  try {
    setKnobs(twoCoreDefault, texts);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return `${thrown.message} -> ${thrown.remedy ?? ''}`;
  }
  throw new Error('it was not refused');
}

describe('knobs that are set', () => {
  test.each([
    ['replicas=2', { replicas: 2, isolation: 'thread' }],
    ['intraOpThreads=1', { intraOpThreads: 1, spinning: false }],
    ['spinning=false', { spinning: false }],
    ['passes=clean', { passes: 'clean' }],
    ['graphLevel=basic', { graphLevel: 'basic' }],
    ['isolation=thread', { isolation: 'thread' }],
    ['isolation=process', { isolation: 'process' }],
    ['arena=false', { arena: false }],
    ['memPattern=false', { memPattern: false }],
    ['batch.maxSize=8', { batch: { maxSize: 8, maxDelayMs: 0 } }],
    ['batch.maxDelayMs=0', { batch: { maxSize: 1, maxDelayMs: 0 } }],
    // The runtime's syntax is a text, also where one core alone is a number.
    ['affinity=1', { affinity: '1' }],
    ['affinity=1,1', { affinity: '1,1' }],
    ['affinity=null', { affinity: null }],
    [
      'sessionEntries.session.disable_prepacking=1',
      { sessionEntries: { 'session.disable_prepacking': '1' } },
    ],
    [
      'sessionEntries.optimization.disable_specified_optimizers=A=B',
      { sessionEntries: { 'optimization.disable_specified_optimizers': 'A=B' } },
    ],
  ])('%s changes that and nothing else', (text, changes) => {
    expect(setKnobs(twoCoreDefault, [text])).toEqual({ ...twoCoreDefault, ...changes });
  });

  test('are set one after the other: the last one counts', () => {
    const config = setKnobs(twoCoreDefault, ['replicas=4', 'batch.maxSize=2', 'replicas=2']);
    expect(config).toMatchObject({ replicas: 2, batch: { maxSize: 2, maxDelayMs: 0 } });
  });

  test('a delay is for batches of several samples', () => {
    const merged = setKnobs(twoCoreDefault, ['batch.maxDelayMs=3', 'batch.maxSize=4']);
    expect(merged.batch).toEqual({ maxSize: 4, maxDelayMs: 3 });
    expect(setKnobs(twoCoreDefault, ['batch.maxDelayMs=3'])).toEqual(twoCoreDefault);
  });

  test('several replicas are threads, unless they are said to be something else', () => {
    expect(setKnobs(twoCoreDefault, ['replicas=2', 'isolation=process']).isolation).toBe('process');
    expect(refusal('replicas=2', 'isolation=inline')).toMatch(
      /inline' runs one replica, not 2 -> /,
    );
  });

  test('leave the config that they start from alone', () => {
    const before = structuredClone(twoCoreDefault);
    setKnobs(twoCoreDefault, ['batch.maxSize=4', 'sessionEntries.session.disable_prepacking=1']);
    expect(twoCoreDefault).toEqual(before);
  });

  test('none at all give the default', () => {
    expect(setKnobs(twoCoreDefault, [])).toEqual(twoCoreDefault);
  });
});

describe('what cannot be set is named, with what can be', () => {
  test.each([
    ['replica=2', /^--set replica=2: there is no knob 'replica' -> knobs: .*\breplicas, .*KEY$/],
    ['batch=8', /no knob 'batch' -> knobs: .*batch\.maxSize/],
    ['constructor=1', /no knob 'constructor'/],
    ['replicas', /^--set 'replicas' is not knob=value -> knobs: /],
    ['=2', /'=2' is not knob=value/],
    ['', /'' is not knob=value/],
    ['replicas=two', /^--set replicas=two: .* -> replicas takes a whole number of at least 1$/],
    ['replicas=', /^--set replicas=: /],
    ['replicas=0', /replicas takes a whole number of at least 1/],
    ['replicas=1.5', /replicas takes a whole number/],
    ['replicas=Infinity', /replicas takes a whole number/],
    ['batch.maxDelayMs=-1', /batch\.maxDelayMs takes milliseconds of at least 0/],
    ['batch.maxSize=0', /^--set batch\.maxSize=0: .* -> batch\.maxSize takes a whole number/],
    ['spinning=yes', /spinning takes true or false/],
    ['arena=1', /arena takes true or false/],
    ['graphLevel=max', /graphLevel takes one of disabled, basic, extended, layout, all/],
    ['precision=int8', /precision takes one of fp32, /],
    ['affinity=', /affinity takes cores/],
    ['provider=', /provider takes a name such as cpu/],
    ['sessionEntries.=1', /session entry '' is not known -> .*known entries/],
    ['sessionEntries.foo=1', /session entry 'foo' is not known -> .*session\.disable_prepacking/],
    ['sessionEntries.session.disable_prepacking=yes', /must be '0' or '1', not 'yes'/],
  ])('%j', (text, words) => {
    expect(refusal(text)).toMatch(words);
  });

  test.each([['provider=cuda', /provider 'cuda' is not available -> this version allows 'cpu'/]])(
    '%s is known, but not available here',
    (text, words) => {
      expect(refusal(text)).toMatch(words);
    },
  );

  test('of several, the wrong one', () => {
    expect(refusal('arena=false', 'replicas=two', 'batch.maxSize=4')).toMatch(
      /^--set replicas=two: /,
    );
    expect(refusal('replicas=2', 'replicas=two')).toMatch(/^--set replicas=two: /);
  });
});
