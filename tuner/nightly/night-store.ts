import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, UserError } from '../../engine/base/errors.ts';
import { readFailure, writeFileAtomic } from '../../engine/base/files.ts';
import { firstIssue } from '../../engine/base/json.ts';
import { NIGHT_SCHEMA, nightRecordSchema, type NightRecord } from './night-record.ts';

/** More than five years of nights; older ones are left where they are and not read. */
const MAX_NIGHTS = 2000;

export interface StoredNights {
  /** In the order of time. */
  readonly nights: readonly NightRecord[];
  /** Files that could not be read, each with the reason: history that is missed. */
  readonly unreadable: readonly string[];
}

/** Where nights are kept: a folder with one file a night. */
export interface NightStore {
  readonly folder: string;
  list(): Promise<StoredNights>;
  /** Writes a night, whole or not at all. Throws UserError where the disk does not take it. */
  save(night: NightRecord): Promise<void>;
}

export function openNightStore(folder: string): NightStore {
  return {
    folder,
    list: () => listNights(folder),
    save: (night) =>
      writeFileAtomic(join(folder, `${night.id}.json`), `${JSON.stringify(night, null, 2)}\n`),
  };
}

async function listNights(folder: string): Promise<StoredNights> {
  const nights: NightRecord[] = [];
  const unreadable: string[] = [];
  for (const name of await nightFiles(folder)) {
    const path = join(folder, name);
    // One damaged file must not cost the others.
    const read = await readNight(path);
    if (typeof read === 'string') unreadable.push(`${path}: ${read}`);
    else nights.push(read);
  }
  return { nights, unreadable };
}

async function nightFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /^\d{8}-\d{6}(-\d+)?\.json$/.test(name))
      .toSorted(byId)
      .slice(-MAX_NIGHTS);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw new UserError(`cannot read the nights in ${folder}: ${readFailure(thrown)}`, {
      remedy: 'make the folder readable, or choose another one with --store',
      cause: thrown,
    });
  }
}

/** With its ending a file's name would come before that of a later night of the same second. */
function byId(a: string, b: string): number {
  const id = (name: string): string => name.replace('.json', '');
  return id(a).localeCompare(id(b), 'en', { numeric: true });
}

/** The night, or why it cannot be read. */
async function readNight(path: string): Promise<NightRecord | string> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    return codeOf(thrown) === undefined ? `not JSON: ${messageOf(thrown)}` : readFailure(thrown);
  }
  const parsed = nightRecordSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const schema = schemaOf(content);
  return schema === null || schema === NIGHT_SCHEMA
    ? firstIssue(parsed.error)
    : `it is of the version '${schema}', which this claw does not know`;
}

function schemaOf(content: unknown): string | null {
  if (typeof content !== 'object' || content === null || !('schema' in content)) return null;
  return typeof content.schema === 'string' ? content.schema : null;
}
