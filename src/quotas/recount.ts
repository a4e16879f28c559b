import type { Budget, Terms } from '../policies/terms.ts';
import type { BudgetQuota } from '../stores/quota.ts';
import type { BudgetStore } from '../stores/store.ts';
import { budgetQuota } from './quotas-of.ts';

/** Whose budgets a config names. */
export interface BudgetedConfig {
  tenants: ReadonlyMap<string, { terms: readonly Terms[] }>;
  keys: readonly { id: string; budgets: readonly Budget[] }[];
}

export interface RecountOptions {
  budgets: Pick<BudgetStore, 'recount'>;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Runs something after a time; it keeps no process alive. */
  later: (run: () => void, inMs: number) => void;
  onFailure: (error: unknown) => void;
}

/** When budgets of a changed config are counted, in milliseconds after it: at once, and when exchanges have settled that began before. */
const momentsMs = [0, 5000, 60_000, 600_000] as const;

/**
 * After a change of the config, has the store count what the budgets that are new in it have spent: exchanges that go by another config book entries that count for them,
 * and charge them nothing. Budgets that were taken out and come back are new as well.
 */
export function createRecount({ budgets, now, later, onFailure }: RecountOptions): (before: BudgetedConfig, after: BudgetedConfig) => void {
  async function count(quotas: readonly BudgetQuota[]): Promise<void> {
    for (const quota of quotas) await budgets.recount(quota);
  }
  return (before, after) => {
    const known = budgetsIn(before, now());
    const added = [...budgetsIn(after, now())].flatMap(([id, quota]) => (known.has(id) ? [] : [quota]));
    if (added.length === 0) return;
    for (const inMs of momentsMs) later(() => void count(added).catch(onFailure), inMs);
  };
}

function budgetsIn({ tenants, keys }: BudgetedConfig, now: number): Map<string, BudgetQuota> {
  const owned = [...[...tenants.values()].flatMap(({ terms }) => terms), ...keys.map(({ id, budgets }) => ({ owner: `key:${id}`, budgets }))].flatMap(
    ({ owner, budgets }) => budgets.map((budget) => budgetQuota(owner, budget, now)),
  );
  return new Map(owned.map((quota) => [quota.id, quota]));
}
