import type { LedgerEntry } from '../stores/entry.ts';
import type { Charge, Quota } from '../stores/quota.ts';
import type { StoreError } from '../stores/store.ts';
import { change, checkAmounts, giveBack, hold, usableOf, type Account, type Part } from './account.ts';
import type { Books, Spending } from './books.ts';
import type { Reservation } from './quotas.ts';
import { isHopeless, needsOf, type Need, type Waiters } from './waiters.ts';

/** What reservations have to do with. */
export interface Desk {
  readonly books: Books;
  readonly waiters: Waiters;
  /** Whether requests go on beyond the leases while the store is out of reach. */
  readonly goesOn: boolean;
  now(): number;
  /** Why the store cannot be asked now; undefined where it can. */
  outage(): StoreError | undefined;
  /** The next sync has something to tell. */
  tell(): void;
  /** Asks the store at once. */
  ask(): void;
  /** More has become free. */
  freed(): void;
  /** Whether the books are closed for good; notes an entry that comes too late. */
  isOver(entry: LedgerEntry | undefined): boolean;
}

/** Takes all charges out of the leases, in the order of the charges; undefined, and nothing taken, where one does not fit or others wait for it. */
export function takeAll(books: Books, charges: readonly Charge[]): Part[] | undefined {
  const parts: Part[] = [];
  for (const { quota, amount } of charges) {
    const account = books.account(quota);
    if (amount > 0 && (account.free - account.over < amount || account.claims > 0)) {
      for (const part of parts) giveBack(part);
      return undefined;
    }
    parts.push(hold(account, amount));
  }
  return parts;
}

/** How fresh the store's word must be that there is no more, for it not to be asked again, in milliseconds. */
const freshMs = 50;

/** Whether the store has just said that there is less than is needed. */
export function isKnownShort(account: Account, amount: number, now: number): boolean {
  const sinceMs = now - account.refusedAt;
  return sinceMs >= 0 && sinceMs < freshMs && usableOf(account) < amount && isHopeless(account, amount, now);
}

/** What one request holds. */
export class HeldReservation implements Reservation {
  readonly #desk: Desk;
  readonly #parts: Part[];
  #isOver = false;
  /** Changes that wait for leases, with how they are told that the reservation is over. */
  #pending: Map<readonly Need[], () => void> | undefined;

  constructor(desk: Desk, parts: Part[]) {
    this.#desk = desk;
    this.#parts = parts;
  }

  held(quotaId: string): number {
    if (this.#isOver) return 0;
    let held = 0;
    for (const part of this.#parts) if (part.account.quota.id === quotaId) held += part.held + part.aged;
    return held;
  }

  adjust(changes: readonly Charge[]): boolean | Promise<boolean> {
    checkAmounts(changes, true);
    if (this.#isOver) return false;
    this.#desk.tell();
    const { books, waiters, goesOn } = this.#desk;
    if (fits(books, changes)) return this.take(changes);
    const outage = this.#desk.outage();
    if (outage !== undefined) return goesOn && this.take(changes);
    const needs = needsOf(changes, ({ quota }) => books.account(quota));
    if (needs.some(({ account, amount }) => isKnownShort(account, amount, this.#desk.now()))) return false;
    return new Promise((resolve) => {
      this.#pending ??= new Map();
      this.#pending.set(needs, () => resolve(false));
      const end = (result: boolean): void => {
        this.#pending?.delete(needs);
        resolve(result);
      };
      waiters.add({ needs, isRunning: true, grant: () => end(this.take(changes)), refuse: () => end(false), fail: () => end(false) });
      this.#desk.ask();
    });
  }

  settle(entry: LedgerEntry | undefined, used: readonly Charge[]): boolean {
    checkAmounts(used);
    if (this.#isOver || this.#desk.isOver(entry)) return false;
    const isWaitedFor = this.#end();
    const spent: Spending[] | undefined = entry === undefined ? undefined : [];
    const { books } = this.#desk;
    for (const { quota, amount } of used) {
      const account = this.#accountOf(quota);
      books.spend(account, Math.max(0, amount - this.#takeAged(account, amount)), spent);
    }
    if (entry !== undefined) books.queue(entry, spent ?? []);
    this.#desk.tell();
    if (isWaitedFor) this.#desk.freed();
    return true;
  }

  release(): boolean {
    if (this.#isOver) return false;
    const isWaitedFor = this.#end();
    this.#desk.tell();
    if (isWaitedFor) this.#desk.freed();
    return true;
  }

  /** One that something was held of, mostly; `#end` has touched it. */
  #accountOf(quota: Quota): Account {
    for (const { account } of this.#parts) if (account.quota === quota && account.isListed) return account;
    return this.#desk.books.account(quota);
  }

  /** What of an amount used was counted as spent before. */
  #takeAged(account: Account, amount: number): number {
    let aged = 0;
    for (const part of this.#parts) {
      if (part.account.quota.id !== account.quota.id) continue;
      const counted = Math.min(part.aged, amount - aged);
      part.aged -= counted;
      aged += counted;
    }
    return aged;
  }

  /** Frees what is held; true where others wait for it. */
  #end(): boolean {
    this.#isOver = true;
    let isWaitedFor = false;
    for (const part of this.#parts) {
      giveBack(part);
      this.#desk.books.touch(part.account);
      isWaitedFor ||= part.account.claims > 0;
    }
    for (const [needs, cancel] of this.#pending ?? []) {
      this.#desk.waiters.remove(needs);
      cancel();
    }
    this.#pending = undefined;
    return isWaitedFor;
  }

  /** Takes more, or less, whether the leases have it or not. */
  take(changes: readonly Charge[]): true {
    let isWaitedFor = false;
    for (const { quota, amount } of changes) {
      const account = this.#desk.books.account(quota);
      const part = this.#parts.find((each) => each.account === account);
      if (part !== undefined) change(part, amount);
      else if (amount > 0) this.#parts.push(hold(account, amount));
      isWaitedFor ||= amount < 0 && account.claims > 0;
    }
    if (isWaitedFor) this.#desk.freed();
    return true;
  }
}

/** Whether the leases have what is asked for beyond what is held; streams that run go before whoever waits to begin. */
function fits(books: Books, changes: readonly Charge[]): boolean {
  return changes.every(({ quota, amount }) => amount <= 0 || usableOf(books.account(quota)) >= neededOf(quota.id, changes));
}

/** All that is needed of a quota: it may be named more than once. */
function neededOf(quotaId: string, changes: readonly Charge[]): number {
  let needed = 0;
  for (const { quota, amount } of changes) if (amount > 0 && quota.id === quotaId) needed += amount;
  return needed;
}
