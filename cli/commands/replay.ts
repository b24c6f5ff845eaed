import { z } from 'zod';
import { interruptible } from '../interruption.ts';
import { planReplay, replayOptionsSchema, runReplays } from '../replaying.ts';
import { summarizeReplays } from '../replay-summary.ts';

const optionsSchema = replayOptionsSchema.extend({ json: z.boolean().optional() });

/** `claw replay TABLE...`. */
export async function replay(paths: readonly string[], rawOptions: unknown): Promise<number> {
  const { json, ...options } = optionsSchema.parse(rawOptions);
  const plan = await planReplay(paths, options);
  return interruptible('stopped', async ({ signal, progress }) => {
    const results = await runReplays(plan, {
      signal,
      onProgress: (message) => progress.step(message),
    });
    progress.end();
    const [only, ...others] = results;
    console.log(
      json === true
        ? JSON.stringify(others.length === 0 ? only : results)
        : summarizeReplays(results, plan.setting),
    );
    return 0;
  });
}
