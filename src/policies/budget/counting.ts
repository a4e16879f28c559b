import { oncePer } from '../../routing/once-per.ts';
import type { Counted } from '../charges.ts';
import { isBudgetMeter, type BudgetMeter } from '../meters.ts';

/** The meters that count a request, and which of them are asked for what. */
export interface Counting {
  all: readonly Counted[];
  budgets: readonly BudgetMeter[];
  /** Budgets with a ladder. */
  withSteps: readonly BudgetMeter[];
  /** Budgets at which requests wait for their turn. */
  withQueue: readonly BudgetMeter[];
  /** Whether any counts money. */
  countsMoney: boolean;
  /** Whether all tenants share any. */
  hasShared: boolean;
}

/** Nobody counts. */
export const nobodyCounts: Counting = { all: [], budgets: [], withSteps: [], withQueue: [], countsMoney: false, hasShared: false };

/** Who counts what of a request. Made once for each list of meters, which is mostly one for all requests of a caller. */
export const countingOf = oncePer((all: readonly Counted[]): Counting => {
  const budgets = all.map(({ meter }) => meter).filter(isBudgetMeter);
  return {
    all,
    budgets,
    withSteps: budgets.filter(({ budget }) => budget.ladder.length > 0),
    withQueue: budgets.filter(({ budget }) => budget.ladder.some(({ does }) => does.type === 'queue')),
    countsMoney: all.some(({ meter }) => meter.of === 'nanos'),
    hasShared: all.some(({ isShared }) => isShared),
  };
});
