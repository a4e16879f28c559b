import type { Quotas } from '../../quotas/quotas.ts';
import { metersOf } from '../meters.ts';
import type { Terms } from '../terms.ts';

type Header = readonly [name: string, value: string];

/** What a client is told of its budgets: dollars and tokens left of the tightest one of each, and the steps of a ladder that were taken. */
export function budgetHeaders(
  terms: readonly Terms[],
  steps: readonly string[],
  { quotas, now }: { quotas: Pick<Quotas, 'standing'>; now: () => number },
): Header[] {
  const headers: Header[] = [];
  for (const [unit, name] of [
    ['nanos', 'x-remora-budget-left'],
    ['tokens', 'x-remora-budget-left-tokens'],
  ] as const) {
    const left = leastLeft(terms, unit, quotas, now());
    if (left !== undefined) headers.push([name, unit === 'nanos' ? inDollars(left) : String(left)]);
  }
  if (steps.length > 0) headers.push(['x-remora-budget-step', steps.join(', ')]);
  return headers;
}

/** What an answer cost, for the client. */
export const costHeader = (nanos: number): Header => ['x-remora-cost', inDollars(nanos)];

function leastLeft(terms: readonly Terms[], unit: 'nanos' | 'tokens', quotas: Pick<Quotas, 'standing'>, now: number): number | undefined {
  let least: number | undefined;
  for (const each of terms) {
    for (const meter of metersOf(each)) {
      if (meter.budget === undefined || meter.of !== unit) continue;
      const left = quotas.standing(meter.quota(now))?.left;
      if (left !== undefined && (least === undefined || left < least)) least = left;
    }
  }
  return least;
}

/** Whole nano-dollars as a decimal number of dollars. */
function inDollars(nanos: number): string {
  const rest = nanos % 1_000_000_000;
  const whole = String((nanos - rest) / 1_000_000_000);
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
}
