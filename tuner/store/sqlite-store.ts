import { dirname } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Kysely, sql, SqliteDialect } from 'kysely';
import { UserError } from '../../engine/base/errors.ts';
import { makeFolder, writeError } from '../../engine/base/files.ts';
import { parseAs } from '../../engine/base/json.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { benchRecordSchema, type BenchRecord } from '../../suites/bench-record.ts';
import { trialRecordSchema, type TrialRecord } from '../../suites/trial-record.ts';
import { runRecordSchema, type RunRecord } from '../run-record.ts';
import { isAlive } from './run-owner.ts';
import { openSqlite } from './sqlite-driver.ts';
import type { RunOwner, Store } from './store.ts';

interface Tables {
  runs: { id: string; created_at: string; record: string };
  trials: { id: string; run_id: string; sequence: number; record: string };
  /** Float32 milliseconds, little-endian, raw deflate. */
  samples: { trial_id: string; latencies: Uint8Array };
  benches: { id: string; created_at: string; record: string };
  owners: { run_id: string; owner: string };
}

const SCHEMA_VERSION = 2;

/**
 * Opens a store file, making it and its folder when there is none. Throws
 * UserError when the file cannot be used, is damaged, or was written by a newer
 * version.
 */
export async function openSqliteStore(path: string, files: SystemFiles): Promise<Store> {
  try {
    await makeFolder(dirname(path));
  } catch (thrown) {
    throw writeError(dirname(path), thrown);
  }
  const database = openSqlite(path);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  try {
    await migrate(db, path);
  } catch (thrown) {
    await db.destroy();
    throw thrown;
  }
  return createStore(db, path, files);
}

async function migrate(db: Kysely<Tables>, path: string): Promise<void> {
  const found = await sql<{ user_version: number }>`PRAGMA user_version`.execute(db);
  const version = found.rows[0]?.user_version ?? 0;
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw new UserError(`the store ${path} was written by a newer version of claw`, {
      remedy: 'upgrade claw, or choose another folder with --store',
    });
  }
  if (version !== 0) {
    throw new UserError(`the store ${path} was written by an older version of claw`, {
      remedy: 'move it away, or choose another folder with --store',
    });
  }
  await db.transaction().execute(async (transaction) => {
    for (const statement of CREATE) await sql.raw(statement).execute(transaction);
    await sql.raw(`PRAGMA user_version = ${SCHEMA_VERSION}`).execute(transaction);
  });
}

// IF NOT EXISTS: two processes may both find an empty file.
const CREATE = [
  'CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, record TEXT NOT NULL) STRICT',
  `CREATE TABLE IF NOT EXISTS trials (id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs(id),
     sequence INTEGER NOT NULL, record TEXT NOT NULL, UNIQUE (run_id, sequence)) STRICT`,
  'CREATE TABLE IF NOT EXISTS benches (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, record TEXT NOT NULL) STRICT',
  // Of a run or of a bench: written in one transaction with it, so that no reference is needed.
  'CREATE TABLE IF NOT EXISTS samples (trial_id TEXT PRIMARY KEY, latencies BLOB NOT NULL) STRICT',
  'CREATE TABLE IF NOT EXISTS owners (run_id TEXT PRIMARY KEY REFERENCES runs(id), owner TEXT NOT NULL) STRICT',
] as const;

