import type { InFlight } from './in-flight.ts';
import type { Knowledge } from './knowledge.ts';
import { standingAfter } from './rest.ts';
import type { Standing } from './standing.ts';

/** One deployment at one account, for people and metrics. */
export interface HealthReport {
  /** With the account. */
  id: string;
  /** Without it. */
  name: string;
  standing: Standing;
  /** Share of the recent attempts that failed, 0 to 1; undefined where there were none. */
  failureRate: number | undefined;
  firstTokenMs: number | undefined;
  tokensPerSecond: number | undefined;
  /** Share of its vendor's limits that is left, 0 to 1; undefined where the vendor tells nothing. */
  headroom: number | undefined;
  /** Attempts under way. */
  inFlight: number;
}

/** What is known of every deployment that something is known of. */
export function reportOf({ deployments, accounts }: Knowledge, inFlight: InFlight, now: number): HealthReport[] {
  const accountRests = new Map(accounts.all().map(([id, { rest }]) => [id, rest]));
  return deployments.all().map(([id, { breaker, setAside, latency, headroom }]) => {
    const account = id.slice(0, id.indexOf('/'));
    const { firstTokenMs, tokensPerSecond } = latency.latency();
    return {
      id,
      name: `${providerOf(account)}${id.slice(account.length)}`,
      standing: standingAfter([accountRests.get(account), setAside.rest, breaker.rest], now),
      failureRate: breaker.failureRate(),
      firstTokenMs,
      tokensPerSecond,
      headroom: headroom.left(),
      inFlight: inFlight.at(id),
    };
  });
}

const providerOf = (account: string): string => account.split('#', 1)[0] ?? account;
