import type { DatabaseSync } from 'node:sqlite';
import { changeKey, readChange, type HealthChange } from '../../routing/health/change.ts';

/** The last change of each thing, in a database that several processes have open. */
export interface ChangeTable {
  /** Writes changes, all or none, but for those that are no later than what is there. Drops what happened before a time, in milliseconds since 1970. */
  write(changes: readonly HealthChange[], oldestAt: number): void;
  /** What has been written since the last call. */
  news(): HealthChange[];
}

/**
 * Every write takes the next number, so what is new has a higher one than all that was read; SQLite admits one writer at a time, so none appears later with a lower one.
 * The table's name has the version of its form: another release beside this one has a table of its own.
 */
export function createChangeTable(database: DatabaseSync): ChangeTable {
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS health_changes_1 (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT NOT NULL UNIQUE,
      at REAL NOT NULL,
      by TEXT NOT NULL,
      change TEXT NOT NULL
    ) STRICT`);
  const insert = database.prepare(`INSERT OR REPLACE INTO health_changes_1 (key, at, by, change) SELECT ?1, ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM health_changes_1 WHERE key = ?1 AND (at > ?2 OR (at = ?2 AND by >= ?3)))`);
  const remove = database.prepare('DELETE FROM health_changes_1 WHERE at < ?');
  const select = database.prepare('SELECT number, change FROM health_changes_1 WHERE number > ? ORDER BY number');
  const selectVersion = database.prepare('PRAGMA data_version');
  let lastNumber = 0;
  let lastVersion: unknown;

  return {
    write(changes, oldestAt) {
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const change of changes) insert.run(changeKey(change), change.at, change.by, JSON.stringify(change));
        remove.run(oldestAt);
        database.exec('COMMIT');
      } catch (error) {
        // SQLite has rolled back by itself after the graver errors.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    news() {
      // It changes with the commits of others, and asking for it costs next to nothing (https://www.sqlite.org/pragma.html#pragma_data_version).
      const version = selectVersion.get()?.['data_version'];
      if (version === lastVersion) return [];
      const rows = select.all(lastNumber);
      lastVersion = version;
      lastNumber = Number(rows.at(-1)?.['number'] ?? lastNumber);
      return rows.flatMap((row) => readChange(String(row['change'])) ?? []);
    },
  };
}
