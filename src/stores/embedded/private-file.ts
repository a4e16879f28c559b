import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Opens a database file, creating it and its folder where absent, readable by its owner only; SQLite gives its side files the same permissions.
 * An existing file is never opened by other means than SQLite: closing it would drop SQLite's locks.
 */
export function openPrivateDatabase(path: string, timeoutMs: number): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return new DatabaseSync(path, { timeout: timeoutMs });
}
