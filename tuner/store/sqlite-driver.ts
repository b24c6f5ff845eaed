import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { UserError } from '../../engine/base/errors.ts';

/**
 * The only file that touches node:sqlite: a database as Kysely's SQLite dialect
 * wants it, and SQLite's failures in words.
 */
export function openSqlite(path: string): SqliteDatabase {
  const database = inWords(path, () => {
    const opened = new DatabaseSync(path, { timeout: 5000 });
    try {
      // The rollback journal can be read from a read-only folder; every commit
      // reaches the disk, and a trial a second does not notice.
      opened.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;');
      opened.exec('PRAGMA foreign_keys = ON;');
    } catch (thrown) {
      opened.close();
      throw thrown;
    }
    return opened;
  });
  return {
    close: () => database.close(),
    prepare: (sql) => {
      // A full disk ends the transaction by itself; rolling back then would fail
      // and hide why.
      const isDone = /^rollback$/i.test(sql) && !database.isTransaction;
      return toKysely(
        path,
        inWords(path, () => database.prepare(isDone ? 'SELECT 1' : sql)),
      );
    },
  };
}

function toKysely(path: string, statement: StatementSync): SqliteStatement {
  const values = (parameters: readonly unknown[]): SQLInputValue[] => [
    ...(parameters as readonly SQLInputValue[]),
  ];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => inWords(path, () => statement.all(...values(parameters))),
    run: (parameters) => inWords(path, () => statement.run(...values(parameters))),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}

function inWords<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const failure = FAILURES.get(primaryCode(thrown));
    if (failure === undefined) throw thrown;
    throw new UserError(`the store ${path} ${failure.what}`, {
      remedy: failure.remedy,
      cause: thrown,
    });
  }
}

/** SQLite's primary result code: the low byte of the extended one. */
function primaryCode(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return 0;
  return Number(thrown.errcode) & 0xff;
}

const ELSEWHERE = 'choose another folder with --store';

/** By result code: https://www.sqlite.org/rescode.html. */
const FAILURES: ReadonlyMap<number, { readonly what: string; readonly remedy: string }> = new Map([
  [5, { what: 'is locked by another process', remedy: 'try again when that one is done' }],
  [8, { what: 'is read-only', remedy: `make it writable, or ${ELSEWHERE}` }],
  [10, { what: 'cannot be read or written: the disk failed', remedy: ELSEWHERE }],
  [11, { what: 'is damaged', remedy: `move it away, or ${ELSEWHERE}` }],
  [13, { what: 'cannot grow: the disk is full', remedy: `free some space, or ${ELSEWHERE}` }],
  [14, { what: 'cannot be opened or created', remedy: ELSEWHERE }],
  [26, { what: 'is not an SQLite database', remedy: `move it away, or ${ELSEWHERE}` }],
]);
