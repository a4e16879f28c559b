import type { LedgerEntry } from '../stores/entry.ts';
import type { Quota } from '../stores/quota.ts';
import { Account, holdsNothing, take } from './account.ts';

/** An entry that waits to be booked, with what it spent of budgets: both reach the store together, so that its totals are always the sum of its entries. */
export interface Booking {
  entry: LedgerEntry;
  spent: readonly Spending[];
}

export interface Spending {
  account: Account;
  amount: number;
}

/** After how many windows of time without any use a quota is forgotten that nothing is held of. */
const forgetAfterWindows = 40;
/** Beyond this many known quotas, those are forgotten sooner: their ids hold names that callers choose. */
const manyAccounts = 50_000;

/** What this process holds and knows of all quotas, and what it has to tell the store. */
export class Books {
  readonly #accounts = new Map<string, Account>();
  readonly #listed = new Set<Account>();
  #touched: Account[] = [];
  /** Something was idle when it was last looked at that others may come to need. */
  hasIdle = false;
  /** Those that the next sync has to name, however soon it is. */
  readonly urgent = new Set<Account>();
  #queue: Booking[] = [];
  /** Counts all entries that were ever queued. */
  queuedEver = 0;

  /** Those that may hold something. */
  get listed(): ReadonlySet<Account> {
    return this.#listed;
  }

  /** Whether something was done with any since `takeTouched` was asked. */
  get hasTouched(): boolean {
    return this.#touched.length > 0;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  known(quotaId: string): Account | undefined {
    return this.#accounts.get(quotaId);
  }

  /** The account of a quota, new where there is none yet. */
  account(quota: Quota): Account {
    let account = this.#accounts.get(quota.id);
    if (account === undefined) {
      account = new Account(quota);
      this.#accounts.set(quota.id, account);
    } else if (account.quota !== quota) this.#renew(account, quota);
    this.list(account);
    return account;
  }

  /** Lists an account, and has the next regular sync look at it. */
  list(account: Account): void {
    if (!account.isListed) {
      account.isListed = true;
      this.#listed.add(account);
    }
    if (account.isTouched) return;
    account.isTouched = true;
    this.#touched.push(account);
  }

  /** Something was done with an account. One that is not listed holds nothing, and may have been forgotten: there is nothing to tell of it. */
  touch(account: Account): void {
    if (account.isListed) this.list(account);
  }

  /** Those that something was done with since this was asked last; they may hold nothing any more. */
  takeTouched(): readonly Account[] {
    const touched = this.#touched;
    this.#touched = [];
    for (const account of touched) account.isTouched = false;
    return touched;
  }

  #renew(account: Account, quota: Quota): void {
    if (quota.limit !== account.quota.limit) account.mustBeNamed = true;
    if (quota.limit < account.quota.limit && account.free > 0) {
      account.isShrunk = true;
      this.urgent.add(account);
    }
    account.quota = quota;
  }

  /** Has the next sync name it, however soon that is, whatever there is to tell. */
  name(account: Account): void {
    this.nameSoon(account);
    this.urgent.add(account);
  }

  /** Has the next regular sync name it, whatever there is to tell. */
  nameSoon(account: Account): void {
    account.mustBeNamed = true;
    this.list(account);
  }

  /** What the store said of budgets may not hold any more: it is asked anew with the next spending, or by whoever wants to know. */
  mistrustBudgets(): void {
    for (const account of this.#accounts.values()) if (account.quota.kind === 'budget') account.stateAt = Number.NEGATIVE_INFINITY;
  }

  /** Spends an amount for good, with an entry or without. Places are not spent. */
  spend(account: Account, amount: number, spent: Spending[] | undefined): void {
    if (account.quota.kind === 'slots' || amount === 0) return;
    take(account, amount);
    if (spent === undefined || account.quota.kind === 'rate') account.loose += amount;
    else {
      account.queued += amount;
      spent.push({ account, amount });
    }
  }

  queue(entry: LedgerEntry, spent: readonly Spending[]): void {
    this.#queue.push({ entry, spent });
    this.queuedEver += 1;
  }

  /** Takes the oldest bookings out of the queue. */
  nextBookings(most: number): Booking[] {
    const next = this.#queue.slice(0, most);
    this.#queue = this.#queue.slice(most);
    return next;
  }

  /** Forgets what was not used for a while. */
  forget(): void {
    for (const account of this.#listed) {
      if (account.restedWindows < 2 || account.isTouched || !holdsNothing(account)) continue;
      account.isListed = false;
      this.#listed.delete(account);
    }
    const after = this.#accounts.size > manyAccounts ? 2 : forgetAfterWindows;
    for (const [id, account] of this.#accounts) {
      if (account.isListed || account.isOnItsWay) continue;
      account.restedWindows += 1;
      if (account.restedWindows > after) this.#accounts.delete(id);
    }
  }
}
