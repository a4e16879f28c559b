import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../ledger.ts';
import { migrations } from './migrations.ts';

/** Marks a SQLite file as ours: "Rmra" in ASCII. */
const applicationId = 0x526d7261;
/** How long another process is waited for at start: one that is just ending lets go within it. */
const openTimeoutMs = 1000;

/** SQLite's primary result codes that we explain (https://www.sqlite.org/rescode.html). */
const sqlite = { busy: 5, corrupt: 11, notADatabase: 26 } as const;

/** An open store file, brought to the present schema, and the lock that keeps other gateways away from it. */
export interface OpenFile {
  database: DatabaseSync;
  close(): void;
}

/**
 * Opens the store file, creating it and its folder where absent, readable by its owner only. Throws StoreError.
 * A second gateway on the file would count spend on its own and overspend, so a lock beside the file admits one; it goes with the process, however that ends. Reading with other tools stays possible.
 */
export function openStoreFile(path: string): OpenFile {
  let lock: DatabaseSync | undefined;
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    lock = openPrivate(`${path}-lock`);
    lock.exec('BEGIN IMMEDIATE');
    database = openPrivate(path);
    migrate(database, path);
    // With NORMAL a killed process loses nothing that was written; a power cut may lose what came after the last checkpoint, never the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0');
  } catch (error) {
    database?.close();
    lock?.close();
    throw error instanceof StoreError ? error : explain(path, error);
  }
  const opened = { lock, database };
  return {
    database,
    close() {
      opened.database.close();
      opened.lock.close();
    },
  };
}

/** SQLite gives its side files the permissions of the file they belong to. An existing file is never opened by other means than SQLite: closing it would drop SQLite's locks. */
function openPrivate(path: string): DatabaseSync {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return new DatabaseSync(path, { timeout: openTimeoutMs });
}

function migrate(database: DatabaseSync, path: string): void {
  const version = readNumber(database, 'PRAGMA user_version');
  const isEmpty = readNumber(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isEmpty && readNumber(database, 'PRAGMA application_id') !== applicationId) {
    throw new StoreError(`${path} is a database of another program. ${choosePath}`);
  }
  if (version > migrations.length) {
    const known = `this release knows versions up to ${migrations.length}`;
    throw new StoreError(`${path} has schema version ${version}, ${known}. Start the newer release that wrote it. ${choosePath}`);
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

function readNumber(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}

const choosePath = 'Otherwise choose another path for the store in the config.';

function explain(path: string, error: unknown): StoreError {
  switch (primaryCode(error)) {
    case sqlite.busy:
      return new StoreError(`${path} is in use by another process, and only one gateway may write it. Stop that process. ${choosePath}`, error);
    case sqlite.notADatabase:
      return new StoreError(`${path} is not a SQLite database. Move the file away. ${choosePath}`, error);
    case sqlite.corrupt:
      return new StoreError(`${path} is damaged. Put a backup in its place. ${choosePath}`, error);
    default: {
      const reason = error instanceof Error ? error.message : String(error);
      return new StoreError(
        `${path} cannot be opened as the store (${reason}). Make its folder writable and see that the disk has room. ${choosePath}`,
        error,
      );
    }
  }
}

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
