import { quotasOf } from '../quotas/quotas-of.ts';
import { oncePer } from '../routing/once-per.ts';
import type { BudgetQuota, RateQuota, SlotsQuota } from '../stores/quota.ts';
import type { Budget, Limit, Terms } from './terms.ts';

/** A limit or a budget of somebody, as the quota that counts it. */
export type Meter = BudgetMeter | LimitMeter;

/** A budget of somebody, as the quota that counts it. */
export interface BudgetMeter {
  of: 'nanos' | 'tokens';
  budget: Budget;
  owner: string;
  /** That of the period that holds an instant. */
  quota: (now: number) => BudgetQuota;
}

/** A limit of somebody, as the quota that counts it. */
export interface LimitMeter {
  of: Limit['of'];
  budget?: undefined;
  limit: Limit;
  owner: string;
  /** Always the same. */
  quota: () => RateQuota | SlotsQuota;
}

/** All meters of somebody's terms, made once for all their requests. */
export const metersOf = oncePer((terms: Terms): readonly Meter[] => {
  const { owner } = terms;
  const quotas = quotasOf(terms);
  return [
    ...terms.limits.map((limit, index): Meter => {
      const quota = at(quotas.limits, index);
      return { of: limit.of, limit, owner, quota: () => quota };
    }),
    ...terms.budgets.map((budget, index): Meter => ({ of: budget.unit, budget, owner, quota: (now) => at(quotas.budgets(now), index) })),
  ];
});

function at<Value>(list: readonly Value[], index: number): Value {
  const value = list[index];
  if (value === undefined) throw new Error('a limit or a budget has no quota');
  return value;
}

/** What a meter counts only, if anything. */
export const filterOf = (meter: Meter): Pick<Limit, 'model' | 'provider'> => ('limit' in meter ? meter.limit : meter.budget);

/** Whether a meter counts all requests of its owner: then it can be looked at before the request is known. */
export const isUnfiltered = (meter: Meter): boolean => {
  const { model, provider } = filterOf(meter);
  return model === undefined && provider === undefined;
};

/** Whether a meter is that of a budget. */
export const isBudgetMeter = (meter: Meter): meter is BudgetMeter => meter.budget !== undefined;
