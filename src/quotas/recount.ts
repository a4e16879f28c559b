import type { Budget, Terms } from '../policies/terms.ts';
import type { BudgetQuota } from '../stores/quota.ts';
import type { BudgetStore } from '../stores/store.ts';
import { budgetQuota } from './quotas-of.ts';

/** Whose budgets a config names. */
export interface BudgetedConfig {
  tenants: ReadonlyMap<string, { terms: readonly Terms[]; perUser: { budgets: readonly Budget[] } | undefined }>;
  keys: readonly { id: string; budgets: readonly Budget[] }[];
}

export interface RecountOptions {
  budgets: Pick<BudgetStore, 'recount' | 'list'>;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Runs something after a time; it keeps no process alive. */
  later: (run: () => void, inMs: number) => void;
  onFailure: (error: unknown) => void;
}

/** When budgets of a changed config are counted, in milliseconds after it: at once, and when exchanges have settled that began before. */
const momentsMs = [0, 5000, 60_000, 600_000] as const;

/** How many budgets are counted before others have their turn: a store may hold up the process for each. */
const perTurn = 20;

/** A budget that each user of a tenant has. */
interface UserBudget {
  tenant: string;
  budget: Budget;
}

/**
 * After a change of the config, has the store count what the budgets that are new in it have spent: exchanges that go by another config book entries that count for them,
 * and charge them nothing. Budgets that were taken out and come back are new as well. Of users, those are counted whom the store knows in the period; another one's budget begins with its entries.
 */
export function createRecount({ budgets, now, later, onFailure }: RecountOptions): (before: BudgetedConfig, after: BudgetedConfig) => void {
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      later(resolve, 0);
    });

  async function count(quotas: readonly BudgetQuota[]): Promise<void> {
    for (const [index, quota] of quotas.entries()) {
      if (index > 0 && index % perTurn === 0) await turn();
      await budgets.recount(quota);
    }
  }

  async function countUsers(added: readonly UserBudget[]): Promise<void> {
    if (added.length > 0) await count(usersQuotas(added, await budgets.list(now()), now()));
  }

  return (before, after) => {
    const added = newIn(budgetsIn(before, now()), budgetsIn(after, now()));
    const addedToUsers = newIn(userBudgetsIn(before, now()), userBudgetsIn(after, now()));
    if (added.length + addedToUsers.length === 0) return;
    const recount = (): Promise<void> => count(added).then(() => countUsers(addedToUsers));
    for (const inMs of momentsMs) later(() => void recount().catch(onFailure), inMs);
  };
}

const newIn = <Value>(before: ReadonlyMap<string, Value>, after: ReadonlyMap<string, Value>): Value[] =>
  [...after].flatMap(([id, value]) => (before.has(id) ? [] : [value]));

function budgetsIn({ tenants, keys }: BudgetedConfig, now: number): Map<string, BudgetQuota> {
  const owned = [...[...tenants.values()].flatMap(({ terms }) => terms), ...keys.map(({ id, budgets }) => ({ owner: `key:${id}`, budgets }))].flatMap(
    ({ owner, budgets }) => budgets.map((budget) => budgetQuota(owner, budget, now)),
  );
  return new Map(owned.map((quota) => [quota.id, quota]));
}

/** By the id that it has for a user without a name, which nobody is. */
function userBudgetsIn({ tenants }: BudgetedConfig, now: number): Map<string, UserBudget> {
  const all = [...tenants].flatMap(([tenant, { perUser }]) => (perUser?.budgets ?? []).map((budget): UserBudget => ({ tenant, budget })));
  return new Map(all.map((each) => [userQuota(each, '', now).id, each]));
}

const userQuota = ({ tenant, budget }: UserBudget, user: string, now: number): BudgetQuota => budgetQuota(`user:${tenant}/${user}`, budget, now);

/** What budgets are for the users that a store knows of. */
function usersQuotas(budgets: readonly UserBudget[], known: Awaited<ReturnType<BudgetStore['list']>>, now: number): BudgetQuota[] {
  return known.flatMap(({ id, counts: { tenant, user } }) => {
    if (user === undefined) return [];
    const quotas = budgets.flatMap((each) => (each.tenant === tenant ? [userQuota(each, user, now)] : []));
    return quotas.filter((quota) => quota.id === id);
  });
}
