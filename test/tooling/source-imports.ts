import { parseSync, Visitor } from 'oxc-parser';

export interface SourceImport {
  /** As written; undefined where it is computed at run time. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** `url`: a worker or a child process that is started by its URL; not loaded by this module. */
  readonly kind: 'import' | 'url';
}

/**
 * Everything that a TypeScript or JavaScript file imports, in order: import
 * and export declarations (types too), `import()`, `import('x').Type`,
 * `require('x')`, and the modules named to `siblingModule`.
 */
export function importsOf(path: string, text: string): readonly SourceImport[] {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const found: { specifier: string | undefined; start: number; kind: SourceImport['kind'] }[] = [];
  const add = (specifier: string | undefined, start: number): void => {
    found.push({ specifier, start, kind: 'import' });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.start),
    ExportAllDeclaration: (node) => add(node.source.value, node.start),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.source.value, node.start);
    },
    ImportExpression: (node) => add(literalText(node.source), node.start),
    TSImportType: (node) => add(node.source.value, node.start),
    CallExpression: (node) => {
      if (node.callee.type !== 'Identifier') return;
      if (node.callee.name === 'require') add(literalText(node.arguments[0]), node.start);
      if (node.callee.name === 'siblingModule') {
        const specifier = literalText(node.arguments[1]);
        if (specifier !== undefined) {
          found.push({ specifier: `${specifier}.ts`, start: node.start, kind: 'url' });
        }
      }
    },
  }).visit(parsed.program);
  return found
    .toSorted((a, b) => a.start - b.start)
    .map(({ specifier, start, kind }) => ({ specifier, kind, line: lineAt(text, start) }));
}

function literalText(node: { type: string; value?: unknown } | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
