import type { LeaseTable } from './lease-table.ts';
import type { QuotaTable } from './quota-table.ts';
import type { SpentNotes } from './spent-notes.ts';

/** Where what was spent goes to. */
export interface SettledTables {
  notes: SpentNotes;
  quotas: QuotaTable;
  leases: LeaseTable;
}

/** Writes what is noted of a quota into its row and those of its leases. One that is not known begins with the entries, which have it. */
export function settleNotes({ notes, quotas, leases }: SettledTables, quota: string): void {
  for (const [holder, amount] of notes.take(quota)) {
    if (quotas.addSpent(quota, amount)) leases.spend(quota, holder, amount);
  }
}

/** Does so for some quotas, roughly those that have waited longest. */
export function settleSomeNotes(tables: SettledTables, most: number): void {
  for (const quota of tables.notes.quotas().take(most).toArray()) settleNotes(tables, quota);
}
