import type { DatabaseSync } from 'node:sqlite';
import type { LedgerEntry } from '../ledger.ts';

/** An entry as it is kept: under the number that this ledger gave it, and in the period it was booked in. */
export interface BookedEntry {
  id: number;
  period: string;
  entry: LedgerEntry;
}

/** Entries and their totals in the database. */
export interface EntryTable {
  /** The highest id ever written; 0 for none. */
  lastId(): number;
  /** What each tenant's entries of a period add up to, in nano-dollars. */
  totals(period: string): Map<string, bigint>;
  /** Writes entries and adds them to the totals, all or none. An entry that is already there is not added again. */
  append(booked: readonly BookedEntry[]): void;
}

/** Prepares the statements on a migrated database. */
export function createEntryTable(database: DatabaseSync): EntryTable {
  const selectLastId = database.prepare('SELECT coalesce(max(id), 0) AS id FROM entries');
  const selectTotals = database.prepare('SELECT tenant, cost_nanos FROM totals WHERE period = ?');
  selectTotals.setReadBigInts(true);
  const insert = database.prepare(
    `INSERT INTO entries (${columns.map(([name]) => name).join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING`,
  );
  const add = database.prepare(
    `INSERT INTO totals (period, tenant, cost_nanos) VALUES (?, ?, ?)
    ON CONFLICT (period, tenant) DO UPDATE SET cost_nanos = cost_nanos + excluded.cost_nanos`,
  );
  return {
    lastId: () => Number(selectLastId.get()?.['id']),
    totals: (period) => new Map(selectTotals.all(period).map((row) => [String(row['tenant']), BigInt(String(row['cost_nanos']))])),
    append(booked) {
      database.exec('BEGIN IMMEDIATE');
      try {
        const sums = createSums();
        for (const one of booked) if (Number(insert.run(...columns.map(([, value]) => value(one))).changes) === 1) sums.add(one);
        for (const { period, tenant, nanos } of sums.all()) add.run(period, tenant, nanos);
        database.exec('COMMIT');
      } catch (error) {
        // SQLite has rolled back by itself after the graver errors.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}

/** The columns of `entries`, and where each has its value from: by position, which SQLite binds faster than by name. */
const columns: readonly (readonly [name: string, value: (booked: BookedEntry) => string | number])[] = [
  ['id', ({ id }) => id],
  ['period', ({ period }) => period],
  ['tenant', ({ entry }) => entry.tenant],
  ['key', ({ entry }) => entry.key],
  ['exchange', ({ entry }) => entry.exchange],
  ['protocol', ({ entry }) => entry.protocol],
  ['model', ({ entry }) => entry.model],
  ['deployment', ({ entry }) => entry.deployment],
  ['provider_model', ({ entry }) => entry.providerModel],
  ['input_tokens', ({ entry }) => entry.usage.inputTokens],
  ['cache_read_tokens', ({ entry }) => entry.usage.cacheReadTokens],
  ['cache_write_tokens', ({ entry }) => entry.usage.cacheWriteTokens],
  ['output_tokens', ({ entry }) => entry.usage.outputTokens],
  ['reasoning_tokens', ({ entry }) => entry.usage.reasoningTokens],
  ['cost_nanos', ({ entry }) => entry.costNanos],
  ['estimated', ({ entry }) => Number(entry.estimated)],
  ['unpriced', ({ entry }) => Number(entry.unpriced)],
  ['ended', ({ entry }) => entry.end],
  ['status', ({ entry }) => entry.status],
  ['attempts', ({ entry }) => entry.attempts],
  ['experiments', ({ entry }) => entry.experiments.join(',')],
  ['started_at', ({ entry }) => entry.startedAt],
];

/** Sums by period and tenant, so that a batch touches each total once. */
function createSums() {
  const sums = new Map<string, { period: string; tenant: string; nanos: bigint }>();
  return {
    add({ period, entry: { tenant, costNanos } }: BookedEntry): void {
      const key = JSON.stringify([period, tenant]);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { period, tenant, nanos: BigInt(costNanos) });
      else sum.nanos += BigInt(costNanos);
    },
    all: () => sums.values(),
  };
}
