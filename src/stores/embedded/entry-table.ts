import type { DatabaseSync } from 'node:sqlite';
import type { LedgerEntry } from '../entry.ts';
import type { EntryFilter } from '../quota.ts';
import { columns, toEntry } from './entry-columns.ts';
import { conditionOf } from './entry-filter.ts';

/** Where a page of entries ended. */
export interface Place {
  startedAt: number;
  number: number;
}

/** Which entries to read: those of a span of time (milliseconds since 1970, from inclusive, to exclusive), and of a filter, up to one of a number. */
export interface Selection {
  from: number;
  to: number;
  filter: EntryFilter;
  lastNumber: number;
}

/** Entries in the database. Within a transaction only. */
export interface EntryTable {
  /** Writes those that are not there yet, and returns them. */
  append(entries: readonly LedgerEntry[]): LedgerEntry[];
  /** The next entries by the time they began, at most `pageSize`, and where they end; undefined where there are no more. */
  page(selection: Selection, after: Place | undefined): { entries: LedgerEntry[]; end: Place } | undefined;
  /** The number of the last entry that was written; 0 for none. */
  lastNumber(): number;
}

/** Entries that are read at a time: about 5 ms. */
const pageSize = 500;

/** Prepares the statements on a migrated database. */
export function createEntryTable(database: DatabaseSync): EntryTable {
  const names = columns.map(([name]) => name).join(', ');
  const insert = database.prepare(`INSERT INTO entries (${names}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING`);
  const selectLast = database.prepare('SELECT coalesce(max(number), 0) AS number FROM entries');
  return {
    append: (entries) => entries.filter((entry) => insert.run(...columns.map(([, value]) => value(entry))).changes === 1),
    page({ from, to, filter, lastNumber }, after) {
      const { sql, values } = conditionOf(filter);
      const rows = database
        .prepare(
          `SELECT number, ${names} FROM entries WHERE (started_at, number) > (?, ?) AND started_at < ? AND number <= ? AND ${sql}
          ORDER BY started_at, number LIMIT ${pageSize}`,
        )
        .all(after?.startedAt ?? from, after?.number ?? -1, to, lastNumber, ...values);
      const last = rows.at(-1);
      if (last === undefined) return undefined;
      return { entries: rows.map(toEntry), end: { startedAt: Number(last['started_at']), number: Number(last['number']) } };
    },
    lastNumber: () => Number(selectLast.get()?.['number']),
  };
}
