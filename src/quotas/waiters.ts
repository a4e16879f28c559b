import type { Charge } from '../stores/quota.ts';
import type { StoreError } from '../stores/store.ts';
import { usableOf, type Account } from './account.ts';
import type { Shortage } from './quotas.ts';
import { leftAtStore, shortageOf } from './shortage.ts';

/** How often a request asks for what others hold and could give back: about a second in all. */
const maxPolls = 13;

/** A request that needs more of some quotas than is leased, with how it hears of the end. */
export interface Waiter {
  needs: readonly Need[];
  /** Its stream runs already: it goes before those that have not begun. */
  isRunning: boolean;
  /** The lease has it all now; or nothing could be asked, and the config says to go on. */
  grant(): void;
  refuse(shortage: Shortage): void;
  fail(error: StoreError): void;
}

export interface Need {
  readonly account: Account;
  readonly amount: number;
  /** It is short, or waits behind somebody who is: whoever comes later waits behind it. */
  isClaimed: boolean;
}

/** What is needed of several quotas; amounts of one quota are added up. */
export function needsOf(charges: readonly Charge[], find: (charge: Charge) => Account): Need[] {
  const needs = new Map<Account, number>();
  for (const charge of charges) {
    if (charge.amount <= 0) continue;
    const account = find(charge);
    needs.set(account, (needs.get(account) ?? 0) + charge.amount);
  }
  return Array.from(needs, ([account, amount]) => ({ account, amount, isClaimed: false }));
}

const isShort = ({ account, amount }: Need): boolean => usableOf(account) < amount;

/**
 * Those who wait for leases, in their order. Who is short of a quota keeps its place there: nobody who came later takes of it first.
 * Quotas that one is not short of are free for others meanwhile, so that a tenant without money keeps nobody from a model that both use.
 */
export class Waiters {
  #waiting: (Waiter & { polls: number })[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get length(): number {
    return this.#waiting.length;
  }

  [Symbol.iterator](): Iterator<Waiter> {
    return this.#waiting[Symbol.iterator]();
  }

  add(waiter: Waiter): void {
    const added = { ...waiter, polls: 0 };
    const behind = waiter.isRunning ? this.#waiting.findIndex(({ isRunning }) => !isRunning) : -1;
    if (behind === -1) this.#waiting.push(added);
    else this.#waiting.splice(behind, 0, added);
    for (const need of waiter.needs) {
      if (isShort(need) || need.account.claims > 0) claim(need);
    }
  }

  /** Grants what fits now, in order; returns how many it was. */
  serve(): number {
    const before = this.#waiting.length;
    const blocked = new Set<Account>();
    this.#keep((waiter) => {
      if (waiter.needs.every((need) => !isShort(need) && !blocked.has(need.account))) {
        this.#end(waiter);
        waiter.grant();
        return false;
      }
      for (const need of waiter.needs) {
        if (isShort(need) || blocked.has(need.account)) {
          claim(need);
          blocked.add(need.account);
        } else unclaim(need);
      }
      return true;
    });
    return before - this.#waiting.length;
  }

  /** Refuses those who need more than can be had anywhere, by what the store has just said of the quotas that it could not lease; and those who have asked long enough. Returns how many. */
  refuse(asked: ReadonlySet<Account>, isPoll: boolean): number {
    const before = this.#waiting.length;
    this.#keep((waiter) => {
      const shortages = waiter.needs.filter((need) => asked.has(need.account) && isShort(need));
      if (shortages.length === 0) return true;
      if (isPoll) waiter.polls += 1;
      const hopeless = waiter.polls > maxPolls ? shortages : shortages.filter((need) => isHopeless(need.account, need.amount, this.#now()));
      const shortage = worst(hopeless, this.#now());
      if (shortage === undefined) return true;
      this.#end(waiter);
      waiter.refuse(shortage);
      return false;
    });
    return before - this.#waiting.length;
  }

  /** Ends all: the store is out of reach, or the gateway is. */
  endAll(how: (waiter: Waiter) => void): void {
    this.#keep((waiter) => {
      this.#end(waiter);
      how(waiter);
      return false;
    });
  }

  /** Takes one out who waits no more. */
  remove(needs: readonly Need[]): void {
    this.#keep((waiter) => {
      if (waiter.needs !== needs) return true;
      this.#end(waiter);
      return false;
    });
  }

  /** Whoever is told the end may ask anew at once: those who come meanwhile stay. */
  #keep(stays: (waiter: Waiter & { polls: number }) => boolean): void {
    const before = this.#waiting;
    this.#waiting = [];
    const kept = before.filter(stays);
    this.#waiting = this.#waiting.length === 0 ? kept : [...kept, ...this.#waiting];
  }

  #end(waiter: Waiter): void {
    for (const need of waiter.needs) unclaim(need);
  }
}

function claim(need: Need): void {
  if (need.isClaimed) return;
  need.isClaimed = true;
  need.account.claims += 1;
}

function unclaim(need: Need): void {
  if (!need.isClaimed) return;
  need.isClaimed = false;
  need.account.claims -= 1;
}

/** Neither the store has it nor can another process give it back, as the store said last. */
export function isHopeless(account: Account, amount: number, now: number): boolean {
  const { state } = account;
  if (state === undefined) return false;
  return BigInt(amount) > leftAtStore(account, state, now) + state.idleElsewhere + BigInt(Math.max(0, usableOf(account)));
}

/** The shortage that lasts longest: it makes no sense to come back sooner. */
export function worst(needs: readonly Need[], now: number): Shortage | undefined {
  let found: Shortage | undefined;
  for (const { account, amount } of needs) {
    if (account.state === undefined) continue;
    const shortage = shortageOf(account, account.state, amount, now);
    const lastsLonger = (shortage.retryAfterMs ?? Number.POSITIVE_INFINITY) > (found?.retryAfterMs ?? Number.POSITIVE_INFINITY);
    if (found === undefined || lastsLonger) found = shortage;
  }
  return found;
}
