import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import {
  makeFolder,
  readFailure,
  readTextFile,
  sha256,
  sha256OfFile,
  writeError,
  writeFileAtomic,
  writeFolderAtomic,
} from '../../../engine/base/files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { WriterReport } from './writer-process.ts';

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

describe('a folder that is made', () => {
  it('is there with all above it, and the highest new one is told', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a', 'b', 'c');
    expect(await makeFolder(path)).toBe(join(folder, 'a'));
    expect(existsSync(path)).toBe(true);
    expect(await makeFolder(join(path, 'd'))).toBe(join(path, 'd'));
    expect(await makeFolder(path)).toBeUndefined();
  });

  it('is not made below a file, nor where the system makes none', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeFolder('/proc/none/such')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

/** Runs the writer in mounts of its own, which end with it; `mountOptions` of an empty tmpfs. */
function writeInMount(
  mountOptions: string,
  folder: string,
  writer: readonly string[],
): { readonly report: WriterReport; readonly left: string } {
  const script = `mount -t tmpfs -o ${mountOptions} tmpfs "$0" && "$@" && ls -A "$0"`;
  const command = ['sh', '-c', script, folder, process.execPath, WRITER, ...writer];
  const output = execFileSync(UNSHARE.program, [...UNSHARE.options, ...command], {
    encoding: 'utf8',
  });
  const [line = '', ...left] = output.trim().split('\n');
  return { report: JSON.parse(line) as WriterReport, left: left.join(' ') };
}

const UNSHARE = {
  program: 'unshare',
  options: ['--user', '--map-root-user', '--mount'],
} as const;
/** Not in every container, and on Linux alone. */
const canMount =
  spawnSync(UNSHARE.program, [...UNSHARE.options, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])
    .status === 0;

describe('writeFileAtomic', () => {
  it('writes text and bytes, making the folders on the way', async () => {
    const folder = temporaryFolder();
    await writeFileAtomic(join(folder, 'a', 'b', 'text'), 'grüße');
    await writeFileAtomic(join(folder, 'bytes'), Uint8Array.of(0, 255, 10));
    expect(readFileSync(join(folder, 'a', 'b', 'text'), 'utf8')).toBe('grüße');
    expect([...readFileSync(join(folder, 'bytes'))]).toEqual([0, 255, 10]);
    expect(readdirSync(folder).sort()).toEqual(['a', 'bytes']);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['text']);
  });

  it('replaces an earlier file', async () => {
    const path = join(temporaryFolder(), 'file');
    await writeFileAtomic(path, 'a long first version');
    await writeFileAtomic(path, 'short');
    expect(readFileSync(path, 'utf8')).toBe('short');
  });

  it('lets a reader see one version or the other, never a part', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    const versions = ['a', 'b'].map((letter) => letter.repeat(300_000));
    await writeFileAtomic(path, versions[0] ?? '');
    const writing = Promise.all(versions.map((version) => writeFileAtomic(path, version)));
    const seen = new Set<string>();
    const isDone = (): Promise<boolean> =>
      Promise.race([
        writing.then(() => true),
        new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
      ]);
    do seen.add(readFileSync(path, 'utf8'));
    while (!(await isDone()));
    expect([...seen].every((text) => versions.includes(text))).toBe(true);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('does not write over a folder, and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'taken');
    mkdirSync(path);
    const writing = writeFileAtomic(path, 'text');
    await expect(writing).rejects.toBeInstanceOf(UserError);
    await expect(writing).rejects.toMatchObject({
      message: `cannot write ${path}: it is a folder`,
      remedy: 'choose another name',
      exitCode: 1,
      cause: { code: 'EISDIR' },
    });
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  it.each(['file/x', 'file/x/y'])('says that a part of the path is a file: %s', async (name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'kept');
    const path = join(folder, name);
    const writing = writeFileAtomic(path, 'text');
    await expect(writing).rejects.toBeInstanceOf(UserError);
    await expect(writing).rejects.toMatchObject({
      message: `cannot write ${path}: a part of the path is a file, not a folder`,
      remedy: 'choose another folder',
    });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
  });

  it('says that a name is too long', async () => {
    const path = join(temporaryFolder(), 'n'.repeat(300));
    await expect(writeFileAtomic(path, 'text')).rejects.toMatchObject({
      message: `cannot write ${path}: the name is too long`,
      remedy: 'choose a shorter name',
    });
  });

  it('says that it was refused', () => {
    const folder = temporaryFolder();
    // Another user has to get past it, and may not write into it.
    chmodSync(folder, 0o555);
    const path = join(folder, 'file');
    const output = execFileSync(process.execPath, [WRITER, 'file', path, '10'], {
      encoding: 'utf8',
      env: { ...process.env, CLAW_TEST_NOBODY: '1' },
    });
    expect(JSON.parse(output)).toEqual({
      message: `cannot write ${path}: permission denied`,
      remedy: 'choose a folder that you may write to',
      causeCode: 'EACCES',
    });
    expect(readdirSync(folder)).toEqual([]);
    chmodSync(folder, 0o755);
  });

  describe.skipIf(!canMount)('where file systems can be mounted', () => {
    it('says that the file system is read-only', () => {
      const folder = temporaryFolder();
      const path = join(folder, 'file');
      expect(writeInMount('ro', folder, ['file', path, '10'])).toEqual({
        report: {
          message: `cannot write ${path}: the file system is read-only`,
          remedy: 'choose a folder that you may write to',
          causeCode: 'EROFS',
        },
        left: '',
      });
    });

    it('says that the disk is full, and leaves nothing behind', () => {
      const folder = temporaryFolder();
      const path = join(folder, 'file');
      expect(writeInMount('size=1m', folder, ['file', path, '2000000'])).toEqual({
        report: {
          message: `cannot write ${path}: the disk is full`,
          remedy: 'free some space or choose another folder',
          causeCode: 'ENOSPC',
        },
        left: '',
      });
    });

    it('writes what fits', () => {
      const folder = temporaryFolder();
      const { report, left } = writeInMount('size=1m', folder, [
        'file',
        join(folder, 'file'),
        '200000',
      ]);
      expect(report.message).toBeNull();
      expect(left).toBe('file');
    });
  });
});

describe('writeFolderAtomic', () => {
  it('has the folder under its name only when it is filled', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'deep', 'set');
    let early: boolean | undefined;
    await writeFolderAtomic(path, async (temporary) => {
      await writeFile(join(temporary, 'one'), '1');
      await mkdir(join(temporary, 'sub'));
      early = existsSync(path);
    });
    expect(early).toBe(false);
    expect(readdirSync(path).sort()).toEqual(['one', 'sub']);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['set']);
  });

  it('keeps the folder that is there already, and drops its own', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'set');
    await writeFolderAtomic(path, (temporary) => writeFile(join(temporary, 'one'), 'first'));
    await writeFolderAtomic(path, (temporary) => writeFile(join(temporary, 'one'), 'second'));
    expect(readFileSync(join(path, 'one'), 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['set']);
  });

  it('takes the place of an empty folder', async () => {
    const path = join(temporaryFolder(), 'set');
    mkdirSync(path);
    await writeFolderAtomic(path, (temporary) => writeFile(join(temporary, 'one'), '1'));
    expect(readdirSync(path)).toEqual(['one']);
  });

  it('removes what was half filled, and passes the failure on', async () => {
    const folder = temporaryFolder();
    const failure = new Error('no luck');
    const writing = writeFolderAtomic(join(folder, 'set'), async (temporary) => {
      await writeFile(join(temporary, 'one'), '1');
      throw failure;
    });
    await expect(writing).rejects.toBe(failure);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not take a failure to fill it for another process having been first', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'set');
    const writing = writeFolderAtomic(path, async (temporary) => {
      await mkdir(join(temporary, 'twice'));
      await mkdir(join(temporary, 'twice'));
    });
    await expect(writing).rejects.toMatchObject({ cause: { code: 'EEXIST' } });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names the folder, not its temporary name, when a file in it cannot be written', async () => {
    const path = join(temporaryFolder(), 'set');
    const writing = writeFolderAtomic(path, (temporary) =>
      writeFileAtomic(join(temporary, 'n'.repeat(300)), 'text'),
    );
    await expect(writing).rejects.toThrow(
      new RegExp(`^cannot write ${path}: the name is too long$`),
    );
  });

  it('does not blame the folder for a file elsewhere', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const elsewhere = join(folder, 'file', 'log');
    const writing = writeFolderAtomic(join(folder, 'set'), () => writeFileAtomic(elsewhere, ''));
    await expect(writing).rejects.toThrow(`cannot write ${elsewhere}: a part of the path`);
  });

  it('does not replace a file', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    writeFileSync(path, 'kept');
    await expect(writeFolderAtomic(path, async () => {})).rejects.toBeInstanceOf(UserError);
    expect(readFileSync(path, 'utf8')).toBe('kept');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.skipIf(!canMount)('leaves nothing behind on a full disk (file systems mounted)', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'set');
    expect(writeInMount('size=1m', folder, ['folder', path, '2000000'])).toEqual({
      report: {
        message: `cannot write ${path}: the disk is full`,
        remedy: 'free some space or choose another folder',
        causeCode: 'ENOSPC',
      },
      left: '',
    });
  });

  it('succeeds in two processes that write the same folder at once', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'set');
    const writers = ['first', 'second'].map((text) => startWriter(['meet', path, text]));
    for (const writer of writers) expect(await writer.nextLine()).toBe('filled');
    // Both have filled their own; neither has it under its name.
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toHaveLength(2);
    for (const writer of writers) writer.goOn();
    for (const writer of writers) {
      expect(JSON.parse(await writer.nextLine())).toMatchObject({ message: null });
      expect(await writer.exitCode).toBe(0);
    }
    expect(readdirSync(folder)).toEqual(['set']);
    const [one, two] = ['one', 'two'].map((name) => readFileSync(join(path, name), 'utf8'));
    expect(one).toMatch(/^(first|second)$/);
    expect(two).toBe(one);
  });
});

