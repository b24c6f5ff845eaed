import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf, UserError } from './errors.ts';

/**
 * Writes a file so that a reader sees the old content or the whole new one,
 * never a part: a temporary name beside it, flushed, then renamed. On failure
 * the temporary file is removed and the error names `path`.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, thrown);
  }
}

/**
 * Fills a folder under a temporary name, then renames it to `path`. Two
 * processes that build the same folder at once both succeed: the second one
 * finds the first one's and drops its own.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    const code = codeOf(thrown);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return;
    throw writeError(path, thrown);
  }
}

/** Says in one line why a file could not be written, and what to do. */
export function writeError(path: string, thrown: unknown): Error {
  const remedy = WRITE_REMEDIES[codeOf(thrown) ?? ''];
  if (remedy === undefined) {
    return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
  }
  return new UserError(`cannot write ${path}: ${remedy.why}`, {
    remedy: remedy.remedy,
    cause: thrown,
  });
}

const WRITE_REMEDIES: Readonly<Record<string, { why: string; remedy: string }>> = Object.freeze({
  ENOSPC: { why: 'the disk is full', remedy: 'free some space or choose another folder' },
  EDQUOT: { why: 'the disk quota is used up', remedy: 'free some space or choose another folder' },
  EACCES: { why: 'permission denied', remedy: 'choose a folder that you may write to' },
  EPERM: { why: 'permission denied', remedy: 'choose a folder that you may write to' },
  EROFS: { why: 'the file system is read-only', remedy: 'choose a folder that you may write to' },
  ENOTDIR: {
    why: 'a part of the path is a file, not a folder',
    remedy: 'choose another folder',
  },
  EISDIR: { why: 'it is a folder', remedy: 'choose another name' },
});

/** SHA-256 of a file in hexadecimal, read as a stream. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** SHA-256 of bytes or text in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
