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
  `ALTER TABLE entries RENAME TO entries_2;
  CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    exchange TEXT NOT NULL,
    kind TEXT NOT NULL,
    tenants TEXT NOT NULL,
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    protocol TEXT NOT NULL,
    model TEXT NOT NULL,
    served TEXT NOT NULL,
    route TEXT NOT NULL,
    provider TEXT NOT NULL,
    deployment TEXT NOT NULL,
    provider_model TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    input_audio_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    output_audio_tokens INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    price_version TEXT NOT NULL,
    estimated INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    cache TEXT NOT NULL,
    ended TEXT NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    step TEXT NOT NULL,
    experiments TEXT NOT NULL,
    labels TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO entries SELECT
    id, 'old-' || id, exchange, 'exchange', json_array(tenant), '', key, protocol, model, model, '',
    CASE instr(deployment, '/') WHEN 0 THEN deployment ELSE substr(deployment, 1, instr(deployment, '/') - 1) END, deployment, provider_model, attempts,
    input_tokens, cache_read_tokens, cache_write_tokens, 0, output_tokens, reasoning_tokens, 0,
    cost_nanos, '', estimated, unpriced, 'none', ended, status, '', '',
    CASE experiments WHEN '' THEN '[]' ELSE '[' || replace(json_quote(experiments), ',', '","') || ']' END, '{}', started_at, started_at
    FROM entries_2 ORDER BY id;
  DROP TABLE entries_2;
  DROP TABLE totals;
  CREATE INDEX entries_by_start ON entries (started_at);
  CREATE INDEX entries_by_user ON entries (user, started_at) WHERE user <> '';
  CREATE TABLE kept_since (at INTEGER NOT NULL) STRICT;
  INSERT INTO kept_since VALUES (0);
  CREATE TABLE sums (
    quarter INTEGER NOT NULL,
    owner TEXT NOT NULL,
    served TEXT NOT NULL,
    provider TEXT NOT NULL,
    cost_nanos INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (quarter, owner, served, provider)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO sums SELECT started_at / 900000, owner, served, provider, sum(cost_nanos), sum(input_tokens + output_tokens)
    FROM (SELECT '' AS owner, * FROM entries UNION ALL SELECT 't' || (tenants ->> 0), * FROM entries UNION ALL SELECT 'k' || key, * FROM entries)
    GROUP BY 1, 2, 3, 4;
  CREATE TABLE quotas (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    "limit" TEXT NOT NULL,
    unit TEXT NOT NULL,
    counts TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    extra INTEGER NOT NULL,
    refill_ms INTEGER NOT NULL,
    level TEXT NOT NULL,
    filled_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (
    quota TEXT NOT NULL,
    holder TEXT NOT NULL,
    amount INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    refused_at INTEGER NOT NULL,
    PRIMARY KEY (quota, holder)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX leases_by_holder ON leases (holder);
  CREATE TABLE holders (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    was_forgotten INTEGER NOT NULL,
    granted TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL UNIQUE,
    key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE key_hashes (
    hash TEXT PRIMARY KEY,
    key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX key_hashes_by_key ON key_hashes (key);
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_time ON audit (at);
  CREATE TABLE firsts (
    name TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE entries ADD COLUMN cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE entries ADD COLUMN service_tier TEXT NOT NULL DEFAULT '';`,
  `CREATE TABLE spent_notes (number INTEGER PRIMARY KEY, spent TEXT NOT NULL) STRICT;
  CREATE TABLE budget_version (number INTEGER NOT NULL) STRICT;
  INSERT INTO budget_version VALUES (0);`,
];
