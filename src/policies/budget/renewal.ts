import { periodOf } from '../../quotas/period.ts';
import type { Budget } from '../terms.ts';

/** When a budget begins afresh, in milliseconds since 1970; undefined for never. */
export function renewalOf({ per, timeZone }: Budget, now: number): number | undefined {
  const { to } = periodOf(now, per, timeZone);
  return to === Number.MAX_SAFE_INTEGER ? undefined : to;
}
