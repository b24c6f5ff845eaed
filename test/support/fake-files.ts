import type { SystemFiles } from '../../engine/devices/system-files.ts';

/** A machine that has these files, by absolute path, and no other. */
export function fakeFiles(contents: Readonly<Record<string, string>>): SystemFiles {
  const files = new Map(Object.entries(contents));
  return { read: (path) => files.get(path) ?? null };
}
