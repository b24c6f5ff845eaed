import type { FileProbe, SystemFiles } from '../../engine/devices/system-files.ts';

/** What a path holds: a text, or the way in which reading it fails. */
export type FakeFile = string | Exclude<FileProbe, { readonly state: 'read' }>;

export interface FakeFiles extends SystemFiles {
  /** Changes or adds a file; `{state: 'absent'}` makes it vanish. */
  set(path: string, content: FakeFile): void;
}

/** A machine that has these files, by absolute path, and no other. */
export function fakeFiles(contents: Readonly<Record<string, FakeFile>>): FakeFiles {
  const files = new Map(Object.entries(contents));
  const probe = (path: string): FileProbe => {
    const content = files.get(path) ?? { state: 'absent' };
    return typeof content === 'string' ? { state: 'read', text: content } : content;
  };
  return {
    probe,
    read: (path) => {
      const probed = probe(path);
      return probed.state === 'read' ? probed.text : null;
    },
    list: (folder) => [...new Set(childrenOf(folder, files))].sort(),
    set: (path, content) => void files.set(path, content),
  };
}

function childrenOf(folder: string, files: ReadonlyMap<string, FakeFile>): string[] {
  return [...files]
    .filter(([, content]) => typeof content === 'string' || content.state !== 'absent')
    .map(([path]) => path)
    .filter((path) => path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1).split('/')[0] ?? '');
}
