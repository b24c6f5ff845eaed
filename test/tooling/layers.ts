import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { z } from 'zod';
import type { Layer, LayerRules } from './layer-rules.ts';
import { importsOf, type SourceImport } from './source-imports.ts';

/**
 * Reads every source file under `root` that is not a test and returns what
 * breaks the rules, one readable line each; none when the tree is in order.
 */
export function findViolations(root: string, rules: LayerRules): readonly string[] {
  const context = { root, rules, dependencies: readDependencies(root) };
  const sources = sourceFiles(root).map((path) => ({
    path,
    imports: importsOf(path, readFileSync(join(root, path), 'utf8')),
  }));
  const violations = sources.flatMap(({ path, imports }) => {
    const layer = layerOf(path, rules);
    if (layer === undefined) return [`${path}: no layer of layer-rules.ts covers this file`];
    return imports.flatMap((found) => {
      const why = complaint(path, layer, found, context);
      return why === undefined ? [] : [`${path}:${found.line} ${why}`];
    });
  });
  const edges = new Map(
    sources.map(({ path, imports }) => [path, imports.flatMap((found) => loads(path, found))]),
  );
  return [...violations, ...findCycles(edges).map((cycle) => `cycle: ${cycle.join(' -> ')}`)];
}

interface Context {
  readonly root: string;
  readonly rules: LayerRules;
  readonly dependencies: ReadonlySet<string>;
}

const SOURCE_FOLDERS = ['bin', 'cli', 'engine', 'hosts', 'reports', 'suites', 'tuner'];

function sourceFiles(root: string): readonly string[] {
  return globSync(
    SOURCE_FOLDERS.map((folder) => `${folder}/**/*.{ts,js,mts,cts,mjs,cjs}`),
    { cwd: root },
  )
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted();
}

function readDependencies(root: string): ReadonlySet<string> {
  const manifest = z
    .object({ dependencies: z.record(z.string(), z.string()).default({}) })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  return new Set(Object.keys(manifest.dependencies));
}

function layerOf(path: string, rules: LayerRules): Layer | undefined {
  return rules.layers.find((layer) => path.startsWith(`${layer.folder}/`));
}

function complaint(
  path: string,
  layer: Layer,
  found: SourceImport,
  context: Context,
): string | undefined {
  if (found.specifier === undefined) {
    if (context.rules.mayComputeImports.includes(path)) return undefined;
    return 'imports a computed path: write the module name out, so that the layers can be checked';
  }
  return found.specifier.startsWith('.')
    ? complaintAboutFile(path, layer, found.specifier, context)
    : complaintAboutPackage(path, found.specifier, context);
}

function complaintAboutFile(
  path: string,
  layer: Layer,
  specifier: string,
  { root, rules }: Context,
): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!existsSync(join(root, target))) return `imports ${target}, which does not exist`;
  if (target.startsWith('test/')) return `imports ${target}: only tests import from test/`;
  const targetLayer = layerOf(target, rules);
  if (targetLayer === undefined) return `imports ${target}, which belongs to no layer`;
  if (targetLayer === layer || layer.mayImport.includes(targetLayer.folder)) return undefined;
  if (layer.mayImportFiles?.includes(target) === true) return undefined;
  return `imports ${target}: ${describeRule(layer)}`;
}

function describeRule({ folder, mayImport, mayImportFiles = [] }: Layer): string {
  const allowed = [...mayImport, ...mayImportFiles];
  return `${folder} may import ${allowed.length === 0 ? 'nothing of ours but itself' : `only ${allowed.join(', ')}`}`;
}

function complaintAboutPackage(
  path: string,
  specifier: string,
  { rules, dependencies }: Context,
): string | undefined {
  const name = packageOf(specifier);
  const sole = rules.soleImporters[name];
  if (sole !== undefined && sole !== path) return `imports ${specifier}: only ${sole} may`;
  if (isBuiltin(specifier) || dependencies.has(name)) return undefined;
  return `imports ${specifier}: ${name} is not among the dependencies of package.json, which is all that users get`;
}

/** `@scope/name/sub/path` as `@scope/name`; `sqlite` as `node:sqlite`. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  if (isBuiltin(specifier)) return `node:${specifier}`;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** A worker that is started by its URL does not run while its starter loads: no cycle. */
function loads(path: string, { specifier, kind }: SourceImport): readonly string[] {
  if (kind === 'url' || specifier?.startsWith('.') !== true) return [];
  return [posix.join(posix.dirname(path), specifier)];
}

/** Depth-first; each cycle is reported once, starting and ending at the same file. */
function findCycles(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), path]);
      return;
    }
    if (finished.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}
