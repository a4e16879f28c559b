import { setImmediate } from 'node:timers/promises';
import type { LedgerEntry } from '../entry.ts';
import type { LedgerReader } from '../store.ts';
import { amountOf, isMeant } from './entry-filter.ts';
import type { EntryTable, Place, Selection } from './entry-table.ts';
import type { KnownBudget, QuotaTable } from './quota-table.ts';
import type { Retention } from './retention.ts';
import { sumOf, type SpentNotes } from './spent-notes.ts';
import type { Transactions } from './transactions.ts';

/** The tables that the ledger is read from. */
export interface LedgerTables {
  entries: EntryTable;
  quotas: QuotaTable;
  retention: Retention;
  notes: SpentNotes;
}

/** Reads a page at a time, and lets others have their turn in between. */
export function createLedgerReader(transactions: Transactions, { entries, quotas, retention, notes }: LedgerTables): LedgerReader {
  async function* pages(selection: Selection): AsyncGenerator<LedgerEntry[]> {
    for (let after: Place | undefined; ;) {
      const page = await transactions.read(() => entries.page(selection, after));
      if (page === undefined) return;
      yield page.entries;
      after = page.end;
      await setImmediate();
    }
  }

  return {
    async *entries({ from, to }, filter = {}) {
      const lastNumber = await transactions.read(entries.lastNumber);
      yield* pages({ from, to, filter, lastNumber });
    },
    keptSince: () => transactions.read(retention.keptSince),
    async *verify(now) {
      // What comes later is in neither.
      const { budgets, lastNumber } = await transactions.read(() => ({
        budgets: quotas.budgets(now).map((budget) => ({ ...budget, spent: budget.spent + sumOf(notes.of(budget.id)) })),
        lastNumber: entries.lastNumber(),
      }));
      if (budgets.length === 0) return;
      const from = Math.min(...budgets.map((budget) => budget.from));
      const to = Math.max(...budgets.map((budget) => budget.to));
      const sums = createBudgetSums(budgets);
      for await (const page of pages({ from, to, filter: {}, lastNumber })) for (const entry of page) sums.add(entry);
      for (const { id, spent } of budgets) yield { id, spent, entries: sums.of(id) };
    },
  };
}

/** Adds entries to the budgets that count them. Budgets are found by the tenant or key that they count, so that thousands of them cost little. */
function createBudgetSums(budgets: readonly KnownBudget[]) {
  const byOwner = Map.groupBy(budgets, ({ counts }) => ownerOf(counts.tenant, counts.key));
  const sums = new Map<string, bigint>();
  return {
    add(entry: LedgerEntry): void {
      const owners = [ownerOf(), ...entry.tenants.map((tenant) => ownerOf(tenant)), ownerOf(undefined, entry.key)];
      for (const owner of owners) {
        for (const { id, counts, unit, from, to } of byOwner.get(owner) ?? []) {
          if (entry.startedAt < from || entry.startedAt >= to || !isMeant(entry, counts)) continue;
          sums.set(id, (sums.get(id) ?? 0n) + BigInt(amountOf(entry, unit)));
        }
      }
    },
    of: (id: string): bigint => sums.get(id) ?? 0n,
  };
}

const ownerOf = (tenant?: string, key?: string): string => {
  if (key !== undefined) return `key ${key}`;
  return tenant === undefined ? '' : `tenant ${tenant}`;
};
