import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ExportFile } from '../../../tuner/export/export-target.ts';
import { writeExport } from '../../../tuner/export/write-export.ts';
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
    await expect(writeExport(folder, changed, gently)).rejects.toThrow(/ENOENT/);
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

  test('says in one line where no folder can be made', async () => {
    await expect(writeExport('/proc/export', files, gently)).rejects.toThrow(
      /^cannot write \/proc\/export/,
    );
  });
});
