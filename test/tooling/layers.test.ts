import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LAYER_RULES } from './layer-rules.ts';
import { findViolations } from './layers.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A repository with only these files. */
function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'claw-layers-'));
  folders.push(root);
  const manifest = { dependencies: { zod: '1.0.0', '@bufbuild/protobuf': '1.0.0' } };
  const all = { 'package.json': JSON.stringify(manifest), ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function violationsOf(files: Readonly<Record<string, string>>): readonly string[] {
  return findViolations(plant(files), LAYER_RULES);
}

test('this repository keeps the rules', () => {
  expect(findViolations(REPOSITORY, LAYER_RULES)).toEqual([]);
});

test('the command names the file, the line and the rule, and exits 1', () => {
  const root = plant({
    'engine/base/clock.ts': `\nimport { thisHost } from '../../hosts/this-host.ts';\n`,
    'hosts/this-host.ts': 'export const thisHost = 1;\n',
  });
  const result = spawnSync(process.execPath, [join(import.meta.dirname, 'check-layers.ts'), root], {
    encoding: 'utf8',
  });
  expect(result.stderr).toBe(
    'engine/base/clock.ts:2 imports hosts/this-host.ts: engine/base may import nothing of ours but itself\n' +
      '1 import(s) break the rules of layer-rules.ts\n',
  );
  expect(result.status).toBe(1);
});

test.each([
  ['import type', `import type { A } from '../tuner/a.ts';`],
  ['export from', `export { A } from '../tuner/a.ts';`],
  ['export star', `export * from '../tuner/a.ts';`],
  ['a type in place', `export type B = import('../tuner/a.ts').A;`],
  ['import()', `export const a = import('../tuner/a.ts');`],
  ['require()', `export const a = require('../tuner/a.ts');`],
  ['a worker', `export const a = siblingModule(import.meta.url, '../tuner/a');`],
])('sees %s', (_name, text) => {
  const [violation, ...others] = violationsOf({
    'suites/b.ts': text,
    'tuner/a.ts': 'export type A = 1;',
  });
  expect(violation).toMatch(
    /^suites\/b\.ts:1 imports tuner\/a\.ts: suites may import only hosts, /,
  );
  expect(others).toEqual([]);
});

test('a report may read a record, not what writes it', () => {
  const files = { 'tuner/run-record.ts': '', 'tuner/runner.ts': '' };
  expect(violationsOf({ ...files, 'reports/page.ts': `import '../tuner/run-record.ts';` })).toEqual(
    [],
  );
  expect(violationsOf({ ...files, 'reports/page.ts': `import '../tuner/runner.ts';` })).toEqual([
    'reports/page.ts:1 imports tuner/runner.ts: reports may import only engine/base, ' +
      'suites/trial-findings.ts, suites/trial-record.ts, suites/workload-record.ts, tuner/run-record.ts, ' +
      'tuner/compare/comparison.ts, tuner/constraint.ts, tuner/objective.ts, hosts/host-profile.ts, engine/runtime/engine-config.ts, ' +
      'engine/graph/memory-plan/plan-memory.ts, engine/graph/memory-plan/predict-session.ts',
  ]);
});

test('inside the engine, graph and devices do not know each other', () => {
  expect(
    violationsOf({ 'engine/graph/a.ts': `import '../devices/b.ts';`, 'engine/devices/b.ts': '' }),
  ).toEqual([
    'engine/graph/a.ts:1 imports engine/devices/b.ts: engine/graph may import only engine/base',
  ]);
});

test('nothing imports cli', () => {
  expect(violationsOf({ 'tuner/a.ts': `import '../cli/main.ts';`, 'cli/main.ts': '' })).toEqual([
    expect.stringMatching(/^tuner\/a\.ts:1 imports cli\/main\.ts: tuner may import only suites, /),
  ]);
});

test('nothing that ships imports a test', () => {
  expect(violationsOf({ 'cli/a.ts': `import '../test/b.ts';`, 'test/b.ts': '' })).toEqual([
    'cli/a.ts:1 imports test/b.ts: only tests import from test/',
  ]);
});

test('one file alone imports protobuf, by whichever path', () => {
  const text = `import { BinaryReader } from '@bufbuild/protobuf/wire';`;
  expect(violationsOf({ 'engine/graph/wire.ts': text, 'engine/graph/model.ts': text })).toEqual([
    'engine/graph/model.ts:1 imports @bufbuild/protobuf/wire: only engine/graph/wire.ts may',
  ]);
});

test('the database has one importer, however it is spelled', () => {
  expect(violationsOf({ 'tuner/a.ts': `import 'sqlite';\nimport 'node:sqlite';` })).toEqual([
    expect.stringMatching(/^tuner\/a\.ts:1 imports sqlite: /),
    'tuner/a.ts:2 imports node:sqlite: only tuner/store/sqlite-driver.ts may',
  ]);
});

test('a package that users do not get is refused, also as a type', () => {
  expect(violationsOf({ 'cli/a.ts': `import type { Test } from 'vitest/node';` })).toEqual([
    'cli/a.ts:1 imports vitest/node: vitest is not among the dependencies of package.json, which is all that users get',
  ]);
});

test('a computed import cannot be checked, so it is refused', () => {
  expect(violationsOf({ 'suites/a.ts': 'export const a = import(process.argv[2]);' })).toEqual([
    expect.stringMatching(/^suites\/a\.ts:1 imports a computed path/),
  ]);
});

test('a cycle is named in full, once', () => {
  expect(
    violationsOf({
      'hosts/a.ts': `import './b.ts';`,
      'hosts/b.ts': `import type {} from './c.ts';`,
      'hosts/c.ts': `import './a.ts';`,
      'hosts/d.ts': `import './a.ts';`,
    }),
  ).toEqual(['cycle: hosts/a.ts -> hosts/b.ts -> hosts/c.ts -> hosts/a.ts']);
});

test('a worker may import the types of the module that starts it', () => {
  expect(
    violationsOf({
      'hosts/pool.ts': `export const url = siblingModule(import.meta.url, './pool-worker');`,
      'hosts/pool-worker.ts': `import type {} from './pool.ts';`,
    }),
  ).toEqual([]);
});

test('a file outside every layer and a missing file are named', () => {
  expect(violationsOf({ 'engine/stray.ts': '', 'hosts/a.ts': `import './gone.ts';` })).toEqual([
    'engine/stray.ts: no layer of layer-rules.ts covers this file',
    'hosts/a.ts:1 imports hosts/gone.ts, which does not exist',
  ]);
});
