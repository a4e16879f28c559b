import type { GatewayError } from '../../errors.ts';
import { isShortage, type Reservation, type Shortage } from '../../quotas/quotas.ts';
import { chargesOf, type Counted, type Use } from '../charges.ts';
import type { Opening } from '../policy.ts';
import { refusedByBudget, refusedByLimit, refusedByShare, unaccountable } from '../refusals.ts';
import type { BudgetParts } from './index.ts';
import { renewalOf } from './renewal.ts';

/** What is to be held for a request. */
export interface Wanted {
  opening: Pick<Opening, 'identity' | 'signal'>;
  /** Who counts it. */
  counted: readonly Counted[];
  /** What it may use. */
  use: Use;
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
  /** How the same might cost less, where it might. */
  less: string | undefined;
}

type HoldParts = Pick<BudgetParts, 'quotas' | 'fairShares' | 'onLimited' | 'now'>;

/** Holds what a request may use of all that counts it, at once where no store has to be asked. Throws GatewayError where there is not enough, or nothing can be counted. */
export function hold(wanted: Wanted, parts: HoldParts): Reservation | Promise<Reservation> {
  requireFairShare(wanted, parts);
  const { counted, use, startedAt, opening } = wanted;
  let result: ReturnType<HoldParts['quotas']['reserve']>;
  try {
    result = parts.quotas.reserve(chargesOf(counted, use, startedAt), opening.signal);
  } catch (error) {
    return unaccountable(error);
  }
  return result instanceof Promise ? result.then((later) => had(later, wanted, parts), unaccountable) : had(result, wanted, parts);
}

function had(result: Reservation | Shortage, wanted: Wanted, parts: HoldParts): Reservation {
  if (isShortage(result)) throw refused(result, wanted, parts);
  return result;
}

/** Where little is left of what all tenants share, nobody gets more than its part. */
function requireFairShare({ counted, opening }: Wanted, { quotas, fairShares, onLimited, now }: HoldParts): void {
  for (const { meter, isShared } of counted) {
    if (!isShared) continue;
    const quota = meter.quota(now());
    const standing = quota.kind === 'budget' ? undefined : quotas.standing(quota);
    if (standing === undefined || quota.kind === 'budget') continue;
    if (!fairShares.isOver(quota, opening.identity.tenant.name, standing)) continue;
    onLimited(meter.owner, meter.of);
    throw refusedByShare(meter, quota.kind === 'slots' ? 1000 : Math.ceil(quota.refillMs / 10));
  }
}

function refused(shortage: Shortage, { counted, startedAt, less }: Wanted, { onLimited, now }: HoldParts): GatewayError {
  const found = counted.find(({ meter }) => meter.quota(startedAt).id === shortage.quota.id);
  if (found === undefined) throw new Error(`nobody asked for the quota ${shortage.quota.id}`);
  const { meter } = found;
  onLimited(meter.owner, meter.of);
  if (meter.budget === undefined) return refusedByLimit(meter, shortage);
  return refusedByBudget({ owner: meter.owner, budget: meter.budget, shortage, renewsAt: renewalOf(meter.budget, now()), less });
}
