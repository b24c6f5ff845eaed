import { describe, expect, test } from 'vitest';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { validateEngineConfig } from '../../engine/runtime/session-options.ts';
import { armKey, canonicalConfig, toArm, withoutDelay } from '../../tuner/arm.ts';
import { defaultSpace, powersOfTwo } from '../../tuner/space.ts';

describe('the space', () => {
  test('on two cores has every distinct arm once, counted by hand', () => {
    // 4 levels x 6 batches x 4 memory settings x splits (1x1 asleep, 1x2 asleep,
    // 1x2 spinning, 2x1 asleep): one thread cannot spin, 2x2 does not fit.
    const { arms } = defaultSpace(2, { batch: 'free', passes: ['none'] });
    expect(arms.length).toBe(4 * 6 * 4 * 4);
    expect(new Set(arms.map((arm) => arm.key)).size).toBe(arms.length);
  });

  test('starts with the default arm, which is what a user gets who sets nothing', () => {
    const { arms, defaultArm } = defaultSpace(2, { batch: 'free', passes: ['none'] });
    expect(arms[0]).toEqual(defaultArm);
    expect(defaultArm.config).toEqual(defaultEngineConfig(2));
  });

  test('never asks for more threads than there are usable cores', () => {
    for (const cores of [1, 2, 3, 6, 16]) {
      for (const { config } of defaultSpace(cores, { batch: 'free', passes: ['none'] }).arms) {
        expect(config.replicas * config.intraOpThreads).toBeLessThanOrEqual(cores);
      }
    }
  });

  test('holds only configs that the engine can apply', () => {
    for (const { config } of defaultSpace(3, { batch: 'free', passes: ['none'] }).arms) {
      expect(() => validateEngineConfig(config)).not.toThrow();
    }
  });

  test('keeps to the batch that the model fixes, the default included', () => {
    const { arms, defaultArm } = defaultSpace(2, { batch: 4, passes: ['none'] });
    expect(new Set(arms.map((arm) => arm.config.batch.maxSize))).toEqual(new Set([4]));
    expect(defaultArm.config.batch.maxSize).toBe(4);
  });

  test('uses all of an odd number of cores too', () => {
    expect(powersOfTwo(6)).toEqual([1, 2, 4, 6]);
    expect(powersOfTwo(1)).toEqual([1]);
    expect(powersOfTwo(8)).toEqual([1, 2, 4, 8]);
  });
});

describe('arms that mean the same', () => {
  const base = defaultEngineConfig(2);

  test('are one arm: a single thread cannot spin', () => {
    const spinning = { ...base, intraOpThreads: 1, spinning: true };
    expect(toArm(spinning)).toEqual(toArm({ ...spinning, spinning: false }));
  });

  test('are one arm: several replicas cannot be inline', () => {
    expect(canonicalConfig({ ...base, replicas: 2 }).isolation).toBe('thread');
  });

  test('are one arm: a batch of one waits for nobody', () => {
    const waiting = { ...base, batch: { maxSize: 1, maxDelayMs: 4 } };
    expect(toArm(waiting)).toEqual(toArm(base));
    const merged = { ...base, batch: { maxSize: 2, maxDelayMs: 4 } };
    expect(toArm(merged).key).not.toBe(toArm(withoutDelay(merged)).key);
  });

  test('are one arm: how long to spin says nothing where nothing spins', () => {
    const sessionEntries = { 'session.intra_op.spin_duration_us': '50' };
    const spinning = { ...base, sessionEntries };
    expect(toArm(spinning).key).not.toBe(toArm(base).key);
    const asleep = { ...base, spinning: false };
    expect(toArm({ ...spinning, spinning: false })).toEqual(toArm(asleep));
  });

  test('are one arm: a single thread is bound to no core', () => {
    const single = { ...base, intraOpThreads: 1 };
    expect(toArm({ ...single, affinity: '1' })).toEqual(toArm(single));
    expect(toArm({ ...base, affinity: '1' })).not.toEqual(toArm(base));
  });

  test('are one arm: the order of session entries says nothing', () => {
    const one = { ...base, sessionEntries: { a: '1', b: '2' } };
    const two = { ...base, sessionEntries: { b: '2', a: '1' } };
    expect(toArm(one).key).toBe(toArm(two).key);
  });

  test('have a key that a person can read', () => {
    expect(armKey(base)).toBe('fp32/none/all cpu 1x2 inline spin batch 1 arena pattern');
  });
});
