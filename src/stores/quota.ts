/** Something that may be used up: what requests are held to. One store counts it for all gateways. */
export type Quota = BudgetQuota | RateQuota | SlotsQuota;

/** Money or tokens that may be spent in one period. What is spent stays spent until the next period, which is a quota of its own. */
export interface BudgetQuota {
  kind: 'budget';
  /** The same for the same owner, period, filter and unit in every gateway, whatever the limit is now. */
  id: string;
  /** What may be spent: nano-dollars or tokens, grace included. */
  limit: bigint;
  unit: 'nanos' | 'tokens';
  /** Which ledger entries count: a store that does not know the quota yet begins with what they add up to. */
  counts: EntryFilter;
  /** The period in milliseconds since 1970: from (inclusive) to (exclusive). `total` budgets end at `Number.MAX_SAFE_INTEGER`. */
  from: number;
  to: number;
}

/** Requests or tokens per time, as a token bucket: full at first, and again `refillMs` after it was empty. */
export interface RateQuota {
  kind: 'rate';
  id: string;
  /** What the bucket holds when full. */
  limit: bigint;
  /** Time in which an empty bucket gets full, in milliseconds. */
  refillMs: number;
}

/** How many may be under way at once. */
export interface SlotsQuota {
  kind: 'slots';
  id: string;
  limit: bigint;
}

/** Which entries of the ledger are meant: those that have all that is named. */
export interface EntryFilter {
  /** A tenant anywhere in the entry's chain of tenants. */
  tenant?: string;
  /** Id of a virtual key. */
  key?: string;
  /** A user of `tenant`. */
  user?: string;
  /** Name of the model that served. */
  served?: string;
  /** Name of the provider. */
  provider?: string;
}

/** An amount of a quota, in whole units of it: nano-dollars, tokens, requests or places. */
export interface Charge {
  quota: Quota;
  amount: number;
}
