import { UserError } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import { describeChildEnd, runChildTask } from '../../engine/runtime/child-task.ts';
import { z } from 'zod';

const TIMEOUT_MS = 30_000;

export const replicaBaselineSchema = z.strictObject({ privateBytes: z.number().positive() });

/**
 * What one more replica process takes before it holds a session, in bytes: the pages
 * that a process with a replica's modules and the runtime shares with nobody. What it
 * shares is counted already, in the process that asks, which must have the runtime
 * loaded. Starts a process, about 0.2 s.
 */
export async function replicaBaselineBytes(): Promise<number> {
  const program = siblingModule(import.meta.url, './replica-baseline-process');
  const { signal } = new AbortController();
  const end = await runChildTask(program, {}, { timeoutMs: TIMEOUT_MS, signal });
  if (end.reply === null) {
    throw new UserError(describeChildEnd('the process that measures an empty replica', end), {
      remedy: 'measure without process replicas: --set isolation=thread',
    });
  }
  const what = 'the process that measures an empty replica gave a wrong reply';
  return parseAs(end.reply, replicaBaselineSchema, what).privateBytes;
}
