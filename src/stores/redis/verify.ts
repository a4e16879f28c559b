import type { LedgerEntry } from '../entry.ts';
import { StoreError, type BudgetStanding } from '../store.ts';
import type { EntryMinutes } from './entry-minutes.ts';
import { doesCount, tokensOf } from './entry-row.ts';

/** How often minutes that have changed by much are read again, before it is given up. */
const attempts = 20;

/** What some entries of one minute add up to, by the budget's place in the list. */
interface MinuteSums {
  count: number;
  sums: ReadonlyMap<number, bigint>;
}

/**
 * Compares what budgets have spent with what their entries add up to, while gateways go on booking:
 * most minutes are read before, and what has changed since comes with what the budgets have spent, as of one moment.
 */
export async function* verifyBudgets(
  budgets: readonly BudgetStanding[],
  minutes: EntryMinutes,
): AsyncGenerator<{ id: string; spent: bigint; entries: bigint }> {
  if (budgets.length === 0) return;
  const ids = budgets.map(({ id }) => id);
  const span = { from: Math.min(...budgets.map(({ from }) => from)), to: Math.max(...budgets.map(({ to }) => to)) };
  const known = new Map<number, MinuteSums>();
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { spent, changed } = await minutes.snapshot(ids, span, known);
    const unread: number[] = [];
    for (const [minute, entries] of changed) {
      if (entries === undefined) unread.push(minute);
      else known.set(minute, sumsOf(entries, budgets));
    }
    if (unread.length === 0) return yield* compare(budgets, spent, known);
    for (const minute of unread) known.set(minute, sumsOf(await minutes.read(minute), budgets));
  }
  throw new StoreError('The ledger changes faster than it can be compared with the budgets. Verify it when there is less traffic.');
}

function sumsOf(entries: readonly LedgerEntry[], budgets: readonly BudgetStanding[]): MinuteSums {
  const sums = new Map<number, bigint>();
  for (const entry of entries) {
    for (const [index, { from, to, counts, unit }] of budgets.entries()) {
      if (entry.startedAt < from || entry.startedAt >= to || !doesCount(entry, counts)) continue;
      sums.set(index, (sums.get(index) ?? 0n) + BigInt(unit === 'nanos' ? entry.costNanos : tokensOf(entry)));
    }
  }
  return { count: entries.length, sums };
}

function* compare(budgets: readonly BudgetStanding[], spent: readonly (bigint | undefined)[], known: ReadonlyMap<number, MinuteSums>) {
  const totals = budgets.map(() => 0n);
  for (const { sums } of known.values()) for (const [index, sum] of sums) totals[index] = (totals[index] ?? 0n) + sum;
  for (const [index, { id }] of budgets.entries()) {
    const value = spent[index];
    if (value !== undefined) yield { id, spent: value, entries: totals[index] ?? 0n };
  }
}
