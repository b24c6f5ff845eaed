import { UserError } from '../base/errors.ts';
import { openSharedMemory, type SharedMapping } from './native-memory.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { SEGMENT_HEADER_BYTES, SegmentHeader } from './segment-header.ts';

/** What the owner of a segment tells another process: both of the lease's `memory`. */
export interface SegmentReference {
  readonly name: string;
  readonly generation: number;
}

/** A segment of another process, as this one sees it. */
export interface AttachedSegment {
  readonly buffer: ArrayBuffer;
  /** Where the usable bytes begin. */
  readonly byteOffset: number;
  /** Usable bytes. */
  readonly sizeBytes: number;
  /** The process that made it and will remove it. */
  readonly owner: ProcessIdentity;
}

/** More segments than this are mapped again and again. */
const MAX_ATTACHED = 256;

/**
 * The segments of other processes that this one has mapped. A mapping is kept
 * for the next message that names it, and dropped when its owner has freed it;
 * of more than 256 the one used longest ago.
 */
export class SegmentAttachments {
  /** In order of use, the latest last. */
  readonly #attached = new Map<string, Attachment>();

  /**
   * The memory of a lease, in place, valid until its owner releases it, this is
   * closed, or 256 other segments were attached since. Throws UserError when
   * the segment is gone or serves another lease by now: the message is late, and
   * whoever sent it no longer waits.
   */
  attach(reference: SegmentReference): AttachedSegment {
    const known = this.#attached.get(reference.name);
    const attachment = known ?? this.#open(reference.name);
    if (attachment.header.generation !== reference.generation) {
      throw staleError(reference, attachment.header.generation);
    }
    if (known !== undefined) this.#attached.delete(reference.name);
    this.#attached.set(reference.name, attachment);
    return attachment;
  }

  /** How many are mapped now. */
  get count(): number {
    return this.#attached.size;
  }

  /** Unmaps all; their views must not be used any more. Idempotent. */
  close(): void {
    for (const name of this.#attached.keys()) this.#drop(name);
  }

  #open(name: string): Attachment {
    this.#dropFreed();
    const [oldest] = this.#attached.keys();
    if (this.#attached.size >= MAX_ATTACHED && oldest !== undefined) this.#drop(oldest);
    const mapping = openSegment(name);
    const attachment = toAttachment(mapping);
    if (attachment !== null) {
      this.#attached.set(name, attachment);
      return attachment;
    }
    mapping.close();
    throw new UserError(`shared memory '${name}' was not made by a pool of this version`, {
      remedy: 'let both processes run the same version',
    });
  }

  #dropFreed(): void {
    for (const [name, { header }] of this.#attached) {
      if (header.generation === 0) this.#drop(name);
    }
  }

  #drop(name: string): void {
    this.#attached.get(name)?.mapping.close();
    this.#attached.delete(name);
  }
}

interface Attachment extends AttachedSegment {
  readonly mapping: SharedMapping;
  readonly header: SegmentHeader;
}

function openSegment(name: string): SharedMapping {
  try {
    return openSharedMemory(name);
  } catch (thrown) {
    throw new UserError(`shared memory '${name}' is gone, or is another user's`, {
      remedy: RESEND,
      cause: thrown,
    });
  }
}

/** Null when the header is not one, or promises more than is there. */
function toAttachment(mapping: SharedMapping): Attachment | null {
  if (mapping.sizeBytes < SEGMENT_HEADER_BYTES) return null;
  const header = new SegmentHeader(mapping.buffer);
  const fits = header.sizeBytes <= mapping.sizeBytes - SEGMENT_HEADER_BYTES;
  if (!header.isValid || !fits) return null;
  const { buffer } = mapping;
  const { sizeBytes, owner } = header;
  return { buffer, byteOffset: SEGMENT_HEADER_BYTES, sizeBytes, owner, mapping, header };
}

const RESEND = 'send the request again, with a lease that was not released';

function staleError({ name, generation }: SegmentReference, now: number): UserError {
  const what = now === 0 ? 'it was freed' : `it serves generation ${now}`;
  return new UserError(`generation ${generation} of shared memory '${name}' is over: ${what}`, {
    remedy: RESEND,
  });
}
