import type { Quotas, Standing } from '../../quotas/quotas.ts';
import type { BudgetQuota, Quota } from '../../stores/quota.ts';
import type { Meter } from '../meters.ts';
import type { Budget, Step } from '../terms.ts';

/** A budget that has steps to take, and how it stands. */
export interface Reached {
  owner: string;
  budget: Budget;
  quota: BudgetQuota;
  standing: Standing;
  /** Share of its amount that is spent or reserved, 0 to 1 and beyond. */
  share: number;
  /** Its steps up to there, in ascending order. */
  steps: readonly Step[];
}

/** The budgets of which a step is reached. What is not known of a budget yet is nothing. */
export function reachedSteps(meters: readonly Meter[], quotas: Pick<Quotas, 'standing'>, now: number): Reached[] {
  return meters.flatMap((meter) => {
    const { budget } = meter;
    if (budget === undefined || budget.ladder.length === 0) return [];
    const quota = meter.quota(now);
    const standing = quotas.standing(quota);
    if (standing === undefined || !isBudget(quota)) return [];
    const share = shareUsed(budget, standing);
    const steps = budget.ladder.filter(({ at }) => share >= at);
    return steps.length === 0 ? [] : [{ owner: meter.owner, budget, quota, standing, share, steps }];
  });
}

const isBudget = (quota: Quota): quota is BudgetQuota => quota.kind === 'budget';

/** Share of a budget that is spent or reserved: of its amount and what an admin added, without the grace. */
function shareUsed({ amount }: Budget, { spent, held, extra }: Standing): number {
  const whole = Number(amount) + extra;
  return whole <= 0 ? 1 : (spent + held) / whole;
}

/** A step in words, for a header and the trace: `use house-llama at 80% of tenant:marketing per month`. */
export function describeStep({ owner, budget }: Pick<Reached, 'owner' | 'budget'>, { at, does }: Step): string {
  const [, detail] = Object.entries(does).find(([field]) => field !== 'type') ?? [];
  const what = does.type === 'queue' ? `queue ${String(detail)}ms` : `${does.type}${detail === undefined ? '' : ` ${String(detail)}`}`;
  return `${what} at ${Number((at * 100).toFixed(2))}% of ${owner} ${budget.per === 'total' ? 'in total' : `per ${budget.per}`}`;
}
