import type { Clock } from '../../base/clock.ts';
import { UserError } from '../../base/errors.ts';
import { sharedMappingOf, type SharedMapping } from '../../memory/native-memory.ts';
import type { RunOptions } from '../replica.ts';
import type { NumericArray, Tensors } from '../tensor.ts';
import type { Arena } from './arena.ts';
import { DeadlineWatch } from './deadline-watch.ts';
import type { DoneReply, Reply } from './messages.ts';
import { failureOf } from './open-session.ts';
import { copyTensors, viewTensors, type MemoryOf } from './receive-tensors.ts';
import type { ReplicaChild } from './replica-child.ts';
import { ReplicaLostError } from './replica-lost-error.ts';
import { sendTensors } from './send-tensors.ts';
import type { Supervisor } from './supervisor.ts';

export interface ProcessRunnerParts {
  readonly arena: Arena;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
}

/** Runs requests, one at a time, in the process that a supervisor keeps ready. */
export class ProcessRunner {
  readonly #parts: ProcessRunnerParts;
  readonly #deadline: DeadlineWatch;
  /** The one that was killed because its deadline passed. */
  #overdue: ReplicaChild | null = null;
  #running: ReplicaChild | null = null;
  /** Named memory whose name is gone, so that no other process can map it any more. */
  readonly #nameless = new WeakSet<SharedMapping>();

  /** Owns the arena and the supervisor. */
  constructor(parts: ProcessRunnerParts) {
    this.#parts = parts;
    this.#deadline = new DeadlineWatch(parts.clock, () => this.#giveUp());
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Tensors> {
    const { arena, supervisor } = this.#parts;
    const child = supervisor.child();
    // A second one would write over the feeds of the first.
    if (this.#running !== null) throw new Error('a replica answers one request at a time');
    this.#watch(options.deadlineAtMs);
    this.#running = child;
    try {
      arena.settle();
      return this.#receive(await this.#exchange(child, feeds), options);
    } catch (thrown) {
      if (thrown instanceof ReplicaLostError && child === this.#overdue) {
        throw new ReplicaLostError('deadline', child.pid, thrown.end);
      }
      throw thrown;
    } finally {
      this.#running = null;
      // Answered after all: who is lost next did not miss this deadline.
      this.#overdue = null;
      this.#deadline.clear();
    }
  }

  async close(): Promise<void> {
    this.#deadline.close();
    await this.#parts.supervisor.close();
    this.#parts.arena.close();
  }

  #watch(deadlineAtMs: number | undefined): void {
    if (deadlineAtMs !== undefined && deadlineAtMs <= this.#parts.clock.nowMs()) {
      throw new UserError('the deadline of the request passed before it was run', {
        remedy: 'allow more time, or send fewer requests at once',
      });
    }
    this.#deadline.watch(deadlineAtMs);
  }

  #giveUp(): void {
    this.#overdue = this.#running;
    this.#running?.kill();
  }

  async #exchange(child: ReplicaChild, feeds: Tensors): Promise<Reply> {
    const { arena } = this.#parts;
    const segmentOf = (buffer: ArrayBufferLike): SharedMapping | null => {
      const mapping = sharedMappingOf(buffer);
      return mapping === null || this.#nameless.has(mapping) ? null : mapping;
    };
    for (;;) {
      const wire = sendTensors(feeds, arena, { segmentOf });
      const reply = await child.ask({ kind: 'run', feeds: wire, arenaBytes: arena.sizeBytes });
      if (reply.kind !== 'unmapped') return reply;
      // Each round copies one segment more: there are no more rounds than feeds.
      this.#copyFromNowOn(feeds, reply.segment);
    }
  }

  #copyFromNowOn(feeds: Tensors, segment: string): void {
    const lost = Object.values(feeds)
      .map(({ data }) => sharedMappingOf((data as NumericArray).buffer))
      .find((mapping) => mapping?.name === segment && !this.#nameless.has(mapping));
    if (lost === undefined || lost === null) {
      throw new Error(`no feed lies in ${segment}, which the process cannot map`);
    }
    this.#nameless.add(lost);
  }

  #receive(reply: Reply, options: RunOptions): Tensors {
    if (reply.kind === 'failed') throw failureOf(reply);
    if (reply.kind !== 'done') throw new Error(`a process answered ${reply.kind} to a run`);
    return this.#outputs(reply, options);
  }

  #outputs({ outputs, arenaBytes }: DoneReply, options: RunOptions): Tensors {
    const { arena } = this.#parts;
    arena.follow(arenaBytes);
    const memoryOf: MemoryOf = () => arena.buffer;
    return options.outputs === 'view'
      ? viewTensors(outputs, memoryOf)
      : copyTensors(outputs, memoryOf);
  }
}
