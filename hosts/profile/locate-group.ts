import type { SystemFiles } from '../../engine/devices/system-files.ts';

export interface LocatedGroup {
  readonly version: 1 | 2;
  /** Absolute, the root of the mount first, then down to this process's group. */
  readonly folders: readonly string[];
}

/**
 * Where the group of this process is that has a controller, or null where the
 * system has none. `unified` asks for v2 whatever controls the CPU: a hybrid
 * system has the controllers in v1 and an empty v2 beside them.
 */
export function locateGroup(
  files: SystemFiles,
  controller: 'cpu' | 'memory' | 'unified',
): LocatedGroup | null {
  const groups = (files.read('/proc/self/cgroup') ?? '').split('\n').map(parseLine);
  const v1 = groups.find(({ controllers }) => controllers.includes(controller));
  if (v1 !== undefined) {
    // Both names exist on many systems, one as a link to the other: take one only.
    const mounts =
      v1.controllers.length > 1 ? [v1.controllers.join(','), controller] : [controller];
    return { version: 1, folders: foldersBelow(mountOf(files, mounts), v1.path) };
  }
  const v2 = groups.find(({ id, path }) => id === '0' && path !== '');
  if (v2 === undefined) return null;
  const isHybrid = files.list('/sys/fs/cgroup/unified').length > 0;
  const mount = isHybrid ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
  return { version: 2, folders: foldersBelow(mount, v2.path) };
}

/** `4:cpu,cpuacct:/a/b`; v2 has number 0 and no controllers (cgroups(7)). */
function parseLine(line: string): {
  readonly id: string;
  readonly controllers: readonly string[];
  readonly path: string;
} {
  const [id = '', controllers = '', ...path] = line.split(':');
  return {
    id,
    controllers: controllers === '' ? [] : controllers.split(','),
    path: path.join(':'),
  };
}

function mountOf(files: SystemFiles, names: readonly string[]): string {
  const paths = names.map((name) => `/sys/fs/cgroup/${name}`);
  return paths.find((path) => files.list(path).length > 0) ?? paths[0] ?? '/sys/fs/cgroup';
}

/**
 * The path of /proc/self/cgroup may not exist inside a container, whose mount
 * starts at its own group: the root then holds what counts, and the others are
 * absent.
 */
function foldersBelow(mount: string, path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return [...parts.keys(), parts.length].map((count) =>
    [mount, ...parts.slice(0, count)].join('/'),
  );
}
