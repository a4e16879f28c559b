import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { BudgetQuota, EntryFilter, Quota } from '../quota.ts';
import type { BudgetStanding } from '../store.ts';
import { fullBucket, type Bucket } from './bucket.ts';

/** How a quota stands, but for what is leased of it. */
export interface QuotaRecord {
  /** As the last one had it who used it. */
  limit: bigint;
  /** Budgets: spent in the period; else 0. */
  spent: bigint;
  /** Budgets: what an admin added; else 0. */
  extra: bigint;
  /** Of rates; an empty one of no size for others. */
  bucket: Bucket;
}

/** A budget as admins see it, but for what is leased of it. */
export type KnownBudget = Omit<BudgetStanding, 'leased' | 'dead' | 'left'>;

/** The quotas that are known. Within a transaction only. */
export interface QuotaTable {
  get(id: string): QuotaRecord | undefined;
  add(quota: Quota, record: QuotaRecord): void;
  /** Writes what has changed of one that is known. */
  update(quota: Quota, before: QuotaRecord, after: QuotaRecord): void;
  /** The budgets that are in their period, by id. */
  budgets(now: number): KnownBudget[];
  /** Adds to what may be spent of a budget; false where there is no such budget. */
  addExtra(id: string, amount: bigint): boolean;
  /** Adds to what a quota has spent; false where it is not known. */
  addSpent(id: string, amount: number): boolean;
  /** Raises what a budget has spent, where it is less; false where it is not. */
  raiseSpent(id: string, spent: bigint): boolean;
  isBudget(id: string): boolean;
  /** See `SyncReply`. */
  budgetVersion(): number;
  /** What was said of budgets may not hold any more. */
  changeVersion(): void;
  /** Puts units back into the bucket of a rate; nothing where the quota is none. */
  pourBack(id: string, units: bigint): void;
  /** Forgets some quotas that are as they would be if nobody had ever used them, or whose period is long over. */
  clean(now: number): void;
}

