import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../engine/base/errors.ts';
import { defaultEngineConfig, type EngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';

const base = defaultEngineConfig(2);

describe('session options', () => {
  test('carry every field that the binding honours, session entries as text', () => {
    const options = toSessionOptions({
      ...base,
      graphLevel: 'extended',
      intraOpThreads: 3,
      arena: false,
      affinity: '1;1',
      sessionEntries: { 'session.dynamic_block_base': '4' },
    });
    expect(options).toEqual({
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'extended',
      intraOpNumThreads: 3,
      executionMode: 'sequential',
      enableCpuMemArena: false,
      enableMemPattern: true,
      logSeverityLevel: 3,
      extra: {
        'session.dynamic_block_base': '4',
        'session.intra_op.allow_spinning': '1',
        'session.intra_op_thread_affinities': '1;1',
      },
    });
  });

  test('turn spinning off in words that the runtime reads', () => {
    const { extra } = toSessionOptions({ ...base, spinning: false });
    expect(extra['session.intra_op.allow_spinning']).toBe('0');
  });

  test.each<[string, Partial<EngineConfig>, RegExp]>([
    ['an unknown provider', { provider: 'quantum' }, /provider 'quantum'/],
    ['several inline replicas', { replicas: 2 }, /one replica, not 2/],
    ['an affinity that is none', { affinity: 'all' }, /'all', which is no processor/],
    ['an affinity for another number of threads', { affinity: '1;1' }, /2 threads, but/],
    [
      'an unknown entry',
      { sessionEntries: { 'session.tpyo': '1' } },
      /'session\.tpyo' is not known/,
    ],
    [
      'an entry that doubles a field',
      { sessionEntries: { 'session.intra_op.allow_spinning': '1' } },
      /doubles the config's 'spinning'/,
    ],
    [
      'a flag that is not one',
      { sessionEntries: { 'session.disable_prepacking': 'yes' } },
      /must be '0' or '1', not 'yes'/,
    ],
    [
      'a number that is not one',
      { sessionEntries: { 'session.dynamic_block_base': '-1' } },
      /must be a whole number, not '-1'/,
    ],
  ])('refuse %s', (_, change, message) => {
    expect(() => toSessionOptions({ ...base, ...change })).toThrow(UsageError);
    expect(() => toSessionOptions({ ...base, ...change })).toThrow(message);
  });
});
