import type { Quotas, Standing } from '../../quotas/quotas.ts';
import type { BudgetQuota } from '../../stores/quota.ts';
import type { BudgetMeter } from '../meters.ts';
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

/** A look at budgets with ladders. */
export interface Look {
  /** Those of which a step is reached. */
  reached: readonly Reached[];
  /** False where nothing is known yet of some. */
  isComplete: boolean;
}

/** Looks which budgets, of those with a ladder, have reached a step: mostly none. */
export function lookAt(meters: readonly BudgetMeter[], quotas: Pick<Quotas, 'standing'>, now: number): Look {
  let reached: Reached[] | undefined;
  let isComplete = true;
  for (const meter of meters) {
    const { owner, budget } = meter;
    const quota = meter.quota(now);
    const standing = quotas.standing(quota);
    if (standing === undefined) isComplete = false;
    const [first] = budget.ladder;
    if (standing === undefined || first === undefined) continue;
    const share = shareUsed(budget, standing);
    if (share < first.at) continue;
    const steps = budget.ladder.filter(({ at }) => share >= at);
    (reached ??= []).push({ owner, budget, quota, standing, share, steps });
  }
  return reached === undefined && isComplete ? nothing : { reached: reached ?? [], isComplete };
}

const nothing: Look = { reached: [], isComplete: true };

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
