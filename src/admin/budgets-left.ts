import type { Snapshot } from '../config/snapshot.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { quotasOf } from '../quotas/quotas-of.ts';
import type { BudgetLeft } from '../telemetry/budget-gauge.ts';

/** What is left of the budgets that tenants have in the config, as far as this process knows; those that it never saw used are left out. */
export function* budgetsLeft({ tenants }: Pick<Snapshot, 'tenants'>, quotas: Pick<Quotas, 'standing'>, now: number): Generator<BudgetLeft> {
  for (const { name, terms } of tenants.values()) {
    for (const each of terms) {
      if (each.owner !== `tenant:${name}`) continue; // a tenant around it has its own turn
      for (const [index, quota] of quotasOf(each).budgets(now).entries()) {
        const left = quotas.standing(quota)?.left;
        const budget = each.budgets[index];
        if (left === undefined || budget === undefined) continue;
        const { unit, per, model, provider } = budget;
        yield {
          tenant: name,
          unit: unit === 'nanos' ? 'dollars' : 'tokens',
          per,
          model,
          provider,
          left: left / (unit === 'nanos' ? 1e9 : 1),
        };
      }
    }
  }
}
