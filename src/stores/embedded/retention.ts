import type { DatabaseSync } from 'node:sqlite';
import { quarterMs } from './sum-table.ts';

/** Removes entries that are old. Within a transaction only; times are milliseconds since 1970. */
export interface Retention {
  /** Removes some of the entries that began before a time, and says whether there are more. Those of budgets whose period still runs stay. */
  remove(before: number, now: number): boolean;
  /** The time from which on all entries are kept. */
  keptSince(): number;
}

/** Prepares the statements on a migrated database. */
export function createRetention(database: DatabaseSync): Retention {
  const selectFirstStart = database.prepare(`SELECT min(starts) AS start FROM quotas WHERE kind = 'budget' AND ends > ?`);
  const selectKept = database.prepare('SELECT at FROM kept_since');
  const setKept = database.prepare('UPDATE kept_since SET at = max(at, ?)');
  const removeEntries = database.prepare(
    `DELETE FROM entries WHERE number IN (SELECT number FROM entries WHERE started_at < ? ORDER BY started_at LIMIT ${removeAtOnce})`,
  );
  const removeSums = database.prepare(`DELETE FROM sums WHERE (quarter, owner, served, provider) IN
    (SELECT quarter, owner, served, provider FROM sums WHERE quarter < ? ORDER BY quarter LIMIT ${removeAtOnce})`);
  return {
    remove(before, now) {
      const firstStart = selectFirstStart.get(now)?.['start'] ?? Infinity;
      // Sums go by whole quarters, and tell the same as entries.
      const quarter = Math.floor(Math.min(before, Number(firstStart)) / quarterMs);
      if (quarter <= 0) return false;
      const isMore = [removeEntries.run(quarter * quarterMs).changes, removeSums.run(quarter).changes].includes(removeAtOnce);
      if (keptSince() < quarter * quarterMs) setKept.run(quarter * quarterMs);
      return isMore;
    },
    keptSince,
  };

  function keptSince(): number {
    return Number(selectKept.get()?.['at']);
  }
}

/** A few milliseconds' work. */
const removeAtOnce = 200;
