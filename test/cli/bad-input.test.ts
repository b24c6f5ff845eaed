import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw, type ClawResult } from './run-claw.ts';

/** A folder with everything that the cases below name. */
function folderOfMistakes(): string {
  const folder = temporaryFolder();
  const model = readFileSync(writeLinearModel(folder));
  writeFileSync(join(folder, 'empty.onnx'), '');
  writeFileSync(join(folder, 'truncated.onnx'), model.subarray(0, model.length - 20));
  writeFileSync(join(folder, 'text.onnx'), 'this is not a model, it is a text about models');
  writeFileSync(join(folder, 'broken.json'), '{ "schema": ');
  writeFileSync(join(folder, 'other.json'), '{ "schema": "something/else" }');
  writeFileSync(join(folder, 'notes.txt'), 'a file');
  writeFileSync(join(folder, 'text.npz'), 'this is not an archive');
  writeFileSync(join(folder, 'wrong.npz'), npz('x', [4, 3]));
  writeFileSync(join(folder, 'right.npz'), npz('x', [4, 2]));
  mkdirSync(join(folder, 'folder.onnx'));
  writeFileSync(join(folder, 'opset.onnx'), relu({ opset: 999 }));
  writeFileSync(join(folder, 'operator.onnx'), relu({ opType: 'Teleport' }));
  writeFileSync(join(folder, 'open.onnx'), relu({ dims: ['N', 'width'] }));
  return folder;
}

function relu(options: {
  opset?: number;
  opType?: string;
  dims?: (string | number)[];
}): Uint8Array {
  const dims = options.dims ?? ['N', 2];
  const builder = new ModelBuilder({ name: 'relu', opset: options.opset ?? 17 });
  builder.input('x', 'float32', dims);
  builder.node(options.opType ?? 'Relu', ['x'], { outputs: ['y'] });
  builder.output('y', 'float32', dims);
  return writeModel(builder.build());
}

/** One float32 array as NumPy writes it. */
function npz(name: string, dims: readonly number[]): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims.join(', ')}), }`;
  const header = `${text}${' '.repeat(63 - ((text.length + 10) % 64))}\n`;
  const data = new Uint8Array(dims.reduce((product, dim) => product * dim, 4));
  const prefix = Uint8Array.of(
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 255,
    header.length >> 8,
  );
  const bytes = Buffer.concat([prefix, Buffer.from(header, 'latin1'), data]);
  return zipSync({ [`${name}.npy`]: new Uint8Array(bytes) });
}

const folder = { path: '' };

const CASES: readonly (readonly [args: string, exitCode: number, message: RegExp])[] = [
  ['tune absent.onnx', 1, /no file 'absent\.onnx'/],
  ['tune inspektion', 1, /no file 'inspektion', and no suite of that name[^]*inspection/],
  ['tune folder.onnx', 1, /'folder\.onnx' is not a file/],
  ['tune empty.onnx', 1, /empty\.onnx[^]*empty/],
  ['tune truncated.onnx', 1, /truncated\.onnx/],
  ['tune text.onnx', 1, /text\.onnx/],
  ['tune opset.onnx', 1, /opset\.onnx[^]*opset/i],
  ['tune operator.onnx', 1, /operator\.onnx[^]*Teleport/],
  ['tune open.onnx', 2, /leaves 'width' open[^]*--dim width=/],
  ['tune open.onnx --dim height=3', 2, /--dim height[^]*width/],
  ['tune linear.onnx --dim N=0', 2, /--dim 'N=0'/],
  ['tune linear.onnx --data absent.npz', 1, /absent\.npz/],
  ['tune linear.onnx --data text.npz', 1, /text\.npz is not a \.npz archive/],
  ['tune linear.onnx --data wrong.npz', 1, /'x' in wrong\.npz[^]*\[4, 3\][^]*\[samples, 2\]/],
  ['tune linear.onnx --data right.npz --min-accuracy 0.9', 2, /--min-accuracy needs labels/],
  ['tune linear.onnx --min-accuracy 90', 2, /--min-accuracy '90'/],
  ['tune linear.onnx --slo fast', 2, /--slo 'fast'/],
  ['tune linear.onnx --slo p99<20', 2, /--slo: '20'/],
  ['tune linear.onnx --max-memory lots', 2, /--max-memory: 'lots'/],
  ['tune linear.onnx --budget 0', 2, /--budget 0/],
  ['tune linear.onnx --budget 0s', 2, /--budget 0s/],
  ['tune linear.onnx --budget soon', 2, /--budget: 'soon'/],
  ['tune linear.onnx --trials 0', 2, /--trials '0'/],
  ['tune linear.onnx --trials 5 --budget 3m', 2, /--trials and --budget/],
  ['tune linear.onnx --seed x', 2, /--seed 'x'/],
  ['tune linear.onnx --bugdet 3m', 2, /--bugdet[^]*--budget/],
  ['tune one.onnx two.onnx', 2, /too many arguments/],
  ['tune linear.onnx --store notes.txt', 1, /notes\.txt[^]*not a folder/],
  ['tune linear.onnx --resume', 2, /leave 'linear\.onnx' out/],
  ['tune --resume=latest --slo p99<5ms', 2, /leave --slo out/],
  ['tune --resume=latest', 1, /no runs[^]*claw tune/],
  ['tune inspection --data right.npz', 2, /brings its own data/],
  ['tnue', 2, /unknown command 'tnue'[^]*tune/],
  ['bench', 2, /nothing to measure/],
  ['bench --config absent.json', 1, /absent\.json: there is no such file/],
  ['bench --config broken.json', 1, /broken\.json is not JSON/],
  ['bench --config other.json', 1, /other\.json is not a tuned\.json[^]*schema/],
  ['bench linear.onnx --scenario none', 2, /--scenario 'none'/],
  ['report nothing', 1, /no runs/],
  ['report', 1, /no runs/],
];

describe('bad input gets one message that names it, and no stack trace', () => {
  test.each(CASES)('claw %s', { concurrent: false }, async (args, exitCode, message) => {
    folder.path = folderOfMistakes();
    const before = readdirSync(folder.path).toSorted();
    const result = await claw(folder.path, ...args.split(' '));
    expect(result.stderr).toMatch(message);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toBe('');
    expectNoStack(result);
    expect(leftovers(folder.path, before)).toEqual([]);
  });

  test('in JSON mode it is a JSON document too', async () => {
    const result = await claw(temporaryFolder(), 'tune', 'absent.onnx', '--json');
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: expect.stringMatching(/absent\.onnx/) as string,
      exitCode: 1,
    });
    expect(result.exitCode).toBe(1);
  });
});

function expectNoStack({ stderr }: ClawResult): void {
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toMatch(/node:internal|unexpected failure/);
}

/** New files other than a store that was opened, and anything half-written in there. */
function leftovers(path: string, before: readonly string[]): string[] {
  const after = readdirSync(path, { recursive: true, encoding: 'utf8' });
  const added = after.filter(
    (name) => !before.some((old) => name === old || name.startsWith(`${old}/`)),
  );
  return added.filter(
    (name) =>
      !/^\.claw(\/(store\.sqlite|cache(\/data(\/[0-9a-f]{24}.*)?)?))?$/.test(name) ||
      name.endsWith('.tmp'),
  );
}
