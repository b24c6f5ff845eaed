import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../../engine/base/errors.ts';
import { sha256OfFile, writeFileAtomic } from '../../engine/base/files.ts';
import { readJsonFile } from '../../engine/base/json.ts';

const MANIFEST = '.claw-export.json';

const manifestSchema = z.strictObject({
  schema: z.literal('openclaw.export/1'),
  /**
   * SHA-256 of each file that was written, by its path in the folder; two while one export
   * takes the place of another, since either may be found after a power cut.
   */
  files: z.record(z.string(), z.array(z.string())),
});
export type WrittenDigests = z.infer<typeof manifestSchema>['files'];

/** What earlier exports wrote to a folder; nothing where it has no manifest. */
export async function readManifest(folder: string): Promise<WrittenDigests> {
  const path = join(folder, MANIFEST);
  try {
    await access(path);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return {};
    throw thrown;
  }
  return (await readJsonFile(path, manifestSchema, 'the list of what was exported')).files;
}

export async function writeManifest(folder: string, files: WrittenDigests): Promise<void> {
  const content = { schema: 'openclaw.export/1', files };
  await writeFileAtomic(join(folder, MANIFEST), `${JSON.stringify(content, null, 2)}\n`);
}

/** Whether a file is a manifest that was being written when its export was killed. */
export function isManifestPart(name: string): boolean {
  return name.startsWith(`${MANIFEST}.`);
}

/** Whether a file is there, and is as an export wrote it. */
export async function ownership(
  folder: string,
  path: string,
  written: WrittenDigests,
): Promise<'absent' | 'ours' | 'foreign'> {
  try {
    const digest = await sha256OfFile(join(folder, path));
    return written[path]?.includes(digest) === true ? 'ours' : 'foreign';
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return 'absent';
    // A folder has the name.
    if (codeOf(thrown) === 'EISDIR') return 'foreign';
    throw thrown;
  }
}
