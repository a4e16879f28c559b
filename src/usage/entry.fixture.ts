import type { LedgerEntry } from '../stores/entry.ts';
import { entry as storedEntry } from '../stores/store.fixture.ts';

/** An entry for tests: a request of the tenant `search` within `acme` at noon of 21 November 2026, but for what is given. */
export const entry = (fields: Partial<LedgerEntry> = {}): LedgerEntry => {
  const startedAt = Date.UTC(2026, 10, 21, 12);
  return storedEntry({ tenants: ['acme', 'search'], served: 'fast', startedAt, endedAt: startedAt + 1000, ...fields });
};

/** Entries in pages of two, as a ledger gives them. */
export async function* inPages(entries: readonly LedgerEntry[]): AsyncGenerator<readonly LedgerEntry[]> {
  for (let index = 0; index < entries.length; index += 2) yield entries.slice(index, index + 2);
}
