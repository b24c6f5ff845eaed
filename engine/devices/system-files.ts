import { readdirSync, readFileSync } from 'node:fs';
import { codeOf, messageOf } from '../base/errors.ts';

/** The machine's /proc and /sys, passed in so that tests can lay out any machine. */
export interface SystemFiles {
  /** The text of a file by its absolute path, or null when it cannot be read. */
  read(path: string): string | null;
  /** Reads a file and says why when it cannot be read. */
  probe(path: string): FileProbe;
  /** Names in a folder, sorted; none when it is absent or refused. */
  list(path: string): readonly string[];
}

export type FileProbe =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'absent' }
  /** It is there, and this user may not read it. */
  | { readonly state: 'refused' }
  /** A driver failed, for instance because the device is asleep. */
  | { readonly state: 'failed'; readonly reason: string };

/** The files below `root`: '' is this machine. */
export function systemFiles(root = ''): SystemFiles {
  const probe = (path: string): FileProbe => {
    try {
      return { state: 'read', text: readFileSync(`${root}${path}`, 'utf8') };
    } catch (thrown) {
      return toProbe(thrown);
    }
  };
  return {
    probe,
    read: (path) => {
      const probed = probe(path);
      return probed.state === 'read' ? probed.text : null;
    },
    list: (path) => {
      try {
        return readdirSync(`${root}${path}`).sort();
      } catch {
        // Absent or refused: what would be in it is simply not known.
        return [];
      }
    },
  };
}

function toProbe(thrown: unknown): FileProbe {
  const code = codeOf(thrown) ?? '';
  if (['ENOENT', 'ENOTDIR'].includes(code)) return { state: 'absent' };
  if (['EACCES', 'EPERM'].includes(code)) return { state: 'refused' };
  return { state: 'failed', reason: messageOf(thrown) };
}
