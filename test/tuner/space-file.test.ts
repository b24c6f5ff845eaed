import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSpaceFile } from '../../tuner/space-file.ts';
import { twoCoreDefault } from '../support/fake-trials.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function read(text: string): ReturnType<typeof readSpaceFile> {
  const path = join(temporaryFolder(), 'space.yaml');
  writeFileSync(path, text);
  return readSpaceFile(path, twoCoreDefault);
}

test('knobs with lists or one value, entries as texts, and what is left out', async () => {
  const file = await read(
    [
      'knobs:',
      '  precision: [fp32, int8-static]',
      '  arena: true',
      '  sessionEntries.session.intra_op.spin_duration_us: [0, 1000]',
      'exclude:',
      '  - {precision: int8-static, batch.maxSize: [16, 32]}',
    ].join('\n'),
  );
  expect(file.knobs.map(({ name, values }) => [name, values])).toEqual([
    ['precision', ['fp32', 'int8-static']],
    ['arena', [true]],
    ['sessionEntries.session.intra_op.spin_duration_us', ['0', '1000']],
  ]);
  expect(file.exclude).toEqual([{ precision: ['int8-static'], 'batch.maxSize': [16, 32] }]);
});

test.each([
  ['knobs:\n  arena: [true, maybe]', 'that is no value of arena'],
  ['knobs:\n  colour: red', 'colour: there is no such knob'],
  ['knob:\n  arena: true', 'space.yaml:1: this is not a space file'],
  ['exclude: []\nknobs:\n  arena: {a: 1}', 'space.yaml:3: this is not a space file'],
  ['knobs: [', 'space.yaml:1: this is not YAML'],
])('%j is refused with the place', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

test('a file that is not there is named', async () => {
  await expect(readSpaceFile('/nowhere/space.yaml', twoCoreDefault)).rejects.toThrow(
    'cannot read a space file /nowhere/space.yaml',
  );
});