/** Prepares the statements on a migrated database. */
export function createQuotaTable(database: DatabaseSync): QuotaTable {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  };
  const select = prepare('SELECT "limit", spent, extra, refill_ms, level, filled_at FROM quotas WHERE id = ?');
  const insert = database.prepare(`INSERT INTO quotas (id, kind, "limit", unit, counts, starts, ends, spent, extra, refill_ms, level, filled_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const setLimit = database.prepare('UPDATE quotas SET "limit" = ? WHERE id = ?');
  const setSpent = database.prepare('UPDATE quotas SET spent = ? WHERE id = ?');
  const setBucket = database.prepare('UPDATE quotas SET refill_ms = ?, level = ?, filled_at = ? WHERE id = ?');
  const selectBudgets = prepare(
    `SELECT id, "limit", unit, counts, starts, ends, spent, extra FROM quotas WHERE kind = 'budget' AND starts <= ?1 AND ends > ?1 ORDER BY id`,
  );
  const addExtra = database.prepare(`UPDATE quotas SET extra = extra + ? WHERE id = ? AND kind = 'budget'`);
  const addSpent = database.prepare('UPDATE quotas SET spent = spent + ? WHERE id = ?');
  const raiseSpent = database.prepare(`UPDATE quotas SET spent = ? WHERE id = ? AND kind = 'budget' AND spent < ?`);
  const selectBudget = database.prepare(`SELECT 1 FROM quotas WHERE id = ? AND kind = 'budget'`);
  const selectVersion = database.prepare('SELECT number FROM budget_version');
  const changeVersion = database.prepare('UPDATE budget_version SET number = number + 1');
  const selectRate = prepare(`SELECT refill_ms, level, filled_at FROM quotas WHERE id = ? AND kind = 'rate'`);
  const setLevel = database.prepare('UPDATE quotas SET level = ? WHERE id = ?');
  const clean = cleaning(database);
  return {
    get(id) {
      const row = select.get(id);
      if (row === undefined) return undefined;
      return { limit: toBigInt(row['limit']), spent: toBigInt(row['spent']), extra: toBigInt(row['extra']), bucket: toBucket(row) };
    },
    add(quota, { spent, extra, bucket }) {
      const { unit, counts, from, to } = quota.kind === 'budget' ? quota : noBudget;
      const { refillMs, level, filledAt } = bucket;
      insert.run(quota.id, quota.kind, `${quota.limit}`, unit, JSON.stringify(counts), from, to, spent, extra, refillMs, `${level}`, filledAt);
    },
    update({ id, kind, limit }, before, { spent, bucket }) {
      if (limit !== before.limit) setLimit.run(`${limit}`, id);
      if (spent !== before.spent) setSpent.run(spent, id);
      if (kind === 'rate') setBucket.run(bucket.refillMs, `${bucket.level}`, bucket.filledAt, id);
    },
    budgets: (now) => selectBudgets.all(now).map(toBudget),
    addExtra: (id, amount) => addExtra.run(amount, id).changes === 1,
    addSpent: (id, amount) => addSpent.run(BigInt(amount), id).changes === 1,
    raiseSpent: (id, spent) => raiseSpent.run(spent, id, spent).changes === 1,
    budgetVersion: () => Number(selectVersion.get()?.['number']),
    changeVersion: () => void changeVersion.run(),
    isBudget: (id) => selectBudget.get(id) !== undefined,
    pourBack(id, units) {
      const row = selectRate.get(id);
      if (row === undefined) return;
      const { level, refillMs } = toBucket(row);
      setLevel.run(`${level + units * BigInt(refillMs)}`, id);
    },
    clean,
  };
}

/** What is not known yet: nothing spent, and a bucket that is full. */
export const newRecord = (quota: Quota, spent: bigint, now: number): QuotaRecord => ({
  limit: quota.limit,
  spent,
  extra: 0n,
  bucket: quota.kind === 'rate' ? fullBucket(quota.limit, refillMsOf(quota), now) : noBucket,
});

/** A rate's time in whole milliseconds, at least one. */
export const refillMsOf = (quota: Quota): number => (quota.kind === 'rate' ? Math.max(1, Math.round(quota.refillMs)) : 1);

const noBucket: Bucket = { level: 0n, filledAt: 0, refillMs: 1 };
const noBudget: Pick<BudgetQuota, 'unit' | 'counts' | 'from' | 'to'> = { unit: 'nanos', counts: {}, from: 0, to: 0 };

/** Statements that forget a few quotas at a time: buckets that are full, places that nobody holds, budgets whose period ended more than `keepBudgetMs` ago. */
function cleaning(database: DatabaseSync): (now: number) => void {
  const isFree = 'NOT EXISTS (SELECT 1 FROM leases WHERE quota = quotas.id)';
  const removeIdle = database.prepare(`DELETE FROM quotas WHERE id IN (SELECT id FROM quotas WHERE ${isFree}
    AND (kind = 'slots' OR (kind = 'rate' AND filled_at + refill_ms - CAST(level AS REAL) / max(CAST("limit" AS REAL), 1) < ?)) LIMIT ${cleanAtOnce})`);
  const overBudgets = `SELECT id FROM quotas WHERE kind = 'budget' AND ends < ? ORDER BY id LIMIT ${cleanAtOnce}`;
  const removeLeases = database.prepare(`DELETE FROM leases WHERE quota IN (${overBudgets})`);
  const removeOver = database.prepare(`DELETE FROM quotas WHERE id IN (${overBudgets})`);
  return (now) => {
    removeIdle.run(now);
    removeLeases.run(now - keepBudgetMs);
    removeOver.run(now - keepBudgetMs);
  };
}

const cleanAtOnce = 500;
/** Longer than clocks are wrong by: what an admin added to a budget is kept nowhere else. */
const keepBudgetMs = 35 * 86_400_000;

type Row = Record<string, SQLOutputValue>;

const toBigInt = (value: SQLOutputValue | undefined): bigint => (typeof value === 'bigint' ? value : BigInt(String(value)));

const toBucket = (row: Row): Bucket => ({ level: toBigInt(row['level']), filledAt: Number(row['filled_at']), refillMs: Number(row['refill_ms']) });

const toBudget = (row: Row): KnownBudget => ({
  id: String(row['id']),
  unit: row['unit'] === 'tokens' ? 'tokens' : 'nanos',
  limit: toBigInt(row['limit']),
  counts: JSON.parse(String(row['counts'])) as EntryFilter,
  from: Number(row['starts']),
  to: Number(row['ends']),
  spent: toBigInt(row['spent']),
  extra: toBigInt(row['extra']),
});
