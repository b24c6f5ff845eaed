import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { UserError } from './errors.ts';
import { readTextFile } from './files.ts';
import { firstIssue } from './json.ts';

/** Reads and checks a YAML file; the error names the file, the line, the field and what is wrong. */
export async function readYamlFile<T>(
  path: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  const text = await readTextFile(path, what);
  return parseYaml(text, schema, { path, what });
}

function parseYaml<T>(
  text: string,
  schema: z.ZodType<T>,
  { path, what }: { readonly path: string; readonly what: string },
): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new UserError(`${path}:${line}: this is not YAML: ${broken.message}`);
  }
  const result = schema.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path ?? [];
  const where = lineOf(document, field, lines);
  throw new UserError(`${path}${where}: this is not ${what}: ${firstIssue(result.error)}`, {
    cause: result.error,
  });
}

/** `:12`, the line of a field or of the nearest one around it that is there. */
function lineOf(document: Document, field: readonly PropertyKey[], lines: LineCounter): string {
  for (let depth = field.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(field.slice(0, depth), true);
    if (typeof node !== 'object' || node === null || !('range' in node)) continue;
    const [start] = Array.isArray(node.range) ? (node.range as unknown[]) : [];
    if (typeof start === 'number') return `:${lines.linePos(start).line}`;
  }
  return '';
}
