import type { Usage } from '../llm/usage.ts';
import type { Outcome } from '../policies/policy.ts';
import type { ProtocolName } from '../protocols/protocol.ts';

/**
 * Where money is kept: what every exchange cost, and what each tenant has spent and reserved in the current period.
 * Spend is always the sum of the entries. Amounts are nano-dollars; `bigint` in sums, because years of traffic outgrow a float.
 */
export interface Ledger {
  /** Holds an amount if spent + reserved + amount stays within the limit, else undefined. Atomic: nothing comes between the check and the hold. Throws where the store is in no state to account for it. */
  reserve(request: Reservation): Promise<Hold | undefined> | Hold | undefined;
  /** What the tenant's entries of the current period add up to. */
  spent(tenant: string): bigint;
  /** What the tenant's open holds of the current period add up to. */
  reserved(tenant: string): bigint;
  /** Books an exchange that had no hold, in the period in which it began. */
  record(entry: LedgerEntry): void;
  /** Returns once everything booked so far is kept. Rejects where it cannot be; the entries stay queued. */
  flush(): Promise<void>;
  /** Flushes and lets go of the store, also where the flush fails; open holds are given up. */
  close(): Promise<void>;
}

export interface Reservation {
  tenant: string;
  amountNanos: number;
  /** What the tenant may spend per period. */
  limitNanos: bigint;
}

/** Reserved money. It ends by the first call of either method; every later one changes nothing and returns false. */
export interface Hold {
  readonly amountNanos: number;
  /** Books the entry in the period of the reservation, even if that is over by now, and frees what was reserved. */
  settle(entry: LedgerEntry): boolean;
  /** Frees what was reserved: no provider was called, so there is no entry. */
  release(): boolean;
}

/** An exchange that reached a provider, and what it cost. */
export interface LedgerEntry {
  /** Id of the exchange, for finding it in logs and traces. */
  exchange: string;
  tenant: string;
  /** Name of the virtual key. */
  key: string;
  /** The client's protocol; `pass-through` for a call that nobody read. */
  protocol: ProtocolName | 'pass-through';
  /** The name the client asked for. */
  model: string;
  /** Name of the deployment that answered or was last written to. */
  deployment: string;
  providerModel: string;
  usage: Usage;
  /** What was booked. */
  costNanos: number;
  /** The provider reported no full usage: `usage` is reckoned from the bytes that were sent and delivered. */
  estimated: boolean;
  /** No price was known, so `costNanos` is no price of `usage`: 0, or under a budget what had been reserved. */
  unpriced: boolean;
  /** How the exchange ended. */
  end: Outcome['end'];
  /** HTTP status the client got; 0 where it got none. */
  status: number;
  attempts: number;
  /** The experiments that it took part in, each as `experiment:variant`. */
  experiments: readonly string[];
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** A store that cannot be opened or written; the message is a sentence that says what to do. */
export class StoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
  }
}
