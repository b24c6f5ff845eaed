import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readYamlFile } from '../../../engine/base/yaml.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const schema = z.strictObject({ name: z.string(), sizes: z.array(z.int()) });

describe('readYamlFile', () => {
  function fileWith(text: string): string {
    const path = join(temporaryFolder(), 'plan.yaml');
    writeFileSync(path, text);
    return path;
  }

  it('reads what fits the schema', async () => {
    const path = fileWith('name: é\nsizes: [1, 2]\n');
    expect(await readYamlFile(path, schema, 'a plan')).toEqual({ name: 'é', sizes: [1, 2] });
  });

  it('says that there is no such file', async () => {
    const path = join(temporaryFolder(), 'absent.yaml');
    await expect(readYamlFile(path, schema, 'a plan')).rejects.toThrow(
      `cannot read a plan ${path}: there is no such file`,
    );
  });

  it('names the file, the line and the field that is wrong', async () => {
    const path = fileWith('name: a\nsizes:\n  - 1\n  - two\n');
    await expect(readYamlFile(path, schema, 'a plan')).rejects.toThrow(
      `${path}:4: this is not a plan: Invalid input: expected number, received string at sizes.1`,
    );
  });

  it('names the line that is no YAML', async () => {
    const path = fileWith('name: a\nsizes: [1\n');
    await expect(readYamlFile(path, schema, 'a plan')).rejects.toThrow(
      /plan\.yaml:\d: this is not YAML: /,
    );
  });
});
