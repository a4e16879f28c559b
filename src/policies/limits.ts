import type { GatewayError } from '../errors.ts';
import { isShortage, type Quotas, type Reservation, type Shortage } from '../quotas/quotas.ts';
import { oncePer } from '../routing/once-per.ts';
import type { Charge } from '../stores/quota.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import { limitHeaders, type ShownLimits } from './limit-headers.ts';
import { isUnfiltered, metersOf, type LimitMeter, type Meter } from './meters.ts';
import type { Header, Policy, PolicyRun } from './policy.ts';
import { refusedByLimit, unaccountable } from './refusals.ts';
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
  open({ identity, signal }) {
    const held = heldToOf(identity.terms);
    const isHeld = held.counted.length > 0 || held.shown.tokens.length > 0; // of what is counted later, clients are told all the same
    return isHeld ? new LimitRun(held, signal, parts) : undefined;
  },
});

/** The limits' part in one exchange. */
class LimitRun implements PolicyRun {
  readonly #held: HeldTo;
  readonly #signal: AbortSignal;
  readonly #parts: LimitParts;
  #reservation: Reservation | undefined;
  #isOver = false;

  constructor(held: HeldTo, signal: AbortSignal, parts: LimitParts) {
    this.#held = held;
    this.#signal = signal;
    this.#parts = parts;
  }

  onCaller(): void | Promise<void> {
    const { reserved } = this.#held;
    if (reserved.length === 0) return undefined;
    const result = this.#parts.quotas.reserve(reserved, this.#signal);
    return result instanceof Promise ? result.then((later) => this.#take(later), unaccountable) : this.#take(result);
  }

  headers(protocol: ProtocolName): readonly Header[] {
    const { quotas, now } = this.#parts;
    return limitHeaders(protocol, this.#held.shown, quotas, now());
  }

  onSettled(): void {
    this.#isOver = true;
    this.#reservation?.settle(undefined, this.#held.used);
  }

  #take(result: Reservation | Shortage): void {
    if (isShortage(result)) throw this.#refused(result);
    if (this.#isOver) result.release();
    else this.#reservation = result;
  }

  #refused(shortage: Shortage): GatewayError {
    const meter = this.#held.counted.find((each) => each.quota().id === shortage.quota.id);
    if (meter === undefined) throw new Error(`nobody asked for the quota ${shortage.quota.id}`);
    this.#parts.onLimited(meter.owner, meter.of);
    return refusedByLimit(meter, shortage);
  }
}

/** What somebody's requests are held to before they are read. */
interface HeldTo {
  counted: readonly LimitMeter[];
  /** What is held of each while a request is under way. */
  reserved: readonly Charge[];
  /** What one used that is over: a request was made, whatever became of it; its place is free again. */
  used: readonly Charge[];
  /** What clients are told of. */
  shown: ShownLimits;
}

const heldToOf = oncePer((terms: readonly Terms[]): HeldTo => {
  const limits = terms.flatMap(metersOf).filter((meter): meter is LimitMeter => meter.budget === undefined && isUnfiltered(meter));
  const charged = (meters: readonly LimitMeter[]): Charge[] => meters.map((meter) => ({ quota: meter.quota(), amount: 1 }));
  const requests = limits.filter(({ of }) => of === 'requests');
  const counted = limits.filter(({ of }) => of === 'requests' || of === 'concurrent');
  const tokens = limits.filter(({ of }) => of === 'tokens');
  return {
    counted,
    reserved: charged(counted),
    used: charged(requests),
    shown: { requests: requests.map((meter) => meter.quota()), tokens: tokens.map((meter) => meter.quota()) },
  };
});
