import { describe, expect, test } from 'vitest';
import { UsageError } from '../../engine/base/errors.ts';
import { restrictChoices, type Restrictions } from '../../tuner/choices.ts';
import { createSpace, defaultChoices } from '../../tuner/space.ts';
import { twoCoreDefault } from '../support/fake-trials.ts';

const model = { batch: 'free', passes: ['none', 'clean'], precisions: ['fp32'] } as const;
const choices = defaultChoices(2, model);
const limits = { usableCores: 2, batch: 'free' } as const;

function restricted(changes: Partial<Restrictions>): ReturnType<typeof restrictChoices> {
  const none = { set: [], only: [], file: [] };
  return restrictChoices(choices, { ...none, ...changes }, twoCoreDefault);
}

describe('choices', () => {
  test('a knob that is set has one value, one that is restricted has those named', () => {
    const own = restricted({ set: ['graphLevel=all'], only: ['batch.maxSize=8, 1,8'] });
    expect(own['graphLevel']).toEqual(['all']);
    expect(own['batch.maxSize']).toEqual([1, 8]);
    expect(own['arena']).toEqual([true, false]);
  });

  test('a space of what is left: counted by hand, the default stays in it', () => {
    const own = restricted({
      set: ['graphLevel=basic', 'arena=true', 'memPattern=true', 'passes=none'],
      only: ['batch.maxSize=2,4'],
    });
    // Splits 1x1, 1x2 asleep, 1x2 spinning, 2x1; two batches; and the default itself.
    const { arms, defaultArm } = createSpace(own, limits);
    expect(arms.length).toBe(4 * 2 + 1);
    expect(arms[0]).toBe(defaultArm);
  });

  test('what is typed wins over a file', () => {
    const file = [{ name: 'batch.maxSize', values: [16], source: 'f' }];
    expect(restricted({ file })['batch.maxSize']).toEqual([16]);
    expect(restricted({ file, set: ['batch.maxSize=2'] })['batch.maxSize']).toEqual([2]);
  });

  test('a session entry may be searched; how to spin says nothing where nothing spins', () => {
    const entry = 'sessionEntries.session.intra_op.spin_duration_us';
    const own = restricted({
      only: [`${entry}=0,1000`],
      set: ['graphLevel=all', 'batch.maxSize=1', 'arena=true', 'memPattern=true', 'passes=none'],
    });
    const { arms } = createSpace(own, limits);
    // 1x1, 1x2 asleep, 2x1; 1x2 spinning in two ways; and the default without the entry.
    expect(arms.length).toBe(3 + 2 + 1);
  });

  test('isolation is tried as asked for; several replicas are never inline', () => {
    const plain = {
      set: [
        'graphLevel=all',
        'batch.maxSize=1',
        'arena=true',
        'memPattern=true',
        'passes=none',
        'intraOpThreads=1',
      ],
    };
    const isolations = (values: string): string[] => {
      const own = restricted({ ...plain, only: [`isolation=${values}`] });
      const { arms, defaultArm } = createSpace(own, limits);
      return arms
        .filter((arm) => arm !== defaultArm)
        .map(({ config }) => `${config.replicas} ${config.isolation}`)
        .sort();
    };
    expect(isolations('inline,thread,process')).toEqual([
      '1 inline',
      '1 process',
      '1 thread',
      '2 process',
      '2 thread',
    ]);
    expect(isolations('process')).toEqual(['1 process', '2 process']);
    expect(isolations('inline')).toEqual(['1 inline']);
    // Unless asked: inline alone, threads beside each other.
    const { arms } = createSpace(restricted(plain), limits);
    expect(new Set(arms.map(({ config }) => `${config.replicas} ${config.isolation}`))).toEqual(
      new Set(['1 inline', '2 thread']),
    );
  });

  test('an affinity goes with as many threads as it is for', () => {
    const plain = [
      'graphLevel=all',
      'batch.maxSize=1',
      'arena=true',
      'memPattern=true',
      'passes=none',
    ];
    const own = restricted({ set: [...plain, 'affinity=1'] });
    const { arms, defaultArm } = createSpace(own, limits);
    const bound = arms.filter((arm) => arm !== defaultArm && arm.config.affinity !== null);
    expect(bound.map(({ config }) => config.intraOpThreads)).toEqual([2, 2]);
    // One thread has nothing to bind, but is an arm all the same.
    expect(arms.some(({ config }) => config.intraOpThreads === 1)).toBe(true);
    expect(restricted({ only: ['affinity=1;1'] })['affinity']).toEqual(['1;1']);
  });

  test('a delay is no matter of full batches: arms of the search have none', () => {
    const own = restricted({ set: ['batch.maxDelayMs=5', 'graphLevel=all'] });
    const { arms } = createSpace(own, limits);
    expect(arms.every(({ config }) => config.batch.maxDelayMs === 0)).toBe(true);
    expect(arms.length).toBeGreaterThan(1);
  });

  test.each([
    [{ set: ['graphLevel=most'] }, 'no value of graphLevel'],
    [{ only: ['batch.maxSize=1,none'] }, 'no value of batch.maxSize'],
    [{ only: ['colour=red'] }, "no knob 'colour'"],
    [{ only: ['arena'] }, 'is not knob=value'],
    [
      { set: ['arena=true'], only: ['arena=true,false'] },
      'arena is also given by --set arena=true',
    ],
    [{ only: ['isolation=inline,fork'] }, 'no value of isolation'],
  ])('%j is refused', (changes, message) => {
    expect(() => restricted(changes)).toThrow(UsageError);
    expect(() => restricted(changes)).toThrow(message);
  });
});

describe('a space', () => {
  test('leaves out arms that have one of the values of every knob of an exclusion', () => {
    const exclude = [{ graphLevel: ['disabled', 'basic'], 'batch.maxSize': [32] }];
    const all = createSpace(choices, limits).arms;
    const left = createSpace(choices, { ...limits, exclude }).arms;
    const gone = all.filter(
      ({ config }) =>
        config.batch.maxSize === 32 && ['disabled', 'basic'].includes(config.graphLevel),
    );
    expect(all.length - left.length).toBe(gone.length);
    expect(gone.length).toBeGreaterThan(0);
  });

  test('leaves out what cannot fit the memory, and counts it; the default stays', () => {
    const space = createSpace(choices, { ...limits, fits: ({ replicas }) => replicas === 1 });
    expect(space.arms.every(({ config }) => config.replicas === 1)).toBe(true);
    expect(space.tooLarge).toBe(createSpace(choices, limits).arms.length - space.arms.length);
    const none = createSpace(choices, { ...limits, fits: () => false });
    expect(none.arms).toEqual([none.defaultArm]);
  });

  test('refuses one that is too large, and one without an arm', () => {
    const sizes = Array.from({ length: 2000 }, (_, i) => i + 1);
    expect(() => createSpace({ ...choices, 'batch.maxSize': sizes }, limits)).toThrow(
      'more than 20,000 arms',
    );
    expect(() => createSpace({ ...choices, intraOpThreads: [4] }, limits)).toThrow(
      'no configuration is left',
    );
  });
});
