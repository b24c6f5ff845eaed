import { execFileSync } from 'node:child_process';

const MAKE_PIPE = 'mkfifo -- "$0"';

/** Makes a pipe with a name, which whoever reads it waits at until somebody writes. */
export function makeNamedPipe(path: string): void {
  execFileSync('sh', ['-c', MAKE_PIPE, path]);
}
