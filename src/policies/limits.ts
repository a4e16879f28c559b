import { GatewayError } from '../errors.ts';
import { isShortage, type Quotas, type Reservation, type Shortage } from '../quotas/quotas.ts';
import { StoreError } from '../stores/store.ts';
import type { Charge } from '../stores/quota.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import { limitHeaders, type ShownLimits } from './limit-headers.ts';
import { isUnfiltered, metersOf, type LimitMeter, type Meter } from './meters.ts';
import type { Policy, PolicyRun } from './policy.ts';
import { refusedByLimit } from './refusals.ts';
import type { Terms } from './terms.ts';

type Header = readonly [name: string, value: string];

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
    return held === undefined ? undefined : new LimitRun(held, signal, parts);
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

/** A store that cannot do its work is no bug, and the client may try again. */
export function unaccountable(error: unknown): never {
  if (!(error instanceof StoreError)) throw error;
  throw new GatewayError('gateway-unavailable', 'The gateway cannot account for this request now. Try again later.', {
    cause: error,
    retryAfterSeconds: 1,
  });
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

/** Made once for each list of terms: it goes when the terms go. */
const known = new WeakMap<readonly Terms[], HeldTo>();

/** Undefined where nothing is counted before a request is read, and clients are told of nothing. */
function heldToOf(terms: readonly Terms[]): HeldTo | undefined {
  let held = known.get(terms);
  if (held === undefined) {
    held = makeHeldTo(terms.flatMap(metersOf).filter((meter): meter is LimitMeter => meter.budget === undefined && isUnfiltered(meter)));
    known.set(terms, held);
  }
  return held.counted.length === 0 && held.shown.tokens.length === 0 ? undefined : held;
}

function makeHeldTo(limits: readonly LimitMeter[]): HeldTo {
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
}
