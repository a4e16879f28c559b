import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LedgerEntry } from '../entry.ts';
import type { BudgetQuota, EntryFilter } from '../quota.ts';
import { amountOf, conditionOf } from './entry-filter.ts';

/** What entries add up to by quarters of an hour, for each tenant, each key and all, by model and provider: so that a new budget need not read millions of entries. Within a transaction only. */
export interface SumTable {
  /** Adds entries that are new. */
  add(entries: readonly LedgerEntry[]): void;
  /** What the entries of a budget's period add up to, in its unit. */
  total(budget: Pick<BudgetQuota, 'counts' | 'unit' | 'from' | 'to'>): bigint;
}

/** Time zones differ by whole quarters of an hour, so days begin and end with one. In milliseconds. */
export const quarterMs = 900_000;

/** Prepares the statements on a migrated database. */
export function createSumTable(database: DatabaseSync): SumTable {
  const upsert = database.prepare(`INSERT INTO sums (quarter, owner, served, provider, cost_nanos, tokens) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET cost_nanos = cost_nanos + excluded.cost_nanos, tokens = tokens + excluded.tokens`);
  const selectSpan = database.prepare('SELECT (SELECT min(quarter) FROM sums) AS first, (SELECT max(quarter) FROM sums) AS last');

  /** By their text, of which there are few. */
  const statements = new Map<string, StatementSync>();

  function read(sql: string, ...values: (string | number)[]): bigint {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statement.setReadBigInts(true);
      statements.set(sql, statement);
    }
    return BigInt(String(statement.get(...values)?.['total']));
  }

  function fromEntries({ counts, unit, from, to }: Parameters<SumTable['total']>[0]): bigint {
    if (from >= to) return 0n;
    const { sql, values } = conditionOf(counts);
    const amount = unit === 'nanos' ? 'cost_nanos' : 'input_tokens + output_tokens';
    return read(`SELECT coalesce(sum(${amount}), 0) AS total FROM entries WHERE started_at >= ? AND started_at < ? AND ${sql}`, from, to, ...values);
  }

  /** Looks into each quarter for the owner: what was written last lies together, which writes go by. */
  function fromSums(owner: string, { counts, unit }: Parameters<SumTable['total']>[0], first: number, end: number): bigint {
    const conditions = (['served', 'provider'] as const).filter((name) => counts[name] !== undefined);
    const span = selectSpan.get();
    if (span === undefined || span['first'] === null) return 0n;
    return read(
      `WITH RECURSIVE quarters (at) AS (SELECT ?1 WHERE ?1 < ?2 UNION ALL SELECT at + 1 FROM quarters WHERE at + 1 < ?2)
      SELECT coalesce(sum(${unit === 'nanos' ? 'cost_nanos' : 'tokens'}), 0) AS total FROM quarters CROSS JOIN sums
      ON quarter = at AND owner = ?3${conditions.map((name, index) => ` AND ${name} = ?${index + 4}`).join('')}`,
      Math.max(first, Number(span['first'])),
      Math.min(end, Number(span['last']) + 1),
      owner,
      ...conditions.map((name) => counts[name] ?? ''),
    );
  }

  return {
    add(entries) {
      for (const { quarter, owner, served, provider, nanos, tokens } of sumsOf(entries)) upsert.run(quarter, owner, served, provider, nanos, tokens);
    },
    total(budget) {
      const { counts, from, to } = budget;
      const owner = ownerOf(counts);
      const [first, end] = [Math.ceil(from / quarterMs), Math.floor(to / quarterMs)];
      if (owner === undefined || first >= end) return fromEntries(budget);
      const edges = fromEntries({ ...budget, to: first * quarterMs }) + fromEntries({ ...budget, from: end * quarterMs });
      return edges + fromSums(owner, budget, first, end);
    },
  };
}

/** Whose sums a filter asks for; undefined where there are none for it, such as for users, who are too many. */
function ownerOf({ tenant, key, user }: EntryFilter): string | undefined {
  if (user !== undefined || (tenant !== undefined && key !== undefined)) return undefined;
  if (tenant !== undefined) return tenantOwner(tenant);
  return key === undefined ? everybody : keyOwner(key);
}

const everybody = '';
const tenantOwner = (name: string): string => `t${name}`;
const keyOwner = (id: string): string => `k${id}`;

interface Sum {
  quarter: number;
  owner: string;
  served: string;
  provider: string;
  nanos: bigint;
  tokens: bigint;
}

/** Adds up first, so that a batch touches each row once. */
function sumsOf(entries: readonly LedgerEntry[]): Iterable<Sum> {
  const sums = new Map<string, Sum>();
  for (const entry of entries) {
    const { served, provider } = entry;
    const quarter = Math.floor(entry.startedAt / quarterMs);
    const [nanos, tokens] = [BigInt(amountOf(entry, 'nanos')), BigInt(amountOf(entry, 'tokens'))];
    for (const owner of [everybody, keyOwner(entry.key), ...entry.tenants.map(tenantOwner)]) {
      const id = `${quarter} ${owner.length} ${served.length} ${owner}${served}${provider}`;
      const sum = sums.get(id);
      if (sum === undefined) {
        sums.set(id, { quarter, owner, served, provider, nanos, tokens });
      } else {
        sum.nanos += nanos;
        sum.tokens += tokens;
      }
    }
  }
  return sums.values();
}
