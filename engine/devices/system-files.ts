import { readFileSync } from 'node:fs';

/** The machine's /proc and /sys, passed in so that tests can lay out any machine. */
export interface SystemFiles {
  /** The text of a file by its absolute path, or null when it cannot be read. */
  read(path: string): string | null;
}

/** The files below `root`: '' is this machine. */
export function systemFiles(root = ''): SystemFiles {
  return {
    read: (path) => {
      try {
        return readFileSync(`${root}${path}`, 'utf8');
      } catch {
        // Absent or refused: what a file would have said is simply not known.
        return null;
      }
    },
  };
}
