import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';

test('the example of the README runs as it stands, and prints what it says', async () => {
  const readme = readFileSync('engine/README.md', 'utf8');
  const example = /^```ts\n([^]*?)^```$/m.exec(readme)?.[1] ?? '';
  const printed = /^```text\n([^]*?)^```$/m.exec(readme)?.[1];
  const folder = temporaryFolder();
  writeLinearModel(folder);
  // It says that it stands in the root of the repository.
  const root = pathToFileURL(process.cwd());
  const program = join(folder, 'example.ts');
  writeFileSync(program, example.replaceAll("'./engine/", `'${root.href}/engine/`));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
  expect(stdout).toBe(printed);
});
