import type { z } from 'zod';
import { messageOf, UserError } from './errors.ts';
import { readTextFile } from './files.ts';

/** Values that survive JSON unchanged. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Reads and checks a JSON file; the error names the file, the field and what is wrong. */
export async function readJsonFile<T>(
  path: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  const text = await readTextFile(path, what);
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
  throw new UserError(`${complaint}: ${firstIssue(result.error)}`, { cause: result.error });
}

/** What is wrong with a value, and at which field: the first of what a schema found. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const field = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  return `${issue?.message ?? 'unknown problem'}${field}`;
}
