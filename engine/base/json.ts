import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { messageOf, UserError } from './errors.ts';
import { readFailure } from './files.ts';

/** Values that survive JSON unchanged. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Reads and checks a JSON file; the error names the file, the field and what is wrong. */
export async function readJsonFile<T>(
  path: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    throw new UserError(`cannot read ${what} ${path}: ${readFailure(thrown)}`, { cause: thrown });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new UserError(`${path} is not JSON: ${messageOf(thrown)}`, { cause: thrown });
  }
  return parseAs(parsed, schema, `${path} is not ${what}`);
}

/** Checks an unknown value; the error starts with `complaint` and names the first wrong field. */
export function parseAs<T>(value: unknown, schema: z.ZodType<T>, complaint: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new UserError(`${complaint}: ${issue?.message ?? 'unknown problem'}${field}`, {
    cause: result.error,
  });
}
