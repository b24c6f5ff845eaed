import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { weights } from '../engine/graph/passes/check-pass.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearModel } from '../support/tiny-models.ts';
import { claw } from './run-claw.ts';

/** Conv, BatchNormalization and Relu apart, an Identity between, as exporters write them. */
function writeExportedModel(folder: string): void {
  const builder = new ModelBuilder({ name: 'exported', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 3, 8, 8]);
  const w = builder.initializer('w', weights([4, 3, 3, 3]));
  const conv = builder.node('Conv', [builder.node('Identity', [x]), w], {
    attributes: { pads: { ints: [1, 1, 1, 1] } },
  });
  const vector = (name: string, value: number): string =>
    builder.initializer(name, {
      type: 'float32',
      dims: [4],
      data: new Float32Array(4).fill(value),
    });
  const normed = builder.node('BatchNormalization', [
    conv,
    vector('scale', 2),
    vector('shift', 0.5),
    vector('mean', 0.1),
    vector('variance', 3),
  ]);
  builder.output(builder.node('Relu', [normed], { outputs: ['y'] }), 'float32', ['N', 4, 8, 8]);
  writeFileSync(join(folder, 'model.onnx'), writeModel(builder.build()));
}

describe('claw optimize', () => {
  test('writes a model of fewer nodes that computes the same, and says what each pass did', async () => {
    const folder = temporaryFolder();
    writeExportedModel(folder);
    const result = await claw(
      folder,
      'optimize',
      'model.onnx',
      '-o',
      'clean.onnx',
      '--json',
      '--no-bench',
    );
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      nodesBefore: 4,
      nodesAfter: 2,
      operatorsAfter: { Conv: 1, Relu: 1 },
      compared: { samples: 2, of: 2 },
      speed: null,
      // The output has 4 channels of 8 x 8; what else is alive depends on the CPU's layout.
      memory: {
        state: 'planned',
        plan: {
          batch: 1,
          peakTensors: expect.arrayContaining([{ name: 'y', bytes: 1024 }]) as unknown,
        },
        prediction: { batch: 1 },
      },
    });
    expect(existsSync(join(folder, 'clean.onnx'))).toBe(true);
  });

  test('times both, interleaved, unless told not to', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    writeExportedModel(folder);
    const result = await claw(folder, 'optimize', 'model.onnx', '-o', 'clean.onnx');
    expect(result.stdout).toMatch(/clean\.onnx: 4 -> 2 nodes/);
    expect(result.stdout).toMatch(
      /times as fast \[[\d.]+, [\d.]+\] under the runtime's own level all/,
    );
    expect(result.stdout).toMatch(/memory of a run at batch 1: at most [\d.]+ KiB of tensors/);
    expect(result.stdout).toMatch(/alive then, at node \d of \d: .*y 1 KiB/);
    expect(result.stdout).toMatch(/a session: about [\d.]+ MiB \(weights/);
    expect(result.stdout).toMatch(/fuse-batch-norm +1 +-1/);
    expect(result.stdout).toMatch(/BatchNormalization: 1 -> 0/);
  });

  test('a pass that is switched off does nothing, `all` does more', async () => {
    const folder = temporaryFolder();
    writeExportedModel(folder);
    const nodes = async (passes: string): Promise<unknown> => {
      const args = [
        'optimize',
        'model.onnx',
        '-o',
        'out.onnx',
        '--passes',
        passes,
        '--json',
        '--no-bench',
      ];
      const { stdout } = await claw(folder, ...args);
      return (JSON.parse(stdout) as { operatorsAfter: unknown }).operatorsAfter;
    };
    expect(await nodes('none')).toMatchObject({ Identity: 1, BatchNormalization: 1 });
    expect(await nodes('clean,-fuse-batch-norm')).toEqual({
      Conv: 1,
      BatchNormalization: 1,
      Relu: 1,
    });
    expect(await nodes('all')).toEqual({ 'com.microsoft.FusedConv': 1 });
  });

  test.each([
    ['optimize model.onnx', 2, /required option '-o, --output <file>'/],
    ['optimize absent.onnx -o out.onnx', 1, /absent\.onnx: there is no such file/],
    ['optimize model.onnx -o model.onnx', 2, /the output is the model itself/],
    ['optimize model.onnx -o sub', 1, /sub: it is a folder/],
    ['optimize model.onnx -o out.onnx --passes fast', 2, /'fast' is neither a pipeline/],
    ['optimize model.onnx -o out.onnx --passes +fly', 2, /no pass 'fly'[^]*fuse-batch-norm/],
    [
      'optimize model.onnx -o out.onnx --provider abacus',
      2,
      /provider 'abacus'|--provider 'abacus'/,
    ],
    ['optimize linear.onnx -o out.onnx --dim seq=3', 2, /--dim seq/],
    ['optimize text.onnx -o out.onnx', 1, /text\.onnx is not a valid ONNX model/],
  ] as const)('claw %s is refused in one message', async (args, exitCode, message) => {
    const folder = temporaryFolder();
    writeExportedModel(folder);
    writeLinearModel(folder);
    writeFileSync(join(folder, 'text.onnx'), 'a text about models');
    mkdirSync(join(folder, 'sub'));
    const before = readdirSync(folder);
    const result = await claw(folder, ...args.split(' '));
    expect(result.stderr).toMatch(message);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('data that does not fit is named', async () => {
    const folder = temporaryFolder();
    writeExportedModel(folder);
    const result = await claw(folder, 'optimize', 'model.onnx', '-o', 'o.onnx', '--data', 'no.npz');
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/no\.npz/) as string,
    });
  });
});
