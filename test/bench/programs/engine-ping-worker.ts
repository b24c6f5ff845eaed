import { createSession, type Session } from '../../../engine/runtime/binding.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { ONE_THREAD } from './engine-models.ts';

// The barest thread that can infer: one session, and the tensors of the message.
let session: Session | null = null;

export async function open(modelPath: string): Promise<void> {
  session = await createSession(modelPath, toSessionOptions(ONE_THREAD));
}

export async function infer(feeds: Tensors): Promise<Tensors> {
  if (session === null) throw new Error('the worker has no session');
  return session.run(feeds);
}

export function empty(feeds: Tensors): Tensors {
  return feeds;
}

export async function release(): Promise<void> {
  await session?.close();
}
