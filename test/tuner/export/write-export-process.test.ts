import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeNamedPipe } from '../../support/named-pipe.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { FILE_COUNT } from './exporter.ts';

const EXPORTER = fileURLToPath(new URL('./exporter.ts', import.meta.url));

function startExporter(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [EXPORTER, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function ended(
  child: ChildProcess,
): Promise<{ readonly code: unknown; readonly stderr: string }> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, stderr };
}

/** Exports once and to the end. */
async function exported(folder: string, text: string): Promise<void> {
  expect(await ended(startExporter(folder, text))).toEqual({ code: 0, stderr: '' });
}

/** What the files say, each text once. */
function textsOf(folder: string): string[] {
  const names = Array.from({ length: FILE_COUNT }, (_, index) => `${index}.txt`);
  return [...new Set(names.map((name) => readFileSync(join(folder, 'node', name), 'utf8')))];
}

/** An exporter that has made all its files but the last, and waits for that one's content. */
async function exporterInTheMiddle(folder: string): Promise<{
  readonly child: ChildProcess;
  /** Gives the last file its content, of nothing. */
  readonly goOn: () => void;
}> {
  const pipe = join(temporaryFolder(), 'pipe');
  makeNamedPipe(pipe);
  const child = startExporter(folder, 'new', pipe);
  await vi.waitFor(
    () => {
      const stage = readdirSync(folder).find((name) => name.startsWith('.claw-export-stage-'));
      const last = join(folder, stage ?? 'none', 'node', `${FILE_COUNT - 1}.txt`);
      if (!existsSync(last)) throw new Error('it has not come so far');
    },
    { timeout: 20_000, interval: 10 },
  );
  return { child, goOn: () => closeSync(openSync(pipe, 'w')) };
}

/** The name of the next lock that is made in a folder. */
function lockMade(folder: string): Promise<string> {
  return new Promise((resolve) => {
    const watcher = watch(folder, (_, name) => {
      if (name?.startsWith('.claw-export-lock-') === true) resolve(name);
    });
    onTestFinished(() => watcher.close());
  });
}

describe('an export in a process of its own', () => {
  test('that is stopped with Ctrl-C in the middle leaves all as it was', async () => {
    const folder = temporaryFolder();
    await exported(folder, 'old');
    const { child, goOn } = await exporterInTheMiddle(folder);
    const end = ended(child);
    child.kill('SIGINT');
    goOn();
    expect(await end).toEqual({ code: 130, stderr: 'stopped\n' });
    expect(textsOf(folder)).toEqual(['old']);
    expect(readdirSync(folder).toSorted()).toEqual(['.claw-export.json', 'node']);
  });

  test('that is killed in the middle leaves nothing under a name of its own, nor in the way', async () => {
    const folder = temporaryFolder();
    await exported(folder, 'old');
    const { child } = await exporterInTheMiddle(folder);
    const end = ended(child);
    child.kill('SIGKILL');
    await end;
    expect(textsOf(folder)).toEqual(['old']);
    expect(existsSync(join(folder, 'node', 'model.onnx'))).toBe(false);
    // The next one takes the dead one's lock, and removes what it had made.
    await exported(folder, 'again');
    expect(textsOf(folder)).toEqual(['again']);
    expect(readdirSync(folder).toSorted()).toEqual(['.claw-export.json', 'node']);
  });

  test('waits for one that is writing to the same folder, so that files of two never mix', async () => {
    const folder = temporaryFolder();
    const first = await exporterInTheMiddle(folder);
    const firstEnd = ended(first.child);
    const asked = lockMade(folder);
    const second = startExporter(folder, 'second');
    const secondEnd = ended(second);
    expect(await asked).toContain(`.claw-export-lock-${second.pid}-`);
    expect(second.exitCode).toBeNull();
    first.goOn();
    expect(await firstEnd).toEqual({ code: 0, stderr: '' });
    expect(await secondEnd).toEqual({ code: 0, stderr: '' });
    expect(textsOf(folder)).toEqual(['second']);
    expect(readdirSync(folder).toSorted()).toEqual(['.claw-export.json', 'node']);
  });

  test('of several at once the files are those of one of them', async () => {
    const folder = join(temporaryFolder(), 'new');
    const texts = ['a', 'b', 'c'];
    const ends = await Promise.all(texts.map((text) => ended(startExporter(folder, text))));
    expect(ends).toEqual(texts.map(() => ({ code: 0, stderr: '' })));
    const [text, ...others] = textsOf(folder);
    expect(texts).toContain(text);
    expect(others).toEqual([]);
    expect(readdirSync(folder).toSorted()).toEqual(['.claw-export.json', 'node']);
  });

  test('that was killed while files took their places is gone on with', async () => {
    const folder = temporaryFolder();
    await exported(folder, 'old');
    // As it was then: both digests are known, and some files are the new ones.
    const path = join(folder, '.claw-export.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { files: Record<string, string[]> };
    await exported(folder, 'new');
    const later = JSON.parse(readFileSync(path, 'utf8')) as typeof manifest;
    const files = Object.fromEntries(
      Object.entries(manifest.files).map(([name, digests]) => [
        name,
        [...digests, ...(later.files[name] ?? [])],
      ]),
    );
    writeFileSync(path, JSON.stringify({ ...manifest, files }));
    writeFileSync(join(folder, 'node', '3.txt'), 'old');
    writeFileSync(join(folder, '.claw-export.json.1.aa.tmp'), '{"schema":');
    const dead = { hostName: hostname(), pid: 2 ** 22 + 1, startTicks: '1' };
    writeFileSync(join(folder, '.claw-export-lock-1-aa.json'), JSON.stringify(dead));
    await exported(folder, 'last');
    expect(textsOf(folder)).toEqual(['last']);
    expect(readdirSync(folder).toSorted()).toEqual(['.claw-export.json', 'node']);
  });
});
