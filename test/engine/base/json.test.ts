import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UserError } from '../../../engine/base/errors.ts';
import { parseAs, readJsonFile } from '../../../engine/base/json.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const schema = z.strictObject({
  name: z.string(),
  sizes: z.array(z.strictObject({ width: z.int() })),
});

describe('readJsonFile', () => {
  function fileWith(text: string): string {
    const path = join(temporaryFolder(), 'plan.json');
    writeFileSync(path, text);
    return path;
  }

  it('reads what fits the schema', async () => {
    const path = fileWith('{"name": "é", "sizes": [{"width": 3}]}');
    expect(await readJsonFile(path, schema, 'a plan')).toEqual({
      name: 'é',
      sizes: [{ width: 3 }],
    });
  });

  it('says that there is no such file', async () => {
    const path = join(temporaryFolder(), 'absent.json');
    const reading = readJsonFile(path, schema, 'a plan');
    await expect(reading).rejects.toThrow(`cannot read a plan ${path}: there is no such file`);
    await expect(reading).rejects.toBeInstanceOf(UserError);
    await expect(reading).rejects.toMatchObject({ cause: { code: 'ENOENT' } });
  });

  it('says that a folder is not a file', async () => {
    const path = join(temporaryFolder(), 'folder');
    mkdirSync(path);
    await expect(readJsonFile(path, schema, 'a plan')).rejects.toThrow(
      `cannot read a plan ${path}: it is a folder`,
    );
  });

  it.each(['', '{"name":', '{name: 1}'])('names the file that is not JSON: %s', async (text) => {
    const path = fileWith(text);
    const reading = readJsonFile(path, schema, 'a plan');
    await expect(reading).rejects.toThrow(`${path} is not JSON: `);
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });

  it('names the file and the field that is wrong', async () => {
    const path = fileWith('{"name": "a", "sizes": [{"width": 1}, {"width": "2"}]}');
    await expect(readJsonFile(path, schema, 'a plan')).rejects.toThrow(
      `${path} is not a plan: Invalid input: expected number, received string at sizes.1.width`,
    );
  });
});

describe('parseAs', () => {
  it('returns what fits', () => {
    expect(parseAs([1, 2], z.array(z.int()), 'bad list')).toEqual([1, 2]);
  });

  it('names no field when the value as a whole is wrong', () => {
    expect(() => parseAs(null, schema, 'bad plan')).toThrow(
      /^bad plan: Invalid input: expected object, received null$/,
    );
  });

  it('refuses a field that the schema does not know', () => {
    expect(() => parseAs({ name: 'a', sizes: [], naem: 1 }, schema, 'bad plan')).toThrow(/"naem"/);
  });
});
