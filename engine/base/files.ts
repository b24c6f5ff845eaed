import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf, UserError } from './errors.ts';

/**
 * Makes a folder and those above it; gives the highest one that was made, or undefined
 * where it was there. One level at a time: asked for several at once, Node.js 24 says ENOENT
 * of a read-only disk and never answers below /proc. Throws the system's error.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return (await makeLevel(path)) ? path : undefined;
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown;
  }
  const highest = await makeFolder(dirname(path));
  const isMade = await makeLevel(path);
  return highest ?? (isMade ? path : undefined);
}

/** Whether it was made here; false where it was there. */
async function makeLevel(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (thrown) {
    // A folder is, a link to one too; of anything else the error tells.
    const isThere = codeOf(thrown) === 'EEXIST' && (await stat(path)).isDirectory();
    if (isThere) return false;
    throw thrown;
  }
}

/**
 * Writes a file so that a reader sees the old content or the whole new one,
 * never a part: a temporary name beside it, flushed, then renamed. On failure
 * the temporary file is removed and the error names `path`.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await fillFileAtomic(path, (file) => file.writeFile(content));
}

/** The same for content that is written piece by piece. */
export async function fillFileAtomic(
  path: string,
  fill: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, 'wx');
    try {
      await fill(file);
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
    await makeFolder(temporary);
    await fill(temporary);
    await moveUnlessThere(temporary, path);
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    // The temporary name means nothing to anybody: the folder is what cannot be written.
    const isInside = thrown instanceof WriteError && thrown.path.startsWith(temporary);
    throw writeError(path, isInside ? thrown.cause : thrown);
  }
}

/** A folder with content at `to` is another process's: as good as this one, which goes. */
async function moveUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw thrown;
    await rm(from, { recursive: true, force: true });
  }
}

class WriteError extends UserError {
  readonly path: string;

  constructor(path: string, failure: { why: string; remedy: string }, cause: unknown) {
    super(`cannot write ${path}: ${failure.why}`, { remedy: failure.remedy, cause });
    this.path = path;
  }
}

/** Says in one line why a file could not be written, and what to do. */
export function writeError(path: string, thrown: unknown): Error {
  const failure = WRITE_FAILURES.get(codeOf(thrown) ?? '');
  if (failure !== undefined) return new WriteError(path, failure, thrown);
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}

const FREE_SPACE = 'free some space or choose another folder';
const WRITABLE_FOLDER = 'choose a folder that you may write to';
const FILE_IN_PATH = {
  why: 'a part of the path is a file, not a folder',
  remedy: 'choose another folder',
} as const;

const WRITE_FAILURES: ReadonlyMap<string, { readonly why: string; readonly remedy: string }> =
  new Map([
    ['ENOSPC', { why: 'the disk is full', remedy: FREE_SPACE }],
    ['EDQUOT', { why: 'the disk quota is used up', remedy: FREE_SPACE }],
    ['EACCES', { why: 'permission denied', remedy: WRITABLE_FOLDER }],
    ['EPERM', { why: 'permission denied', remedy: WRITABLE_FOLDER }],
    ['EROFS', { why: 'the file system is read-only', remedy: WRITABLE_FOLDER }],
    ['ENOTDIR', FILE_IN_PATH],
    // What making a folder says where a file has its name.
    ['EEXIST', FILE_IN_PATH],
    ['EISDIR', { why: 'it is a folder', remedy: 'choose another name' }],
    ['ENOENT', { why: 'no folder can be made there', remedy: 'choose another folder' }],
    ['ENAMETOOLONG', { why: 'the name is too long', remedy: 'choose a shorter name' }],
  ]);

/**
 * Reads a file of text in UTF-8. Throws UserError that names the path, `what` it should
 * have been, and why it could not be read.
 */
export async function readTextFile(
  path: string,
  what: string,
  options: { readonly remedy?: string } = {},
): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const message = `cannot read ${what} ${path}: ${readFailure(thrown)}`;
    throw new UserError(message, { ...options, cause: thrown });
  }
}

/** Why a file could not be read, in words where they are known. */
export function readFailure(thrown: unknown): string {
  return READ_FAILURES.get(codeOf(thrown) ?? '') ?? messageOf(thrown);
}

const READ_FAILURES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
]);

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