function createStore(db: Kysely<Tables>, path: string, files: SystemFiles): Store {
  return {
    location: path,
    saveRun: async (run) => {
      const row = { id: run.id, created_at: run.createdAt, record: JSON.stringify(run) };
      await db
        .insertInto('runs')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ record: row.record }))
        .execute();
    },
    findRun: async (id) => {
      const row = await db
        .selectFrom('runs')
        .select('record')
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : parseRun(row.record, path);
    },
    listRuns: async () => {
      const rows = await db
        .selectFrom('runs')
        .select('record')
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map((row) => parseRun(row.record, path));
    },
    addTrial: (record, latenciesMs) => addTrial(db, record, latenciesMs),
    listTrials: async (runId) => {
      const rows = await db
        .selectFrom('trials')
        .select('record')
        .where('run_id', '=', runId)
        .orderBy('sequence')
        .execute();
      return rows.map((row) => parseTrial(row.record, path));
    },
    findSamples: async (trialId) => {
      const row = await db
        .selectFrom('samples')
        .select('latencies')
        .where('trial_id', '=', trialId)
        .executeTakeFirst();
      return row === undefined ? null : unpackSamples(row.latencies);
    },
    saveBench: (record, samples) => saveBench(db, record, samples),
    findBench: async (id) => {
      const row = await db
        .selectFrom('benches')
        .select('record')
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? null : parseBench(row.record, path);
    },
    listBenches: async () => {
      const rows = await db
        .selectFrom('benches')
        .select('record')
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map((row) => parseBench(row.record, path));
    },
    claimRun: (id, owner) => claimRun(db, files, { id, owner }),
    releaseRun: async (id) => {
      await db.deleteFrom('owners').where('run_id', '=', id).execute();
    },
    close: () => db.destroy(),
  };
}

async function addTrial(
  db: Kysely<Tables>,
  record: TrialRecord,
  latenciesMs: Float64Array | null,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('trials')
      .values({
        id: record.id,
        run_id: record.runId,
        sequence: record.sequence,
        record: JSON.stringify(record),
      })
      .execute();
    if (latenciesMs === null) return;
    await transaction
      .insertInto('samples')
      .values({ trial_id: record.id, latencies: packSamples(latenciesMs) })
      .execute();
  });
}

async function saveBench(
  db: Kysely<Tables>,
  record: BenchRecord,
  samples: readonly (Float64Array | null)[],
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('benches')
      .values({ id: record.id, created_at: record.createdAt, record: JSON.stringify(record) })
      .execute();
    for (const [index, latenciesMs] of samples.entries()) {
      const trial = record.trials[index];
      if (trial === undefined || latenciesMs === null) continue;
      await transaction
        .insertInto('samples')
        .values({ trial_id: trial.id, latencies: packSamples(latenciesMs) })
        .execute();
    }
  });
}

async function claimRun(
  db: Kysely<Tables>,
  files: SystemFiles,
  claim: { readonly id: string; readonly owner: RunOwner },
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    // A write first: it takes the lock, so that two claims cannot both read "free".
    const own = JSON.stringify(claim.owner);
    const inserted = await transaction
      .insertInto('owners')
      .values({ run_id: claim.id, owner: own })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (inserted.numInsertedOrUpdatedRows === 1n) return true;
    const held = await transaction
      .selectFrom('owners')
      .select('owner')
      .where('run_id', '=', claim.id)
      .executeTakeFirstOrThrow();
    if (held.owner !== own && isAlive(JSON.parse(held.owner) as RunOwner, files)) return false;
    await transaction
      .updateTable('owners')
      .set({ owner: own })
      .where('run_id', '=', claim.id)
      .execute();
    return true;
  });
}

/** float32 keeps 7 digits of a latency: far below the clock's own noise, at half the size. */
function packSamples(latenciesMs: Float64Array): Uint8Array {
  const values = Float32Array.from(latenciesMs);
  return deflateRawSync(new Uint8Array(values.buffer), { level: 6 });
}

function unpackSamples(packed: Uint8Array): Float64Array {
  const bytes = inflateRawSync(packed);
  return Float64Array.from(
    new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
  );
}

function parseRun(text: string, path: string): RunRecord {
  return parseAs(JSON.parse(text), runRecordSchema, `the store ${path} holds a wrong run`);
}

function parseBench(text: string, path: string): BenchRecord {
  return parseAs(JSON.parse(text), benchRecordSchema, `the store ${path} holds a wrong bench`);
}

function parseTrial(text: string, path: string): TrialRecord {
  return parseAs(JSON.parse(text), trialRecordSchema, `the store ${path} holds a wrong trial`);
}
