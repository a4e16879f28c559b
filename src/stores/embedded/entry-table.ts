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
    `INSERT INTO entries (${columns.join(', ')}) VALUES (${columns.map((column) => `:${column}`).join(', ')}) ON CONFLICT (id) DO NOTHING`,
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
        for (const one of booked) {
          const isNew = Number(insert.run(rowOf(one)).changes) === 1;
          if (isNew) add.run(one.period, one.entry.tenant, one.entry.costNanos);
        }
        database.exec('COMMIT');
      } catch (error) {
        // SQLite has rolled back by itself after the graver errors.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}

const columns = [
  'id',
  'period',
  'tenant',
  'key',
  'exchange',
  'protocol',
  'model',
  'deployment',
  'provider_model',
  'input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'cost_nanos',
  'estimated',
  'unpriced',
  'ended',
  'status',
  'attempts',
  'started_at',
] as const;

const rowOf = ({ id, period, entry }: BookedEntry): Record<(typeof columns)[number], string | number> => ({
  id,
  period,
  tenant: entry.tenant,
  key: entry.key,
  exchange: entry.exchange,
  protocol: entry.protocol,
  model: entry.model,
  deployment: entry.deployment,
  provider_model: entry.providerModel,
  input_tokens: entry.usage.inputTokens,
  cache_read_tokens: entry.usage.cacheReadTokens,
  cache_write_tokens: entry.usage.cacheWriteTokens,
  output_tokens: entry.usage.outputTokens,
  reasoning_tokens: entry.usage.reasoningTokens,
  cost_nanos: entry.costNanos,
  estimated: Number(entry.estimated),
  unpriced: Number(entry.unpriced),
  ended: entry.end,
  status: entry.status,
  attempts: entry.attempts,
  started_at: entry.startedAt,
});