interface StartedWriter {
  nextLine(): Promise<string>;
  goOn(): void;
  readonly exitCode: Promise<unknown>;
}

function startWriter(writer: readonly string[]): StartedWriter {
  const child = spawn(process.execPath, [WRITER, ...writer], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exitCode = once(child, 'close').then(([code]: unknown[]) => code);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    nextLine: async () => String((await lines.next()).value),
    goOn: () => void child.stdin.end('go\n'),
    exitCode,
  };
}

describe('writeError', () => {
  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'the disk quota is used up'],
    ['EACCES', 'permission denied'],
    ['EPERM', 'permission denied'],
    ['EROFS', 'the file system is read-only'],
  ])('turns %s into words, with a remedy and the cause', (code, words) => {
    const cause = Object.assign(new Error(`${code}: what the system says`), { code });
    const error = writeError('out.json', cause);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ message: `cannot write out.json: ${words}`, cause });
    expect(error).toHaveProperty('remedy', expect.stringMatching(/^(free|choose) /));
  });

  it('leaves other errors as they are', () => {
    const error = new Error('a bug');
    expect(writeError('out.json', error)).toBe(error);
    const user = new UserError('clear already');
    expect(writeError('out.json', user)).toBe(user);
    expect(writeError('out.json', 'thrown text')).toEqual(new Error('thrown text'));
  });
});

