/**
 * How the file came to its present form: the first entry makes version 1 of an empty file, each further one the next version.
 * An entry that has been released is never changed.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    period TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    exchange TEXT NOT NULL,
    protocol TEXT NOT NULL,
    model TEXT NOT NULL,
    deployment TEXT NOT NULL,
    provider_model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    ended TEXT NOT NULL,
    status INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    started_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE totals (
    period TEXT NOT NULL,
    tenant TEXT NOT NULL,
    cost_nanos INTEGER NOT NULL,
    PRIMARY KEY (period, tenant)
  ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE entries ADD COLUMN experiments TEXT NOT NULL DEFAULT '';`,
];
