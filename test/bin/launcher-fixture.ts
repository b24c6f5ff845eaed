import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const BIN = join(import.meta.dirname, '..', '..', 'bin');

/** A copy of the launcher in a package of its own with these files; returns the package's root. */
export function packageWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'claw-launcher-'));
  cpSync(BIN, join(root, 'bin'), { recursive: true });
  writeFiles(root, { 'package.json': '{ "type": "module" }', ...files });
  return root;
}

/** Puts the npm package `node` of a version there; its executable is the one that runs this test. */
export function installNode(root: string, version = process.versions.node): void {
  writeFiles(root, { 'node_modules/node/package.json': JSON.stringify({ version }) });
  mkdirSync(join(root, 'node_modules/node/bin'));
  symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'));
}

function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** A Node below 24 that the machine happens to have, outside any node_modules. */
export function findOldNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path) && majorOf(path) < 24);
}

function majorOf(path: string): number {
  return Number.parseInt(
    execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }),
    10,
  );
}

/** Prints what it was given as JSON; exits with the number after `--exit`, or 0. */
export const ECHO_CLI = `
export async function main(argv: readonly string[]): Promise<number> {
  const { version, env } = process;
  console.log(JSON.stringify({ argv, version, env }));
  const at = argv.indexOf('--exit');
  return at < 0 ? 0 : Number(argv[at + 1]);
}
`;

/** Prints `ready PID`, then each SIGINT and SIGTERM; ends half a second after the first, with 7. */
export const SIGNAL_CLI = `
export function main(): Promise<number> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 1000);
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        console.log(name);
        setTimeout(() => { clearInterval(alive); resolve(7); }, 500);
      });
    }
    console.log('ready ' + process.pid);
  });
}
`;

/** Prints `ready PID` and waits for ever; no signal is handled. */
export const WAITING_CLI = `
export function main(): Promise<number> {
  console.log('ready ' + process.pid);
  setInterval(() => undefined, 1000);
  return new Promise(() => undefined);
}
`;
