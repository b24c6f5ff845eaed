import { stat, readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { unzipSync, zipSync, type UnzipFileInfo } from 'fflate';
import { messageOf, UserError } from '../../engine/base/errors.ts';
import { readFailure } from '../../engine/base/files.ts';
import { formatBytes } from '../../engine/base/units.ts';
import { zipChecksums } from '../../suites/data/zip-checksums.ts';

/** How much a bundle may be: a bomb stops here, before anything is unpacked. */
export interface ArchiveLimits {
  readonly archiveBytes: number;
  readonly unpackedBytes: number;
  readonly members: number;
}

/** A run of a thousand trials with a hundred thousand samples each needs 400 MB unpacked. */
const ARCHIVE_LIMITS: ArchiveLimits = Object.freeze({
  archiveBytes: 512 * 2 ** 20,
  unpackedBytes: 2 ** 30,
  members: 50_000,
});

/** The same moment in every archive: the same members give the same bytes. */
const MEMBER_TIME = new Date(2000, 0, 1);

/** A zip archive of the members. Throws UserError beyond the limits, so that it can be read again. */
export function writeArchive(
  members: ReadonlyMap<string, Uint8Array>,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Uint8Array {
  const bytes = [...members.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  refuseMore('this would make a bundle of', { bytes, count: members.size }, limits);
  return zipSync(Object.fromEntries(members), { level: 6, mtime: MEMBER_TIME });
}

/**
 * The members of a zip archive by name, in memory: nothing is written anywhere, whatever
 * the names say. Throws UserError for what is no archive, is cut off, is damaged, holds a
 * name twice, or is larger than the limits.
 */
export async function readArchive(
  path: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const archive = await readWhole(path, limits);
  const members = unpack(archive, path, limits);
  const checksums = zipChecksums(archive);
  for (const [name, bytes] of members) {
    if (checksums.get(name) !== crc32(bytes)) {
      throw damaged(path, `the checksum of ${JSON.stringify(name)} is wrong`);
    }
  }
  return members;
}

async function readWhole(path: string, limits: ArchiveLimits): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= limits.archiveBytes) return await readFile(path);
    throw new UserError(
      `${path} is ${formatBytes(size)}, a bundle has at most ${formatBytes(limits.archiveBytes)}`,
    );
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    const message = `cannot read the bundle ${path}: ${readFailure(thrown)}`;
    throw new UserError(message, { remedy: 'write one with: claw pack RUN', cause: thrown });
  }
}

function unpack(archive: Uint8Array, path: string, limits: ArchiveLimits): Map<string, Uint8Array> {
  try {
    // The directory first: unpacking allocates what a member declares.
    const names = new Set<string>();
    let bytes = 0;
    unzipSync(archive, {
      filter: ({ name, originalSize }: UnzipFileInfo) => {
        if (names.has(name)) throw damaged(path, `${JSON.stringify(name)} is in it twice`);
        names.add(name);
        bytes += originalSize;
        refuseMore(`${path} unpacks to`, { bytes, count: names.size }, limits);
        return false;
      },
    });
    const members = new Map(Object.entries(unzipSync(archive)));
    // A member named like a prototype is nobody's own: it would be there and not be seen.
    const lost = [...names].find((name) => !members.has(name));
    if (lost !== undefined) throw damaged(path, `${JSON.stringify(lost)} is no name of a part`);
    return members;
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw damaged(path, messageOf(thrown), thrown);
  }
}

function refuseMore(
  what: string,
  { bytes, count }: { readonly bytes: number; readonly count: number },
  limits: ArchiveLimits,
): void {
  if (bytes > limits.unpackedBytes) {
    throw new UserError(
      `${what} ${formatBytes(bytes)} or more, a bundle holds at most ${formatBytes(limits.unpackedBytes)}`,
      { remedy: 'pack fewer runs into one bundle' },
    );
  }
  if (count > limits.members) {
    throw new UserError(`${what} more than ${limits.members.toLocaleString('en-US')} parts`, {
      remedy: 'pack fewer runs into one bundle',
    });
  }
}

/** What is wrong with a bundle that was not written like this, or did not arrive so. */
export function damaged(path: string, why: string, cause?: unknown): UserError {
  return new UserError(`${path} is not a bundle, or damaged: ${why}`, {
    remedy: 'copy it again, or write a new one with: claw pack RUN',
    ...(cause !== undefined && { cause }),
  });
}
