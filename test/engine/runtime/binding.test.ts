import { expect, onTestFinished, test } from 'vitest';
import { createSession, type Session } from '../../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';

async function openSession(): Promise<Session> {
  const path = writeLinearModel(temporaryFolder());
  const session = await createSession(path, toSessionOptions(defaultEngineConfig(1)));
  onTestFinished(() => session.close());
  return session;
}

const x: Tensor = { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) };

test('a session writes outputs that it is given in place', async () => {
  const session = await openSession();
  const data = new Float32Array(new SharedArrayBuffer(16), 4, 3);
  const y: Tensor = { type: 'float32', dims: [1, 3], data };
  expect((await session.run({ x }, { y }))['y']).toBe(y);
  expect([...data]).toEqual([1, 2, 3]);
});

test('a session refuses outputs of another shape than the run gives, and goes on', async () => {
  const session = await openSession();
  const y: Tensor = { type: 'float32', dims: [2, 3], data: new Float32Array(6) };
  await expect(session.run({ x }, { y })).rejects.toThrow(/shape/);
  expect([...((await session.run({ x }))['y']?.data ?? [])]).toEqual([1, 2, 3]);
});
