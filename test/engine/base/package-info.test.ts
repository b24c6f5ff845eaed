import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageVersion } from '../../../engine/base/package-info.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('packageVersion', () => {
  it('is the version in package.json', () => {
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    );
    expect(manifest).toMatchObject({ version: packageVersion() });
  });

  it('is found from a deeper folder, past the package.json of another package', () => {
    const root = temporaryFolder();
    const folder = join(root, 'dist', 'engine', 'base');
    mkdirSync(folder, { recursive: true });
    const module = new URL('../../../engine/base/package-info.ts', import.meta.url);
    cpSync(module, join(folder, 'package-info.ts'));
    writeFileSync(
      join(root, 'package.json'),
      '{"name": "openclaw-harness", "version": "9.8.7", "type": "module"}',
    );
    writeFileSync(
      join(root, 'dist', 'package.json'),
      '{"name": "other", "version": "1.1.1", "type": "module"}',
    );
    expect(versionFrom(folder)).toBe('9.8.7');
  });

  it('says that there is no package above', () => {
    const folder = temporaryFolder();
    cpSync(
      new URL('../../../engine/base/package-info.ts', import.meta.url),
      join(folder, 'package-info.ts'),
    );
    expect(versionFrom(folder)).toContain('no package.json of openclaw-harness above');
  });
});

/** What the copy in `folder` answers, in a process of its own. */
function versionFrom(folder: string): string {
  const url = pathToFileURL(join(folder, 'package-info.ts')).href;
  const program = `
    import { packageVersion } from ${JSON.stringify(url)};
    try { process.stdout.write(packageVersion()) } catch (thrown) { process.stdout.write(thrown.message) }`;
  return execFileSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
}
