import type { DatabaseSync } from 'node:sqlite';

/** What has been done once, in the database. Within a transaction only. Times are milliseconds since 1970. */
export interface FirstTable {
  /** True for the first who asks of a name, until a time. */
  take(name: string, untilMs: number, now: number): boolean;
  /** Forgets those whose time is over. */
  clean(now: number): void;
}

/** Prepares the statements on a migrated database. */
export function createFirstTable(database: DatabaseSync): FirstTable {
  const insert = database.prepare(`INSERT INTO firsts (name, until_ms) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms WHERE until_ms <= ?`);
  const remove = database.prepare('DELETE FROM firsts WHERE until_ms <= ?');
  return {
    take: (name, untilMs, now) => insert.run(name, Math.floor(untilMs), now).changes === 1,
    clean(now) {
      remove.run(now);
    },
  };
}
