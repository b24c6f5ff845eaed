import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import { readFailure, sha256OfFile } from '../base/files.ts';

/** The model file that an engine runs. */
export interface ArtifactSource {
  /** An ONNX file. */
  readonly path: string;
  /**
   * What the file must be, 64 hexadecimal digits; another file is refused. Costs reading
   * the file once more. Default: whatever the file is when the engine opens.
   */
  readonly sha256?: string | undefined;
}

/**
 * A model file as it was when the engine opened. Replicas load it one after the other, and
 * again after a crash: `verify` before each, so that all of them run the same model.
 */
export class Artifact {
  /** Absolute: the working folder may change before a replica starts anew. */
  readonly path: string;
  readonly #sha256: string | null;
  #seen: Fingerprint;

  private constructor(path: string, sha256: string | null, seen: Fingerprint) {
    this.path = path;
    this.#sha256 = sha256;
    this.#seen = seen;
  }

  /** Throws UserError where the file is absent, unreadable or another than the digest says. */
  static async open(source: string | ArtifactSource): Promise<Artifact> {
    const { path, sha256 = null } = typeof source === 'string' ? { path: source } : source;
    const absolute = resolve(path);
    const seen = await fingerprint(absolute);
    if (sha256 !== null) await checkDigest(absolute, sha256);
    return new Artifact(absolute, sha256, seen);
  }

  /**
   * Throws UserError where the file is gone, or its size or time is not as it was and no
   * digest proves it the same: a file that was merely touched passes with one.
   */
  async verify(): Promise<void> {
    const seen = await fingerprint(this.path);
    if (seen.sizeBytes === this.#seen.sizeBytes && seen.modifiedNs === this.#seen.modifiedNs)
      return;
    if (this.#sha256 === null) throw changed(this.path, 'its size or time is another');
    await checkDigest(this.path, this.#sha256);
    this.#seen = seen;
  }
}

interface Fingerprint {
  readonly sizeBytes: bigint;
  readonly modifiedNs: bigint;
}

async function fingerprint(path: string): Promise<Fingerprint> {
  const stats = await statFile(path);
  if (!stats.isFile())
    throw new UserError(`${path} is not a file`, { remedy: 'name an ONNX file' });
  return { sizeBytes: stats.size, modifiedNs: stats.mtimeNs };
}

async function statFile(path: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (thrown) {
    throw new UserError(`cannot read the model ${path}: ${readFailure(thrown)}`, {
      remedy: 'put the file there, or name another one',
      cause: thrown,
    });
  }
}

async function checkDigest(path: string, expected: string): Promise<void> {
  const found = await sha256OfFile(path);
  if (found === expected.toLowerCase()) return;
  throw changed(path, `its SHA-256 is ${found}, not ${expected}`);
}

function changed(path: string, how: string): UserError {
  return new UserError(`the model ${path} is not the one that was meant: ${how}`, {
    remedy: 'restore the file, or open an engine on the new one',
  });
}
