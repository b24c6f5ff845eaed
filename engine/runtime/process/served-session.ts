import { adoptSharedFile } from '../../memory/shared-file.ts';
import { createSession, type Session } from '../binding.ts';
import type { Tensors } from '../tensor.ts';
import { Arena } from './arena.ts';
import { ARENA_FD, ARENA_LABEL } from './descriptors.ts';
import { placeOutputs } from './place-outputs.ts';
import { RememberedShapes, shapesKey } from './output-shapes.ts';
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
  /** Null once a guess was wrong: shapes of this model depend on its numbers. */
  #shapes: RememberedShapes | null = new RememberedShapes();

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

  /**
   * Reads feeds where they lie; outputs are written into the arena beside its feeds, or
   * copied there where their shapes are not known before.
   */
  async run(request: RunRequest): Promise<DoneReply> {
    this.#arena.settle();
    this.#arena.follow(request.arenaBytes);
    const prepared = this.#prepare(request);
    const outputs = (await this.#runInPlace(prepared)) ?? (await this.#runAnew(prepared));
    const wire = sendTensors(outputs, this.#arena, { taken: prepared.taken });
    return { kind: 'done', outputs: wire, arenaBytes: this.#arena.sizeBytes };
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Null where it must be run anew. */
  async #runInPlace({ feeds, feedsKey, taken }: PreparedRun): Promise<Tensors | null> {
    const shapes = this.#shapes?.of(feedsKey) ?? null;
    if (shapes === null) return null;
    try {
      return await this.#session.run(feeds, placeOutputs(shapes, this.#arena, taken));
    } catch {
      // It fails again if it was the request's fault.
      return null;
    }
  }

  async #runAnew({ feeds, feedsKey }: PreparedRun): Promise<Tensors> {
    const outputs = await this.#session.run(feeds);
    if (this.#shapes?.of(feedsKey) === null) this.#shapes.note(feedsKey, outputs);
    else this.#shapes = null;
    return outputs;
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
    this.#prepared = { request, buffer, feeds, feedsKey: shapesKey(request.feeds), taken };
    return this.#prepared;
  }
}

interface PreparedRun {
  readonly request: RunRequest;
  readonly buffer: ArrayBuffer;
  readonly feeds: Tensors;
  readonly feedsKey: string;
  /** Parts of the arena that the feeds lie in. */
  readonly taken: readonly Extent[];
}
