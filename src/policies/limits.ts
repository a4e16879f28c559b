import { GatewayError } from '../errors.ts';
import { isShortage, type Quotas, type Reservation, type Shortage } from '../quotas/quotas.ts';
import { StoreError } from '../stores/store.ts';
import type { Charge } from '../stores/quota.ts';
import { limitHeaders } from './limit-headers.ts';
import { isUnfiltered, metersOf, type Meter } from './meters.ts';
import type { Opening, Policy, PolicyRun } from './policy.ts';
import { refusedByLimit } from './refusals.ts';
import type { Terms } from './terms.ts';

/** What limits work with. */
export interface LimitParts {
  quotas: Quotas;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Hears of a request that was refused, for metrics. */
  onLimited: (owner: string, of: Meter['of']) => void;
}

/**
 * Holds callers to their requests per time and at once, before anything of the request is read: refusals are cheap.
 * Tells every client what is left. Closed on failure: where nothing can be counted, the request is refused.
 */
export const createLimits = (parts: LimitParts): Policy => ({
  name: 'limits',
  open: (opening) => openLimits(opening, parts),
});

function openLimits({ identity, signal }: Opening, { quotas, now, onLimited }: LimitParts): PolicyRun | undefined {
  const { counted, shown } = beforeReading(identity.terms);
  if (counted.length === 0 && shown.length === 0) return undefined;
  let reservation: Reservation | undefined;
  let isOver = false;

  function take(result: Reservation | Shortage): void {
    if (!isShortage(result)) {
      if (isOver) result.release();
      else reservation = result;
      return;
    }
    const meter = counted.find((each) => each.quota(now()).id === result.quota.id);
    if (meter === undefined) throw new Error(`nobody asked for the quota ${result.quota.id}`);
    onLimited(meter.owner, meter.of);
    throw refusedByLimit(meter, result);
  }

  return {
    onCaller() {
      if (counted.length === 0) return undefined;
      const charges = counted.map((meter): Charge => ({ quota: meter.quota(now()), amount: 1 }));
      const result = quotas.reserve(charges, signal);
      if (result instanceof Promise) return result.then(take, unaccountable);
      take(result);
      return undefined;
    },
    headers: (protocol) => limitHeaders(protocol, shown, quotas, now()),
    onSettled() {
      isOver = true;
      // A request was made, whatever became of it; its place is free again.
      reservation?.settle(
        undefined,
        counted.flatMap((meter): Charge[] => (meter.of === 'requests' ? [{ quota: meter.quota(now()), amount: 1 }] : [])),
      );
    },
  };
}

/** A store that cannot do its work is no bug, and the client may try again. */
export function unaccountable(error: unknown): never {
  if (!(error instanceof StoreError)) throw error;
  throw new GatewayError('gateway-unavailable', 'The gateway cannot account for this request now. Try again later.', {
    cause: error,
    retryAfterSeconds: 1,
  });
}

const known = new WeakMap<readonly Terms[], { counted: readonly Meter[]; shown: readonly Meter[] }>();

/** What of somebody's limits is counted before the request is read, and what clients are told of. */
function beforeReading(terms: readonly Terms[]): { counted: readonly Meter[]; shown: readonly Meter[] } {
  let found = known.get(terms);
  if (found === undefined) {
    const all = terms.flatMap(metersOf).filter((meter) => meter.budget === undefined && isUnfiltered(meter));
    found = { counted: all.filter(({ of }) => of === 'requests' || of === 'concurrent'), shown: all.filter(({ of }) => of !== 'concurrent') };
    known.set(terms, found);
  }
  return found;
}
