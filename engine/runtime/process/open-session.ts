import type { Clock } from '../../base/clock.ts';
import { UserError } from '../../base/errors.ts';
import { formatDuration } from '../../base/units.ts';
import type { FailedReply, OpenedReply, OpenRequest, Reply } from './messages.ts';
import type { ReplicaChild } from './replica-child.ts';
import { describeEnd, ReplicaLostError } from './replica-lost-error.ts';

export interface OpenSessionOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Kills the process. */
  readonly signal: AbortSignal;
}

/**
 * Makes a process ready to run. Rejects with a UserError that names the model
 * when it cannot be loaded, in time or at all; the process is gone then.
 */
export async function openSession(
  child: ReplicaChild,
  request: OpenRequest,
  options: OpenSessionOptions,
): Promise<OpenedReply> {
  const reply = await askInTime(child, request, options);
  if (reply.kind === 'opened') return reply;
  child.kill();
  await child.ended;
  if (reply.kind !== 'failed')
    throw new Error(`a process answered ${reply.kind} when it was opened`);
  throw failureOf(reply);
}

async function askInTime(
  child: ReplicaChild,
  request: OpenRequest,
  { clock, timeoutMs, signal }: OpenSessionOptions,
): Promise<Reply> {
  const answered = new AbortController();
  let timedOut = false;
  const timer = clock.sleep(timeoutMs, AbortSignal.any([answered.signal, signal])).then(
    () => {
      timedOut = true;
      child.kill();
    },
    // Answered, or nobody wants it any more.
    () => {
      if (signal.aborted) child.kill();
    },
  );
  try {
    return await child.ask(request);
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof ReplicaLostError)) throw thrown;
    const how = timedOut
      ? `it took longer than ${formatDuration(timeoutMs)}`
      : `its process ended with ${describeEnd(thrown.end)}`;
    throw new UserError(`${request.modelPath} cannot be loaded: ${how}`, { cause: thrown });
  } finally {
    answered.abort();
    await timer;
  }
}

/** What a process said went wrong, as if it had been thrown here. */
export function failureOf({ message, remedy }: FailedReply): UserError {
  return new UserError(message, remedy === undefined ? {} : { remedy });
}
