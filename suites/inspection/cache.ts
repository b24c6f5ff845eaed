import { readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/base/errors.ts';
import { sha256OfFile, writeFileAtomic, writeFolderAtomic } from '../../engine/base/files.ts';
import { readJsonFile } from '../../engine/base/json.ts';

const manifestSchema = z.strictObject({
  schema: z.literal('openclaw.inspection/1'),
  /** SHA-256 of every other file, by its path with slashes. */
  files: z.record(z.string(), z.string()),
  /** Shares of the held-out pictures put into the right class. */
  accuracy: z.strictObject({ network: z.number(), rawPixels: z.number() }),
});

type Manifest = z.infer<typeof manifestSchema>;
export type Accuracies = Readonly<Manifest['accuracy']>;

const MANIFEST = 'manifest.json';

/** The accuracies of an earlier build, or null when there is none or a file of it was damaged. */
export async function readCache(root: string): Promise<Accuracies | null> {
  const manifest = await readManifest(root);
  if (manifest === null) return null;
  for (const [path, expected] of Object.entries(manifest.files)) {
    const actual = await sha256OfFile(join(root, path)).catch(() => null);
    if (actual !== expected) return null;
  }
  return manifest.accuracy;
}

/** Fills `root` by `make` at once or not at all, in place of a damaged one. */
export async function writeCache(
  root: string,
  make: (folder: string) => Promise<Accuracies>,
): Promise<void> {
  await writeFolderAtomic(root, async (temporary) => {
    const accuracy = await make(temporary);
    const manifest: Manifest = {
      schema: 'openclaw.inspection/1',
      files: await hashFiles(temporary),
      accuracy,
    };
    await writeFileAtomic(join(temporary, MANIFEST), JSON.stringify(manifest, null, 2));
    // As late as possible: another process may have finished a good one meanwhile.
    if ((await readCache(root)) === null) await rm(root, { recursive: true, force: true });
  });
}

async function readManifest(root: string): Promise<Manifest | null> {
  try {
    return await readJsonFile(join(root, MANIFEST), manifestSchema, 'an inspection manifest');
  } catch (thrown) {
    // Missing or damaged: both mean that it must be built.
    if (thrown instanceof UserError) return null;
    throw thrown;
  }
}

async function hashFiles(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const hashes: Record<string, string> = {};
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    hashes[relative(folder, path).split(sep).join('/')] = await sha256OfFile(path);
  }
  return hashes;
}