describe('readTextFile', () => {
  it('reads UTF-8', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, 'grüße');
    expect(await readTextFile(path, 'a letter')).toBe('grüße');
  });

  it('names what was to be read and why it could not be, with the remedy and the cause', async () => {
    const path = join(temporaryFolder(), 'absent');
    const reading = readTextFile(path, 'the letter', { remedy: 'write one' });
    await expect(reading).rejects.toThrow(`cannot read the letter ${path}: there is no such file`);
    await expect(reading).rejects.toMatchObject({ remedy: 'write one', cause: { code: 'ENOENT' } });
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });
});

describe('readFailure', () => {
  it.each([
    ['ENOENT', 'there is no such file'],
    ['ENOTDIR', 'there is no such file'],
    ['EISDIR', 'it is a folder'],
    ['EACCES', 'permission denied'],
    ['EIO', 'what the system says'],
  ])('says of %s: %s', (code, words) => {
    expect(readFailure(Object.assign(new Error('what the system says'), { code }))).toBe(words);
  });
});

describe('sha256', () => {
  // FIPS 180-2, appendix B.1 and B.3.
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  const millionA = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';

  it('hashes text and bytes', () => {
    expect(sha256('abc')).toBe(abc);
    expect(sha256(Uint8Array.of(0x61, 0x62, 0x63))).toBe(abc);
  });

  it('hashes a file that is longer than one chunk', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, 'a'.repeat(1_000_000));
    expect(await sha256OfFile(path)).toBe(millionA);
  });

  it('fails on a file that is not there', async () => {
    await expect(sha256OfFile(join(temporaryFolder(), 'absent'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
