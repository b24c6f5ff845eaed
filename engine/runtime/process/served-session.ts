import { adoptSharedFile } from '../../memory/shared-file.ts';
import { createSession, type Session } from '../binding.ts';
import type { Tensors } from '../tensor.ts';
import { Arena } from './arena.ts';
import { ARENA_FD, ARENA_LABEL } from './descriptors.ts';
import type { DoneReply, OpenedReply, OpenRequest, RunRequest } from './messages.ts';
import type { Extent } from './placement.ts';
import { viewTensors } from './receive-tensors.ts';
import { Segments } from './segments.ts';
import { arenaExtentOf, sendTensors } from './send-tensors.ts';

/** The session of this process, and the memory that its tensors lie in. */
export class ServedSession {
  readonly #session: Session;
  readonly #arena: Arena;
  readonly #segments = new Segments();
  #prepared: PreparedRun | null = null;

  private constructor(session: Session, arena: Arena) {
    this.#session = session;
    this.#arena = arena;
  }

  /** Throws UserError as `createSession` does. */
  static async open({ modelPath, options, maxArenaBytes }: OpenRequest): Promise<ServedSession> {
    const session = await createSession(modelPath, options);
    return new ServedSession(
      session,
      new Arena(adoptSharedFile(ARENA_FD, ARENA_LABEL), maxArenaBytes),
    );
  }

  metadata(): OpenedReply {
    return { kind: 'opened', inputs: this.#session.inputs, outputs: this.#session.outputs };
  }

  /** Reads feeds where they lie; outputs are copied into the arena, beside its feeds. */
  async run(request: RunRequest): Promise<DoneReply> {
    this.#arena.settle();
    this.#arena.follow(request.arenaBytes);
    const { feeds, taken } = this.#prepare(request);
    const outputs = await this.#session.run(feeds);
    const wire = sendTensors(outputs, this.#arena, { taken });
    return { kind: 'done', outputs: wire, arenaBytes: this.#arena.sizeBytes };
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** A request that is repeated is the same object: its views are as they were. */
  #prepare(request: RunRequest): PreparedRun {
    const { buffer } = this.#arena;
    if (this.#prepared?.request === request && this.#prepared.buffer === buffer) {
      return this.#prepared;
    }
    const wire = Object.values(request.feeds);
    this.#segments.attach(wire.flatMap((feed) => ('segment' in feed ? (feed.segment ?? []) : [])));
    const feeds = viewTensors(request.feeds, (segment) => {
      return segment === undefined ? buffer : this.#segments.bufferOf(segment);
    });
    const taken = wire.flatMap((feed) => arenaExtentOf(feed) ?? []);
    this.#prepared = { request, buffer, feeds, taken };
    return this.#prepared;
  }
}

interface PreparedRun {
  readonly request: RunRequest;
  readonly buffer: ArrayBuffer;
  readonly feeds: Tensors;
  /** Parts of the arena that the feeds lie in. */
  readonly taken: readonly Extent[];
}
