import type { DatabaseSync } from 'node:sqlite';
import { deadAfterMs, type BudgetStanding, type BudgetStore, type KeyStore, type Store } from '../store.ts';
import { createAuditTable } from './audit-table.ts';
import { createEntryTable } from './entry-table.ts';
import { createFirstTable } from './first-table.ts';
import { createHolderTable } from './holder-table.ts';
import { createKeyTable, type KeyTable } from './key-table.ts';
import { createLeaseTable } from './lease-table.ts';
import { createLedgerReader } from './ledger-reader.ts';
import { leftOf } from './moves.ts';
import { openStoreFile } from './open.ts';
import { createQuotaTable, newRecord } from './quota-table.ts';
import { createRetention } from './retention.ts';
import { settleNotes, settleSomeNotes } from './settle-notes.ts';
import { createSpentNotes, sumOf, type SpentNotes } from './spent-notes.ts';
import { createSumTable } from './sum-table.ts';
import { applySync, type SyncTables } from './sync.ts';
import { createTransactions, type Transactions } from './transactions.ts';
import { createUpkeep } from './upkeep.ts';

export interface EmbeddedStoreOptions {
  /** Path of the SQLite file; it and its folder are created where absent. */
  path: string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** How long entries are kept, in milliseconds; undefined for ever. Those of budgets whose period still runs are kept in any case. */
  keepEntriesMs?: number | undefined;
}

/**
 * A store in one SQLite file, shared by the processes of one machine. Each call is a transaction on the file; nothing lives in memory only.
 * What a call was answered survives the process, however that ends; a power cut may take what came after SQLite's last checkpoint (about 1,000 pages of 4 KiB), never the file.
 * While another process writes, a call waits without holding up the event loop, at most some seconds. Throws StoreError where the file cannot be used.
 */
export function createEmbeddedStore({ path, now, keepEntriesMs }: EmbeddedStoreOptions): Store {
  const database = openStoreFile(path);
  const notes = createSpentNotes(database);
  const transactions = withNotes(createTransactions(database, path, notes.forget), notes);
  const tables = createTables(database, notes);
  const audit = createAuditTable(database);
  const firsts = createFirstTable(database);
  const retention = createRetention(database);
  const upkeep = createUpkeep(transactions, () => {
    const at = now();
    settleSomeNotes(tables, settleAtOnce);
    tables.quotas.clean(at);
    tables.holders.clean(at);
    firsts.clean(at);
    return keepEntriesMs !== undefined && retention.remove(at - keepEntriesMs, at);
  });
  let isClosed = false;

  return {
    sync: (request) => transactions.write(() => applySync(tables, request)),
    keys: keyStore(transactions, tables.keys),
    budgets: budgetStore(transactions, tables, now),
    ledger: createLedgerReader(transactions, { ...tables, retention }),
    audit: {
      append: (record) => transactions.write(() => audit.append(record)),
      list: (limit) => transactions.read(() => audit.list(limit)),
    },
    first: (name, untilMs) => transactions.write(() => firsts.take(name, untilMs, now())),
    async close() {
      if (isClosed) return;
      isClosed = true;
      upkeep.stop();
      transactions.close();
      database.close();
    },
  };
}

/** How many quotas are written in one step of the upkeep: a few milliseconds' work. */
const settleAtOnce = 500;

/** Each step sees what is noted, and what it notes is written with it. */
function withNotes(transactions: Transactions, notes: SpentNotes): Transactions {
  return {
    ...transactions,
    read: (step) =>
      transactions.read(() => {
        notes.refresh();
        return step();
      }),
    write: (step) =>
      transactions.write(() => {
        notes.refresh();
        const result = step();
        notes.write();
        return result;
      }),
  };
}

const createTables = (database: DatabaseSync, notes: SpentNotes): SyncTables => ({
  notes,
  holders: createHolderTable(database),
  quotas: createQuotaTable(database),
  leases: createLeaseTable(database),
  entries: createEntryTable(database),
  sums: createSumTable(database),
  keys: createKeyTable(database),
});

function keyStore(transactions: Transactions, keys: KeyTable): KeyStore {
  function since(after: number): Awaited<ReturnType<KeyStore['since']>> {
    const version = keys.version();
    // One who knows of more than there is knows another file, of which this one may be a backup.
    return { version, keys: keys.since(after > version ? 0 : after) };
  }
  return {
    all: () => transactions.read(() => since(0)),
    since: (version) => transactions.read(() => since(version)),
    put: (key, before) => transactions.write(() => keys.put(key, before)),
  };
}

function budgetStore(transactions: Transactions, tables: SyncTables, now: () => number): BudgetStore {
  const { quotas, leases, holders, sums, notes } = tables;
  function standings(at: number): BudgetStanding[] {
    const living = holders.living(at - deadAfterMs);
    return quotas.budgets(at).map((budget) => {
      const noted = notes.of(budget.id);
      const held = leases.of(budget.id, living).map(({ holder, amount, isLive }) => {
        const unspent = amount - BigInt(noted.get(holder) ?? 0);
        return { isLive, amount: unspent > 0n ? unspent : 0n };
      });
      const sum = (all: typeof held): bigint => all.reduce((total, { amount }) => total + amount, 0n);
      const leased = sum(held);
      const quota = { kind: 'budget', ...budget } as const;
      const spent = budget.spent + sumOf(noted);
      const left = leftOf(quota, { ...newRecord(quota, spent, at), extra: budget.extra }, leased);
      return { ...budget, spent, leased, dead: sum(held.filter(({ isLive }) => !isLive)), left };
    });
  }
  return {
    list: (at) => transactions.read(() => standings(at)),
    topUp: (id, amount) =>
      transactions.write(() => {
        const isKnown = quotas.addExtra(id, amount);
        if (isKnown) quotas.changeVersion();
        return isKnown;
      }),
    recount: (quota) =>
      transactions.write(() => {
        settleNotes(tables, quota.id);
        if (quotas.raiseSpent(quota.id, sums.total(quota))) quotas.changeVersion();
      }),
    releaseDead: (id) =>
      transactions.write(() => {
        if (!quotas.isBudget(id)) return false;
        quotas.changeVersion();
        settleNotes(tables, id);
        leases.removeDead(id, now() - deadAfterMs);
        return true;
      }),
  };
}
