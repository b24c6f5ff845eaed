import { UserError } from '../../base/errors.ts';

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote. */
  readonly stderr: string;
}

/**
 * `ended`: the process ended by itself, or somebody killed it. `deadline`: it was
 * killed because no answer came in time. `restarting`: it is gone, and the next
 * is not ready yet.
 */
export type LossReason = 'ended' | 'deadline' | 'restarting';

/**
 * The process of a replica is gone, and a request with it. Nothing is wrong with
 * the request as far as anybody knows: another replica may answer it. A request
 * that brought down two replicas should not be given a third.
 */
export class ReplicaLostError extends UserError {
  override readonly name = 'ReplicaLostError';
  readonly retryable = true;
  readonly reason: LossReason;
  /** The process that is gone. */
  readonly pid: number;
  readonly end: ProcessEnd;

  constructor(reason: LossReason, pid: number, end: ProcessEnd, cause?: unknown) {
    super(`${REASONS[reason]}: process ${pid} ended with ${describeEnd(end)}`, {
      remedy: REMEDIES[reason],
      cause,
    });
    this.reason = reason;
    this.pid = pid;
    this.end = end;
  }
}

const REASONS = {
  ended: 'the replica was lost while it ran',
  deadline: 'the replica did not answer by the deadline and was killed',
  restarting: 'the replica is restarting',
} as const satisfies Record<LossReason, string>;

const REMEDIES = {
  ended: 'send the request again; SIGKILL from nowhere is often a lack of memory (see dmesg)',
  deadline: 'allow more time or send smaller batches',
  restarting: 'send the request again in a moment, or use more replicas',
} as const satisfies Record<LossReason, string>;

/** `signal SIGKILL: what it wrote last`, for people. */
export function describeEnd({ exitCode, signal, stderr }: ProcessEnd): string {
  const how = signal === null ? `exit code ${String(exitCode)}` : `signal ${signal}`;
  const said = stderr.trim();
  return said === '' ? how : `${how}: ${said}`;
}
