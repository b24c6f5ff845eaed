import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { codeOf, messageOf, UserError } from '../../engine/base/errors.ts';
import { createTable, type ReplayTable } from './replay-table.ts';
import { tableRowSchema, type TableRow } from './table-columns.ts';

const REMEDY =
  'every line is one trial, such as {"precision": "fp32", "replicas": 1, "intra_op_threads": 2, ' +
  '"batch": 1, "graph_level": "all", "spinning": true, "arena": true, "qps": 100, "p50_ms": 10, ' +
  '"p99_ms": 12, "mem_mib": 50, "cost_s": 1}, or has "failed": true instead of figures';

/** Reads a recorded table; throws UserError that names the file, the line and what is wrong. */
export async function readTable(path: string): Promise<ReplayTable> {
  const rows = parseRows(await readText(path), path);
  if (!rows.some((row) => row.failed !== true)) {
    throw new UserError(`${path} has no completed trial: there is nothing to replay`, {
      remedy: 'give a table of recorded trials, as `claw tune --record` writes',
    });
  }
  return createTable(basename(path).replace(/\.jsonl?$/, ''), rows);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const reason = codeOf(thrown) === 'ENOENT' ? 'there is no such file' : messageOf(thrown);
    throw new UserError(`the table ${path} cannot be read: ${reason}`, {
      remedy: 'give the path of a table of recorded trials (.jsonl)',
      cause: thrown,
    });
  }
}

function parseRows(text: string, path: string): TableRow[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    return [parseRow(line, `${path}, line ${index + 1}`)];
  });
}

function parseRow(line: string, where: string): TableRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (thrown) {
    throw new UserError(`${where}: that is no JSON`, { remedy: REMEDY, cause: thrown });
  }
  const parsed = tableRowSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(`${where}: ${whatIsWrong(value)}`, { remedy: REMEDY });
}

/** The first complaint about the kind of row that this one claims to be. */
function whatIsWrong(value: unknown): string {
  const [failed, completed] = tableRowSchema.options;
  const claimsFailure = typeof value === 'object' && value !== null && 'failed' in value;
  const schema = claimsFailure && value.failed === true ? failed : completed;
  const issue = schema.safeParse(value).error?.issues[0];
  const column = issue?.path.join('.') ?? '';
  const message = issue?.message ?? 'that is no row of a table';
  return column === '' ? message : `'${column}': ${message}`;
}
