import { existsSync, readFileSync } from 'node:fs';

const NAME = 'openclaw-harness';

/** This package's version, from the nearest package.json above the module, in sources and in dist. */
export function packageVersion(): string {
  let folder = new URL('.', import.meta.url);
  while (true) {
    const path = new URL('package.json', folder);
    if (existsSync(path)) {
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === NAME && manifest.version !== undefined) return manifest.version;
    }
    const parent = new URL('..', folder);
    if (parent.href === folder.href)
      throw new Error(`no package.json of ${NAME} above ${import.meta.url}`);
    folder = parent;
  }
}
