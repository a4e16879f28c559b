import type { Usage } from '../llm/usage.ts';
import type { Outcome } from '../policies/policy.ts';
import type { ProtocolName } from '../protocols/protocol.ts';

/** What one exchange, or one attempt of it, cost. Everything that is spent is the sum of these. */
export interface LedgerEntry {
  /** Unique for ever: an entry that is booked twice counts once. The exchange's id, for an attempt with its number behind it. */
  id: string;
  /** Id of the exchange, for finding it in logs and traces. */
  exchange: string;
  /** `exchange`: what a request cost. `attempt`: an attempt that failed, and that its provider bills all the same. `mirror`: a copy. */
  kind: 'exchange' | 'attempt' | 'mirror';
  /** Who pays: names of tenants, from the outermost to the one that called. */
  tenants: readonly [string, ...string[]];
  /** The tenant's user who called; empty where none is known. */
  user: string;
  /** Id of the virtual key, or how the caller was known, such as `jwt`. */
  key: string;
  /** The client's protocol; `pass-through` for a call that nobody read. */
  protocol: ProtocolName | 'pass-through';
  /** The name the client asked for. */
  model: string;
  /** Name of the model that served it, after rules, experiments and steps of budgets. */
  served: string;
  /** Name of the rule that led there; empty where none did. */
  route: string;
  /** Name of the provider. */
  provider: string;
  /** Name of the deployment that answered or was last written to. */
  deployment: string;
  /** The provider's own id of the model. */
  providerModel: string;
  /** Attempts that were made. */
  attempts: number;
  usage: Usage;
  /** What was booked, in nano-dollars. */
  costNanos: number;
  /** Which prices it was reckoned with, such as `catalogue 0.1.8` or `config 2026-11-01`; empty where there was none. */
  priceVersion: string;
  /** The provider reported no full usage: `usage` is reckoned from the bytes that were sent and delivered. */
  estimated: boolean;
  /** No price was known, so `costNanos` is no price of `usage`: 0, or under a budget what had been reserved. */
  unpriced: boolean;
  /** Whether a cache answered. */
  cache: 'none' | 'hit';
  /** How the exchange ended. */
  end: Outcome['end'];
  /** HTTP status the client got; 0 where it got none. */
  status: number;
  /** Code of the error that the client got from us, or how the attempt failed; empty for none. */
  reason: string;
  /** The step of a budget's ladder that was taken, such as `use`; empty for none. */
  step: string;
  /** The experiments that it took part in, each as `experiment:variant`. */
  experiments: readonly string[];
  /** The caller's own labels, at most 8. */
  labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** Milliseconds since 1970. */
  endedAt: number;
}
