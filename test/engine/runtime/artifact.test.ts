import { appendFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { sha256, sha256OfFile } from '../../../engine/base/files.ts';
import { Artifact } from '../../../engine/runtime/artifact.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function writeFile(content = 'a model'): string {
  const path = join(temporaryFolder(), 'a.onnx');
  writeFileSync(path, content);
  return path;
}

test('a file is what it was while nobody touches it, by its absolute path', async () => {
  const path = writeFile();
  const artifact = await Artifact.open(relative(process.cwd(), path));
  expect(artifact.path).toBe(path);
  await expect(artifact.verify()).resolves.toBe(undefined);
});

test('a file that vanished, grew or was written again is another', async () => {
  const path = writeFile();
  const artifact = await Artifact.open(path);
  const { atime, mtime } = statSync(path);
  appendFileSync(path, '!');
  utimesSync(path, atime, mtime);
  await expect(artifact.verify()).rejects.toThrow(/a\.onnx is not the one that was meant/);
  rmSync(path);
  await expect(artifact.verify()).rejects.toThrow(/cannot read the model .*a\.onnx: there is no/);
  writeFileSync(path, 'a model');
  utimesSync(path, 0, 0);
  await expect(artifact.verify()).rejects.toThrow(/its size or time is another/);
});

test('with a digest, content counts and not its time', async () => {
  const path = writeFile();
  const digest = await sha256OfFile(path);
  const artifact = await Artifact.open({ path, sha256: digest.toUpperCase() });
  utimesSync(path, 0, 0);
  await expect(artifact.verify()).resolves.toBe(undefined);
  writeFileSync(path, 'a modem');
  await expect(artifact.verify()).rejects.toThrow(
    `its SHA-256 is ${sha256('a modem')}, not ${digest.toUpperCase()}`,
  );
});

test('a folder, and a path with nothing there, are no models', async () => {
  const folder = temporaryFolder();
  await expect(Artifact.open(folder)).rejects.toThrow(/is not a file/);
  await expect(Artifact.open(join(folder, 'b.onnx'))).rejects.toThrow(/b\.onnx: there is no such/);
});
