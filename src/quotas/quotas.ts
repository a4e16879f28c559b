import type { LedgerEntry } from '../stores/entry.ts';
import type { Charge, Quota } from '../stores/quota.ts';

/**
 * What this process may use of every quota, by leases from the store. Whoever reserves within a lease waits for nobody;
 * beyond it, the store is asked, together with all that waits to be booked.
 */
export interface Quotas {
  /**
   * Holds amounts of several quotas, all of them or none. At once where the leases have them, else the promise of the store's word.
   * Rejects with StoreError where the store is out of reach, the leases have not enough, and the config says to refuse then.
   */
  reserve(charges: readonly Charge[], signal?: AbortSignal): Reservation | Shortage | Promise<Reservation | Shortage>;
  /** Books an entry that nothing was reserved for, with what it used. */
  record(entry: LedgerEntry, used: readonly Charge[]): void;
  /** Has the store say how quotas stand of which nothing is known here yet; undefined where all are known. Where the store is out of reach nothing more is known after it. What was not heard of for some seconds is asked anew, which nobody waits for. */
  know(quotas: readonly Quota[]): Promise<void> | undefined;
  /**
   * How a quota stands, as far as is known here; undefined where it is not yet. Asks nobody, and costs nothing.
   * What others spent is in it as the store said last: two seconds ago while it is used, longer where it was not.
   */
  standing(quota: Quota): Standing | undefined;
  /** How many processes share the store, this one included, as far as is known. */
  readonly holders: number;
  /** Returns once everything booked so far is kept. Rejects with StoreError where it cannot be; entries stay queued. */
  flush(): Promise<void>;
  /** Books what waits, gives all leases back, and lets nobody reserve any more. Rejects where the store cannot be reached; what was not booked is then lost, and the error says how much. */
  close(): Promise<void>;
}

/** Held amounts. It ends by the first call of `settle` or `release`; every later call of any method changes nothing and returns false. */
export interface Reservation {
  /** What is held of a quota now; 0 where nothing is. */
  held(quotaId: string): number;
  /**
   * Holds this much more of each quota (or less, where negative), all or none: true or false at once where the leases tell, else the promise of it.
   * Where the store is out of reach it is as with `reserve`: false, or true where the config says to go on.
   */
  adjust(changes: readonly Charge[]): boolean | Promise<boolean>;
  /** Books the entry, and what was really used of each quota, reserved or not, more or less than was held; frees the rest. */
  settle(entry: LedgerEntry | undefined, used: readonly Charge[]): boolean;
  /** Frees what was held: nothing was used. */
  release(): boolean;
}

/** Why nothing could be held. */
export interface Shortage {
  /** The quota that has not enough. */
  quota: Quota;
  needed: number;
  /** What can still be had of it by anybody. */
  left: bigint;
  /** Held by requests under way, here and elsewhere, as far as is known: it may come back. */
  running: bigint;
  /** When there will be enough, in milliseconds from now; undefined where that cannot be told. */
  retryAfterMs: number | undefined;
}

export const isShortage = (result: Reservation | Shortage): result is Shortage => 'needed' in result;

/** How a quota stands, for headers and for steps to take: to the unit up to 2^53, nine million dollars, and to 16 digits beyond. What must be exact is asked of the store. */
export interface Standing {
  limit: number;
  /** Added by an admin, for budgets. */
  extra: number;
  /** Spent in the period, what is not booked yet included; 0 for what is no budget. */
  spent: number;
  /** Held by requests under way, or leased to other processes. */
  held: number;
  /** What can still be had; 0 or more. */
  left: number;
  /** For rates: until the bucket is full again, in milliseconds; 0 for others. */
  fullInMs: number;
}
