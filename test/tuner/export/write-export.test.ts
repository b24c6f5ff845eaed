import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ExportFile } from '../../../tuner/export/export-target.ts';
import { writeExport } from '../../../tuner/export/write-export.ts';
import { canMount, mount } from '../../support/mount.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const files: readonly ExportFile[] = [
  { path: 'env/a.env', text: 'A=1\n' },
  { path: 'node/app/b.txt', text: 'b\n' },
];
const { signal } = new AbortController();
const gently = { force: false, signal };

describe('writing an export', () => {
  test('makes the folder, and leaves nothing beside the files and their list', async () => {
    const folder = join(temporaryFolder(), 'deep', 'out');
    const written = await writeExport(folder, files, gently);
    expect(written).toEqual([join(folder, 'env/a.env'), join(folder, 'node/app/b.txt')]);
    expect(readFileSync(join(folder, 'env/a.env'), 'utf8')).toBe('A=1\n');
    expect(readdirSync(folder).sort()).toEqual(['.claw-export.json', 'env', 'node']);
  });

  test('replaces its own files, and keeps what others put beside them', async () => {
    const folder = temporaryFolder();
    await writeExport(folder, files, gently);
    writeFileSync(join(folder, 'env', 'mine.txt'), 'mine');
    await writeExport(folder, [{ path: 'env/a.env', text: 'A=2\n' }], gently);
    expect(readFileSync(join(folder, 'env/a.env'), 'utf8')).toBe('A=2\n');
    expect(readFileSync(join(folder, 'env/mine.txt'), 'utf8')).toBe('mine');
    // The other target's file is still known as its own.
    await writeExport(folder, files, gently);
  });

  test('refuses a file that was changed since, or that it never wrote, unless forced', async () => {
    const folder = temporaryFolder();
    await writeExport(folder, files, gently);
    writeFileSync(join(folder, 'env/a.env'), 'A=mine\n');
    await expect(writeExport(folder, files, gently)).rejects.toThrow(/changed since: env\/a\.env/);
    expect(readFileSync(join(folder, 'env/a.env'), 'utf8')).toBe('A=mine\n');
    await writeExport(folder, files, { ...gently, force: true });
    expect(readFileSync(join(folder, 'env/a.env'), 'utf8')).toBe('A=1\n');
    const other = temporaryFolder();
    mkdirSync(join(other, 'env'));
    writeFileSync(join(other, 'env/a.env'), 'foreign');
    await expect(writeExport(other, files, gently)).rejects.toThrow(/no export wrote/);
  });

  test('leaves what was there when it is aborted, or when a file cannot be copied', async () => {
    const folder = temporaryFolder();
    await writeExport(folder, files, gently);
    const changed: ExportFile[] = [
      { path: 'env/a.env', text: 'A=3\n' },
      { path: 'node/model.onnx', copyOf: join(folder, 'none.onnx') },
    ];
    await expect(writeExport(folder, changed, gently)).rejects.toThrow(
      /^cannot read .*none\.onnx, which belongs to the export: there is no such file$/,
    );
    const aborted = { force: false, signal: AbortSignal.abort(new Error('stopped')) };
    await expect(writeExport(folder, changed, aborted)).rejects.toThrow('stopped');
    expect(readFileSync(join(folder, 'env/a.env'), 'utf8')).toBe('A=1\n');
    expect(readdirSync(folder).sort()).toEqual(['.claw-export.json', 'env', 'node']);
    const fresh = join(folder, 'fresh');
    await expect(writeExport(fresh, changed, aborted)).rejects.toThrow('stopped');
    expect(existsSync(fresh)).toBe(false);
  });

  test('refuses a copy whose digest is another', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.onnx'), 'x');
    const copy = { path: 'node/model.onnx', copyOf: join(folder, 'm.onnx'), sha256: 'ff' };
    await expect(writeExport(join(folder, 'out'), [copy], gently)).rejects.toThrow(
      /is not the file that was tuned/,
    );
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test('refuses two files of one name before it writes any', async () => {
    const folder = temporaryFolder();
    const twice = [...files, { path: 'env/a.env', text: 'A=2\n' }];
    await expect(writeExport(folder, twice, gently)).rejects.toThrow(
      'the export would write env/a.env twice',
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('says that the folder is a file, or that a folder has the name of a file', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    for (const path of [file, join(file, 'below')]) {
      await expect(writeExport(path, files, gently)).rejects.toThrow(
        `cannot write ${path}: a part of the path is a file, not a folder`,
      );
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    mkdirSync(join(folder, 'out', 'env', 'a.env'), { recursive: true });
    await expect(writeExport(join(folder, 'out'), files, gently)).rejects.toThrow(
      /files that no export wrote.*: env\/a\.env$/,
    );
    const forced = { ...gently, force: true };
    await expect(writeExport(join(folder, 'out'), files, forced)).rejects.toThrow(
      `cannot write ${join(folder, 'out', 'env', 'a.env')}: it is a folder`,
    );
  });

  test('takes a folder whose name has spaces, quotes and more', async () => {
    const folder = join(temporaryFolder(), `it's "mine" $HOME %h\n`);
    const written = await writeExport(folder, files, gently);
    expect(readFileSync(written[0] ?? '', 'utf8')).toBe('A=1\n');
  });

  describe.runIf(canMount())('on a file system of its own', () => {
    test('that fills up, leaves what was there and names the file that did not fit', async () => {
      const folder = temporaryFolder();
      mount(folder, 'size=256k');
      await writeExport(folder, files, gently);
      const larger: ExportFile[] = [
        { path: 'env/a.env', text: 'A=2\n' },
        { path: 'node/app/b.txt', text: 'b'.repeat(300_000) },
      ];
      await expect(writeExport(folder, larger, gently)).rejects.toMatchObject({
        message: `cannot write ${join(folder, 'node/app/b.txt')}: the disk is full`,
        remedy: 'free some space or choose another folder',
      });
      expect(readFileSync(join(folder, 'env/a.env'), 'utf8')).toBe('A=1\n');
      expect(readdirSync(folder).toSorted()).toEqual(['.claw-export.json', 'env', 'node']);
      const fresh = join(folder, 'fresh');
      await expect(writeExport(fresh, larger, gently)).rejects.toThrow('the disk is full');
      expect(existsSync(fresh)).toBe(false);
      await writeExport(folder, files, gently);
    });

    test('that fills up with a model, says so of the model', async () => {
      const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()];
      mount(folder, 'size=256k');
      writeFileSync(join(elsewhere, 'm.onnx'), Buffer.alloc(300_000));
      const copy = { path: 'node/model.onnx', copyOf: join(elsewhere, 'm.onnx') };
      await expect(writeExport(folder, [copy], gently)).rejects.toThrow(
        `cannot write ${join(folder, 'node/model.onnx')}: the disk is full`,
      );
      expect(readdirSync(folder)).toEqual([]);
    });

    test('that is read-only, is told in one line', async () => {
      const folder = temporaryFolder();
      mount(folder, 'ro');
      for (const path of [folder, join(folder, 'new')]) {
        await expect(writeExport(path, files, gently)).rejects.toMatchObject({
          message: `cannot write ${path}: the file system is read-only`,
          remedy: 'choose a folder that you may write to',
        });
      }
    });
  });

  test('says in one line where no folder can be made', async () => {
    await expect(writeExport('/proc/export', files, gently)).rejects.toThrow(
      /^cannot write \/proc\/export/,
    );
  });
});
