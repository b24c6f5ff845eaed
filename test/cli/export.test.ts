import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TARGET_NAMES } from '../../cli/export-targets.ts';
import { EXPORT_TARGETS } from '../../tuner/export/targets/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tunedLinear } from '../support/tuned-results.ts';
import { claw } from './run-claw.ts';

function folderWithTuned(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tuned.json'), JSON.stringify(tunedLinear(folder)));
  return folder;
}

describe('claw export', () => {
  test('writes several targets, with the warnings and what to do next', async () => {
    const folder = folderWithTuned();
    const { exitCode, stdout } = await claw(
      folder,
      ...'export tuned.json --to triton --to env,node -o out'.split(' '),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('  out/triton/linear-2/config.pbtxt\n');
    expect(stdout).toContain('  warning: Triton brings an ONNX Runtime of its own');
    expect(stdout).toContain('  next, in out/node: npm install, then: import { openEngine }');
    expect(existsSync(join(folder, 'out/node/model.onnx'))).toBe(true);
    const moved: unknown = JSON.parse(readFileSync(join(folder, 'out/node/tuned.json'), 'utf8'));
    expect(moved).toMatchObject({
      artifact: { path: 'model.onnx' },
      model: { path: 'model.onnx' },
    });
  });

  test('prints one JSON document with files and warnings', async () => {
    const { stdout, exitCode } = await claw(
      folderWithTuned(),
      ...'export tuned.json --to env --name mine --json'.split(' '),
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      output: 'export',
      targets: [{ target: 'env', files: ['env/mine.env'] }],
      written: ['export/env/mine.env'],
      mlflowRunId: null,
    });
  });

  test.each<[string, readonly string[], number, RegExp]>([
    ['no target', [], 2, /export needs --to\n {2}targets: node, ort-python/],
    ['an unknown target', ['--to', 'tflite'], 2, /there is no target 'tflite'/],
    [
      'a name that no service may have',
      ['--to', 'env', '--name', 'A_b'],
      2,
      /cannot name a service/,
    ],
    [
      'an address without mlflow',
      ['--to', 'env', '--mlflow-url', 'http://h'],
      2,
      /add --to mlflow/,
    ],
    ['an address that is none', ['--to', 'mlflow', '--mlflow-url', 'h'], 2, /is no address/],
    ['trials of a file', ['--to', 'optuna'], 1, /give the run by its name/],
  ])('refuses %s with one message', async (_, options, expected, message) => {
    const folder = folderWithTuned();
    const { exitCode, stderr } = await claw(folder, 'export', 'tuned.json', ...options);
    expect(exitCode).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(existsSync(join(folder, 'export'))).toBe(false);
  });

  test('names an unknown run and what there is', async () => {
    const { exitCode, stderr } = await claw(temporaryFolder(), 'export', 'x', '--to', 'node');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/has no runs/);
  });

  test('refuses a model that is not the one that was tuned', async () => {
    const folder = folderWithTuned();
    const tuned = JSON.parse(readFileSync(join(folder, 'tuned.json'), 'utf8')) as object;
    const artifact = { path: 'linear.onnx', sha256: 'ff' };
    writeFileSync(join(folder, 'tuned.json'), JSON.stringify({ ...tuned, artifact }));
    const { exitCode, stderr } = await claw(folder, 'export', 'tuned.json', '--to', 'node');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/linear\.onnx is not the file that was tuned/);
  });
});

test('the help names every target', async () => {
  expect(TARGET_NAMES).toBe(EXPORT_TARGETS.map(({ name }) => name).join(', '));
  const { stdout } = await claw(temporaryFolder(), 'export', '--help');
  expect(stdout).toMatch(/Examples?:\n {2}claw export /);
});
