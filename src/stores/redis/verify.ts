import type { LedgerEntry } from '../entry.ts';
import { StoreError, type BudgetStanding } from '../store.ts';
import { dayMs, type EntryMinutes } from './entry-minutes.ts';
import { doesCount, tokensOf } from './entry-row.ts';

/** How often minutes that have changed are read again, before it is given up. */
const attempts = 100;

/** What some entries of one minute add up to, by the budget's place in the list. */
interface MinuteSums {
  count: number;
  sums: ReadonlyMap<number, bigint>;
}

/**
 * Compares what budgets have spent with what their entries add up to, while gateways go on booking:
 * minutes that get more entries meanwhile are read again, until all were seen as they are at the moment in which the budgets were.
 */
export async function* verifyBudgets(
  budgets: readonly BudgetStanding[],
  minutes: EntryMinutes,
): AsyncGenerator<{ id: string; spent: bigint; entries: bigint }> {
  if (budgets.length === 0) return;
  const from = Math.min(...budgets.map((budget) => budget.from));
  const to = Math.max(...budgets.map((budget) => budget.to));
  const known = new Map<number, MinuteSums>();
  let all = await minutesOf(minutes, from, to);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { spent, counts } = await minutes.snapshot(
      budgets.map(({ id }) => id),
      all,
    );
    const changed = all.filter((minute, index) => known.get(minute)?.count !== counts[index]);
    const after = await minutesOf(minutes, from, to);
    // Minutes are only added: where there are as many as before, these were all.
    if (changed.length === 0 && after.length === all.length) return yield* compare(budgets, spent, known);
    all = after;
    for (const minute of changed) known.set(minute, sumsOf(await minutes.read(minute), budgets));
  }
  throw new StoreError('The ledger changes faster than it can be compared with the budgets. Verify it when there is less traffic.');
}

async function minutesOf(minutes: EntryMinutes, from: number, to: number): Promise<number[]> {
  const { days } = await minutes.days(from, to);
  const all: number[] = [];
  for (const day of days) all.push(...(await minutes.ofDay(day, Math.max(from, day * dayMs), to)));
  return all;
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
