import { budgetQuota, rateQuota, slotsQuota } from '../quotas/quotas-of.ts';
import type { Quota } from '../stores/quota.ts';
import type { Budget, Limit, Terms } from './terms.ts';

/** A limit or a budget of somebody, as the quota that counts it. */
export type Meter = { of: 'nanos' | 'tokens'; budget: Budget; owner: string; quota: (now: number) => Quota } | LimitMeter;

/** A limit of somebody, as the quota that counts it. */
export interface LimitMeter {
  of: Limit['of'];
  budget?: undefined;
  limit: Limit;
  owner: string;
  quota: (now: number) => Quota;
}

/** Everything of somebody's terms, once for all their requests. */
const known = new WeakMap<Terms, readonly Meter[]>();

/** All meters of somebody's terms. */
export function metersOf(terms: Terms): readonly Meter[] {
  let meters = known.get(terms);
  if (meters === undefined) {
    const { owner } = terms;
    meters = [
      ...terms.limits.map((limit): Meter => {
        const quota = limit.of === 'concurrent' ? slotsQuota(owner, limit) : rateQuota(owner, limit);
        return { of: limit.of, limit, owner, quota: () => quota };
      }),
      ...terms.budgets.map((budget): Meter => ({ of: budget.unit, budget, owner, quota: (now) => budgetQuota(owner, budget, now) })),
    ];
    known.set(terms, meters);
  }
  return meters;
}

/** What a meter counts only, if anything. */
export const filterOf = ({ budget, ...meter }: Meter): Pick<Limit, 'model' | 'provider'> => budget ?? (meter as LimitMeter).limit;

/** Whether a meter counts all requests of its owner: then it can be looked at before the request is known. */
export const isUnfiltered = (meter: Meter): boolean => {
  const { model, provider } = filterOf(meter);
  return model === undefined && provider === undefined;
};
