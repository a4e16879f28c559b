import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';
import { cannotOpen, choosePath, isBusy } from './failure.ts';
import { migrations } from './migrations.ts';
import { openPrivateDatabase } from './private-file.ts';

/** Marks a SQLite file as ours: "Rmra" in ASCII. */
const applicationId = 0x526d7261;
/** How long another process is waited for at start, in milliseconds: it may be bringing a large file to the present schema. */
const openTimeoutMs = 30_000;
/** The last version whose gateways kept others away with a lock file, and knew of no leases. */
const lastLockedVersion = 2;

/**
 * Opens the store file, creating it and its folder where absent, readable by its owner only, and brings it to the present schema. Throws StoreError.
 * Any number of processes of one machine may have it open. It never waits for them from then on: what it is asked while another one writes fails as busy.
 */
export function openStoreFile(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = openPrivateDatabase(path, openTimeoutMs);
    checkFile(database, path);
    useWriteAheadLog(database);
    migrate(database, path);
    // With NORMAL a killed process loses nothing that was written; a power cut may lose what came after the last checkpoint, never the file.
    database.exec('PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0');
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof StoreError ? error : cannotOpen(path, error);
  }
}

/** Throws StoreError where the file is not ours, or of a later release; returns its version. */
function checkFile(database: DatabaseSync, path: string): number {
  const version = readNumber(database, 'PRAGMA user_version');
  const isEmpty = readNumber(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isEmpty && readNumber(database, 'PRAGMA application_id') !== applicationId) {
    throw new StoreError(`${path} is a database of another program. ${choosePath}`);
  }
  if (version > migrations.length) {
    const known = `this release knows versions up to ${migrations.length}`;
    throw new StoreError(`${path} has schema version ${version}, ${known}. Start the newer release that wrote it. ${choosePath}`);
  }
  return version;
}

/** Of processes that turn a new file over at once, SQLite makes all but one fail without waiting; then it is done. */
function useWriteAheadLog(database: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === maxAttempts) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, attemptDelayMs);
    }
  }
}

const maxAttempts = 100;
const attemptDelayMs = 10;

/** All steps are one transaction: of processes that come at once, one takes them, and the others find them taken. */
function migrate(database: DatabaseSync, path: string): void {
  if (checkFile(database, path) === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  const version = checkFile(database, path);
  const lock = version > 0 && version <= lastLockedVersion ? takeOldLock(path) : undefined;
  try {
    for (const [index, sql] of migrations.entries()) if (index >= version) database.exec(sql);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
    if (lock !== undefined) rmSync(`${path}-lock`, { force: true });
  } finally {
    lock?.close();
  }
}

/** A gateway of an earlier release holds a lock beside the file while it runs. It would not understand the file any more. */
function takeOldLock(path: string): DatabaseSync | undefined {
  if (!existsSync(`${path}-lock`)) return undefined;
  const lock = new DatabaseSync(`${path}-lock`, { timeout: oldLockTimeoutMs });
  try {
    lock.exec('BEGIN IMMEDIATE');
    return lock;
  } catch (error) {
    lock.close();
    throw new StoreError(`${path} is in use by a gateway of an earlier release. Stop that gateway first. ${choosePath}`, error);
  }
}

/** One that is just ending lets go within it. */
const oldLockTimeoutMs = 1000;

function readNumber(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}
