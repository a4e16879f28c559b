import { isDeepStrictEqual } from 'node:util';
import type { VirtualKey } from '../identity/virtual-key.ts';
import type { LedgerEntry } from '../stores/entry.ts';
import type { AuditRecord, BudgetStanding, Store } from '../stores/store.ts';

/** A store for tests of what admins see and do: what it holds can be set and looked at. */
export interface MemoryStore extends Store {
  held: { keys: VirtualKey[]; budgets: BudgetStanding[]; entries: LedgerEntry[]; records: AuditRecord[] };
}

/** Makes a store that holds nothing yet, and counts no quotas. */
export function createMemoryStore(): MemoryStore {
  const held: MemoryStore['held'] = { keys: [], budgets: [], entries: [], records: [] };
  const all = async (): Promise<{ version: number; keys: VirtualKey[] }> => ({ version: 1, keys: structuredClone(held.keys) });
  const change = (id: string, edit: (standing: BudgetStanding) => BudgetStanding): boolean => {
    const index = held.budgets.findIndex((each) => each.id === id);
    const standing = held.budgets[index];
    if (standing !== undefined) held.budgets[index] = edit(standing);
    return standing !== undefined;
  };
  return {
    held,
    sync: () => Promise.reject(new Error('a store for tests of admins syncs nothing')),
    keys: {
      all,
      since: all,
      async put(key, before) {
        const index = held.keys.findIndex(({ id }) => id === key.id);
        if (!isDeepStrictEqual(held.keys[index], before) || held.keys.some(({ id, hash }) => id !== key.id && hash === key.hash)) return false;
        held.keys.splice(index === -1 ? held.keys.length : index, 1, structuredClone(key));
        return true;
      },
    },
    budgets: {
      list: async () => held.budgets,
      topUp: async (id, amount) => change(id, (each) => ({ ...each, extra: each.extra + amount, left: each.left + amount })),
      recount: async () => {},
      releaseDead: async (id) => change(id, (each) => ({ ...each, dead: 0n, leased: each.leased - each.dead, left: each.left + each.dead })),
    },
    ledger: {
      async *entries({ from, to }, { tenant } = {}) {
        const meant = held.entries.filter(({ startedAt, tenants }) => startedAt >= from && startedAt < to && (!tenant || tenants.includes(tenant)));
        for (let index = 0; index < meant.length; index += 2) yield meant.slice(index, index + 2);
      },
      keptSince: async () => 0,
      async *verify() {
        for (const { id, spent } of held.budgets)
          yield { id, spent, entries: held.entries.reduce((sum, { costNanos }) => sum + BigInt(costNanos), 0n) };
      },
    },
    audit: {
      append: async (record) => void held.records.unshift(record),
      list: async (limit) => held.records.slice(0, limit),
    },
    first: async () => true,
    close: async () => {},
  };
}
