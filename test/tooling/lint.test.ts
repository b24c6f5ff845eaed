import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** Rule, and a file that breaks it: proof that the linter runs it, with types where it needs them. */
const PLANTED: readonly (readonly [rule: string, text: string])[] = [
  ['no-floating-promises', 'export function f(p: Promise<void>): void { p; }'],
  ['no-floating-promises', 'export function f(g: () => Promise<void>): void { g(); }'],
  [
    'no-misused-promises',
    'export function f(p: Promise<boolean>): number { if (p) return 1; return 2; }',
  ],
  [
    'no-misused-promises',
    'export function f(e: EventTarget): void { e.addEventListener("a", async () => { await Promise.resolve(); }); }',
  ],
  ['await-thenable', 'export async function f(a: number): Promise<number> { return await a; }'],
  [
    'return-await',
    'export async function f(p: Promise<void>): Promise<void> { try { return p; } catch (e) { throw new Error("no", { cause: e }); } }',
  ],
  [
    'switch-exhaustiveness-check',
    'export function f(a: "x" | "y"): number { switch (a) { case "x": return 1; } return 2; }',
  ],
  [
    'switch-exhaustiveness-check',
    'export function f(a: "x" | "y"): number { switch (a) { case "x": return 1; default: return 2; } }',
  ],
  ['no-explicit-any', 'export function f(a: any): boolean { return Boolean(a); }'],
  [
    'no-unsafe-assignment',
    'export function f(t: string): unknown { const a = JSON.parse(t); return a; }',
  ],
  ['no-unsafe-return', 'export function f(t: string): string { return JSON.parse(t); }'],
  [
    'no-unsafe-argument',
    'export function f(t: string): number { return Number.parseFloat(JSON.parse(t)); }',
  ],
  ['no-unsafe-member-access', 'export function f(t: string): unknown { return JSON.parse(t).a; }'],
  ['no-unsafe-call', 'export function f(t: string): void { JSON.parse(t)(); }'],
  ['ban-ts-comment', '// @ts-ignore because\nexport const a: number = "";'],
  ['only-throw-error', 'export function f(): never { throw "text"; }'],
  [
    'preserve-caught-error',
    'export function f(g: () => void): void { try { g(); } catch (e) { throw new Error("lost"); } }',
  ],
  ['no-empty', 'export function f(g: () => void): void { try { g(); } catch {} }'],
  ['no-process-exit', 'process.exit(1);\nexport {};'],
  ['no-restricted-properties', 'export const a = Math.random();'],
  ['no-restricted-properties', 'export const a = Date.now();'],
  ['no-default-export', 'export default 1;'],
  [
    'no-duplicates',
    'import { join } from "node:path";\nimport { sep } from "node:path";\nexport const a = join(sep);',
  ],
  ['consistent-type-imports', 'import { Stats } from "node:fs";\nexport type A = Stats;'],
  ['prefer-node-protocol', 'import { join } from "path";\nexport const a = join("b");'],
  ['no-unused-vars', 'export function f(a: number): void {}'],
  ['no-unused-vars', 'const a = 1;\nexport {};'],
  ['eqeqeq', 'export function f(a: number | null): boolean { return a == null; }'],
  ['prefer-const', 'export function f(): number { let a = 1; return a; }'],
  ['no-var', 'export function f(): number { var a = 1; return a; }'],
  ['no-console', 'console.log("a");\nexport {};'],
  [
    'no-deprecated',
    '/** @deprecated gone */\nfunction old(): void { return; }\nexport const a = old();',
  ],
  ['no-non-null-assertion', 'export function f(a: number[]): number { return a[0]!; }'],
  [
    'require-array-sort-compare',
    'export function f(a: number[]): number[] { return a.toSorted(); }',
  ],
  ['no-base-to-string', 'export function f(a: object): string { return `${a}`; }'],
  ['no-shadow', 'export function f(a: number): number { return [1].map((a) => a)[0] ?? a; }'],
];

/** Files where a rule gives way, and that rule. */
const EXCEPTIONS: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['no-console', 'cli/print.ts', 'console.log("a");\nexport {};'],
  ['no-default-export', 'engine/runtime/some-worker.ts', 'export default 1;'],
  ['no-default-export', 'vitest.config.ts', 'export default 1;'],
  ['no-restricted-properties', 'engine/base/clock.ts', 'export const a = Date.now();'],
];

/** Named one by one: the linter would follow the link to node_modules. */
const LINTED = ['cli', 'engine', 'vitest.config.ts'];

const reportSchema = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })),
});

let root = '';
let rulesByFile = new Map<string, string[]>();

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'claw-lint-'));
  const tsconfig = { extends: join(REPOSITORY, 'tsconfig.json'), include: LINTED };
  write('tsconfig.json', JSON.stringify(tsconfig));
  // A copy: the folders that it names are relative to its own.
  cpSync(join(REPOSITORY, '.oxlintrc.json'), join(root, '.oxlintrc.json'));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  for (const [index, [, text]] of PLANTED.entries()) write(plantedPath(index), text);
  for (const [, path, text] of EXCEPTIONS) write(path, text);
  rulesByFile = lint();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function plantedPath(index: number): string {
  return `engine/graph/planted-${index}.ts`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${text}\n`);
}

function lint(): Map<string, string[]> {
  const oxlint = join(REPOSITORY, 'node_modules', '.bin', 'oxlint');
  const result = spawnSync(oxlint, ['--type-aware', '--format', 'json', ...LINTED], {
    cwd: root,
    encoding: 'utf8',
  });
  const found = new Map<string, string[]>();
  for (const { code, filename } of reportSchema.parse(JSON.parse(result.stdout)).diagnostics) {
    found.set(filename, [...(found.get(filename) ?? []), code]);
  }
  return found;
}

test.each(PLANTED.map(([rule, text], index) => ({ rule, text, path: plantedPath(index) })))(
  '$rule reports: $text',
  ({ rule, path }) => {
    expect(rulesByFile.get(path) ?? []).toContainEqual(expect.stringMatching(`\\(${rule}\\)$`));
  },
);

test.each(EXCEPTIONS)('%s gives way in %s', (rule, path) => {
  expect(rulesByFile.get(path) ?? []).not.toContainEqual(expect.stringMatching(`\\(${rule}\\)$`));
});
