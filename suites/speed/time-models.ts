import { UserError } from '../../engine/base/errors.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import {
  describeChildEnd,
  runChildTask,
  type ChildTaskOptions,
} from '../../engine/runtime/child-task.ts';
import type { SpeedComparison, SpeedJob } from './compare-speed.ts';

/** Times two models in a fresh process; throws UserError when it does not get to the end. */
export async function timeModels(
  job: SpeedJob,
  options: ChildTaskOptions,
): Promise<SpeedComparison> {
  const end = await runChildTask(siblingModule(import.meta.url, './speed-process'), job, options);
  const reply = end.reply as
    | { readonly kind: 'timed'; readonly comparison: SpeedComparison }
    | { readonly kind: 'failed'; readonly message: string }
    | null;
  if (reply?.kind === 'timed') return reply.comparison;
  if (end.timedOut)
    throw new UserError('timing the models took too long', {
      remedy: 'leave the benchmark out with --no-bench',
    });
  throw new UserError(reply === null ? describeChildEnd('timing the models', end) : reply.message);
}
