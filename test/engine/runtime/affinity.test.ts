import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../engine/base/errors.ts';
import { checkAffinity } from '../../../engine/runtime/affinity.ts';
import { openEngine } from './open-engine.ts';

const processors = new Set([1, 2, 3, 4]);

describe('an affinity', () => {
  test.each([
    ['2', 2],
    ['1;2', 3],
    ['1,2;3-4', 3],
    ['1-4;1-4;1-4', 4],
    ['1-2,4', 2],
  ])("'%s' is for %i threads, the first of which is not bound", (affinity, intraOpThreads) => {
    expect(() => checkAffinity(affinity, { intraOpThreads, processors })).not.toThrow();
  });

  test.each<[string, number, RegExp]>([
    ['1', 1, /for 1 threads, but intraOpThreads 1 needs it for 0/],
    ['1;2;3', 3, /for 3 threads, but intraOpThreads 3 needs it for 2/],
    ['1', 3, /for 1 threads, but intraOpThreads 3 needs it for 2/],
    ['0', 2, /'0', which is no processor/],
    ['a', 2, /'a', which is no processor/],
    ['', 2, /'', which is no processor/],
    ['1,', 2, /'', which is no processor/],
    ['1 ;2', 3, /'1 ', which is no processor/],
    ['3-2', 2, /'3-2', which is no processor/],
    ['1-2-3', 2, /'1-2-3', which is no processor/],
    ['99999', 2, /'99999', which is no processor/],
    ['5', 2, /names processor 5/],
    ['3-6', 2, /names processor 5/],
  ])("'%s' for %i threads is refused", (affinity, intraOpThreads, message) => {
    const check = (): void => checkAffinity(affinity, { intraOpThreads, processors });
    expect(check).toThrow(UsageError);
    expect(check).toThrow(message);
  });

  test('is checked in form alone where nothing is known of the processors', () => {
    const context = { intraOpThreads: 2, processors: null };
    expect(() => checkAffinity('64', context)).not.toThrow();
    expect(() => checkAffinity('64;', context)).toThrow(/2 threads/);
  });

  test('may name what this process may use, and nothing else', () => {
    const first = firstProcessor();
    expect(() => checkAffinity(String(first), { intraOpThreads: 2 })).not.toThrow();
    expect(() => checkAffinity('60000', { intraOpThreads: 2 })).toThrow(/names processor 60000/);
  });

  test('binds the threads of the runtime that it is for, and no other', async () => {
    const first = firstProcessor();
    const config = {
      isolation: 'process',
      intraOpThreads: 3,
      affinity: `${first};${first}`,
    } as const;
    const engine = await openEngine(config);
    const [pid = 0] = engine.pids;
    const bound = readdirSync(`/proc/${pid}/task`).filter((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
      return new RegExp(`^Cpus_allowed_list:\\s*${first - 1}$`, 'm').test(status);
    });
    expect(bound).toHaveLength(2);
    expect(bound).not.toContain(String(pid));
  });
});

/** The first processor of this process' affinity mask, numbered from 1. */
function firstProcessor(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return 1 + Number(/^Cpus_allowed_list:\s*(\d+)/m.exec(status)?.[1]);
}
