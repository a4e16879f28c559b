import type { Quotas } from '../../quotas/quotas.ts';
import { oncePer } from '../../routing/once-per.ts';
import { isBudgetMeter, metersOf, type BudgetMeter } from '../meters.ts';
import type { Header } from '../policy.ts';
import type { Terms } from '../terms.ts';

/** What a client is told of its budgets: dollars and tokens left of the tightest one of each, and the steps of a ladder that were taken. */
export function budgetHeaders(
  terms: readonly Terms[],
  steps: readonly string[],
  { quotas, now }: { quotas: Pick<Quotas, 'standing'>; now: () => number },
): readonly Header[] {
  const { nanos, tokens } = shownOf(terms);
  if (nanos.length === 0 && tokens.length === 0 && steps.length === 0) return none;
  const headers: Header[] = [];
  const at = now();
  const [leftNanos, leftTokens] = [leastLeft(nanos, quotas, at), leastLeft(tokens, quotas, at)];
  if (leftNanos !== undefined) headers.push(['x-remora-budget-left', inDollars(leftNanos)]);
  if (leftTokens !== undefined) headers.push(['x-remora-budget-left-tokens', String(leftTokens)]);
  if (steps.length > 0) headers.push(['x-remora-budget-step', steps.join(', ')]);
  return headers;
}

const none: readonly Header[] = [];

/** The budgets that a client is told of, by their units. */
type Shown = Record<'nanos' | 'tokens', readonly BudgetMeter[]>;

const shownOf = oncePer((terms: readonly Terms[]): Shown => {
  const budgets = terms.flatMap(metersOf).filter(isBudgetMeter);
  return { nanos: budgets.filter(({ of }) => of === 'nanos'), tokens: budgets.filter(({ of }) => of === 'tokens') };
});

/** What an answer cost, for the client. */
export const costHeader = (nanos: number): Header => ['x-remora-cost', inDollars(nanos)];

function leastLeft(meters: readonly BudgetMeter[], quotas: Pick<Quotas, 'standing'>, now: number): number | undefined {
  let least: number | undefined;
  for (const meter of meters) {
    const left = quotas.standing(meter.quota(now))?.left;
    if (left !== undefined && (least === undefined || left < least)) least = left;
  }
  return least;
}

/** Whole nano-dollars as a decimal number of dollars. */
function inDollars(nanos: number): string {
  let digits = 9;
  let fraction = nanos % 1_000_000_000;
  const whole = String((nanos - fraction) / 1_000_000_000);
  if (fraction === 0) return whole;
  for (; fraction % 10 === 0; fraction /= 10) digits -= 1;
  return `${whole}.${String(fraction).padStart(digits, '0')}`;
}
