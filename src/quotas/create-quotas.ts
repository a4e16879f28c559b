import type { LedgerEntry } from '../stores/entry.ts';
import type { Charge, Quota } from '../stores/quota.ts';
import { type Store, StoreError } from '../stores/store.ts';
import { checkAmounts } from './account.ts';
import { Books, type Spending } from './books.ts';
import type { Quotas, Reservation, Shortage, Standing } from './quotas.ts';
import { HeldReservation, isKnownShort, takeAll, type Desk } from './reservation.ts';
import { standingOf } from './shortage.ts';
import type { Schedule } from './ask-store.ts';
import { SyncLoop, type QuotaEvent } from './sync-loop.ts';
import { needsOf, Waiters, worst } from './waiters.ts';

/** What a process's share of the quotas works with. */
export interface QuotasOptions {
  store: Pick<Store, 'sync'>;
  /** Random id of this process's life: another one after each start. */
  holder: string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** 0 to 1, 1 excluded. */
  random: () => number;
  onEvent: (event: QuotaEvent) => void;
  /** Hears how long a request waited for the store, in milliseconds, where its lease was not enough; for metrics. */
  onWaited?: (ms: number) => void;
  /** What becomes of requests beyond the leases while the store is out of reach. What they use is told when it is back. */
  whenGone: 'refuse' | 'go-on';
  /** How often the store is told what was used, in milliseconds; at most what is lost of entries and budgets when the process is killed, of rates up to a hundredth. Defaults to 200. */
  syncIntervalMs?: number;
  /** How many entries may wait for a store that is out of reach; then requests are refused. Defaults to 100,000. */
  maxQueuedEntries?: number;
  /** Defaults to timers that keep no process alive. */
  schedule?: Schedule;
}

/** How long the store's word counts for those who only look, in milliseconds: then it is asked anew, and nobody waits for that. */
const freshMs = 5000;

const timers: Schedule = (run, inMs) => {
  const timer = setTimeout(run, inMs).unref();
  return () => clearTimeout(timer);
};

/** Opens this process's share of the quotas that a store counts. */
export function createQuotas(options: QuotasOptions): Quotas {
  return new LeasedQuotas(options);
}

class LeasedQuotas implements Quotas, Desk {
  readonly books = new Books();
  readonly waiters: Waiters;
  readonly goesOn: boolean;
  readonly #loop: SyncLoop;
  readonly #now: () => number;
  readonly #onEvent: (event: QuotaEvent) => void;
  readonly #onWaited: (ms: number) => void;
  readonly #maxQueuedEntries: number;
  #isClosed = false;
  #hasEnded = false;

  constructor({ whenGone, syncIntervalMs = 200, maxQueuedEntries = 100_000, schedule = timers, onWaited = () => {}, ...options }: QuotasOptions) {
    this.goesOn = whenGone === 'go-on';
    this.waiters = new Waiters(options.now);
    this.#now = options.now;
    this.#onEvent = options.onEvent;
    this.#onWaited = onWaited;
    this.#maxQueuedEntries = maxQueuedEntries;
    this.#loop = new SyncLoop(this.books, this.waiters, { ...options, goesOn: this.goesOn, syncIntervalMs, schedule });
  }

  get holders(): number {
    return this.#loop.holders;
  }

  reserve(charges: readonly Charge[], signal?: AbortSignal): Reservation | Shortage | Promise<Reservation | Shortage> {
    checkAmounts(charges);
    if (this.#isClosed || this.books.queueLength >= this.#maxQueuedEntries) return Promise.reject(this.#whyClosed());
    this.#loop.tell();
    const parts = takeAll(this.books, charges);
    return parts === undefined ? this.#reserveLater(charges, signal) : new HeldReservation(this, parts);
  }

  #reserveLater(charges: readonly Charge[], signal: AbortSignal | undefined): Reservation | Shortage | Promise<Reservation | Shortage> {
    const outage = this.#loop.failure;
    if (outage !== undefined) return this.goesOn ? this.#holdAnyway(charges) : Promise.reject(outage);
    const needs = needsOf(charges, ({ quota }) => this.books.account(quota));
    const short = needs.filter(({ account, amount }) => isKnownShort(account, amount, this.#now()));
    const known = worst(short, this.#now());
    if (known !== undefined) return known;
    if (signal?.aborted === true) return Promise.reject(new Error('Nobody waits for the reservation.', { cause: signal.reason }));
    const since = this.#now();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiters.remove(needs);
        reject(new Error('Nobody waits for the reservation any more.', { cause: signal?.reason }));
      };
      signal?.addEventListener('abort', abort, { once: true });
      const unhook = (): void => {
        signal?.removeEventListener('abort', abort);
        this.#onWaited(Math.max(0, this.#now() - since));
      };
      this.waiters.add({
        needs,
        isRunning: false,
        grant: () => (unhook(), resolve(this.#holdAnyway(charges))),
        refuse: (shortage) => (unhook(), resolve(shortage)),
        fail: (error) => (unhook(), reject(error)),
      });
      this.#loop.ask();
    });
  }

  /** Takes the charges whether the leases have them or not. */
  #holdAnyway(charges: readonly Charge[]): Reservation {
    const reservation = new HeldReservation(this, []);
    reservation.take(charges);
    return reservation;
  }

  record(entry: LedgerEntry, used: readonly Charge[]): void {
    checkAmounts(used);
    if (this.#hasEnded || this.books.queueLength >= this.#maxQueuedEntries) {
      this.#onEvent({ type: 'entries-dropped', count: 1 });
      return;
    }
    const spent: Spending[] = [];
    for (const { quota, amount } of used) this.books.spend(this.books.account(quota), amount, spent);
    this.books.queue(entry, spent);
    this.#loop.tell();
  }

  know(quotas: readonly Quota[]): Promise<void> | undefined {
    let unknown: Quota[] | undefined;
    for (const quota of quotas) {
      const account = this.books.known(quota.id);
      if (account?.state === undefined) (unknown ??= []).push(quota);
      else if (!account.mustBeNamed && Math.abs(this.#now() - account.stateAt) > freshMs) {
        this.books.nameSoon(account);
        this.#loop.tell();
      }
    }
    if (unknown === undefined) return undefined;
    if (this.#isClosed || this.#loop.failure !== undefined) return Promise.resolve();
    for (const quota of unknown) this.books.name(this.books.account(quota));
    return this.#loop.nextWord();
  }

  standing(quota: Quota): Standing | undefined {
    const account = this.books.known(quota.id);
    return account === undefined ? undefined : standingOf(account, quota, this.#now());
  }

  flush(): Promise<void> {
    return this.#hasEnded ? Promise.resolve() : this.#loop.flush();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.waiters.endAll((waiter) => waiter.fail(this.#whyClosed()));
    try {
      await this.#loop.close();
    } catch (error) {
      const lost = this.#loop.unbooked;
      throw new StoreError(`The store is out of reach at the end: ${lost} entries of the ledger could not be booked and are lost.`, error);
    } finally {
      this.#hasEnded = true;
    }
  }

  #whyClosed(): StoreError {
    return new StoreError(
      this.#isClosed
        ? 'The gateway is shutting down. Send the request again.'
        : `${this.books.queueLength} entries of the ledger wait for a store that is out of reach, and no more are kept. Bring the store back.`,
    );
  }

  now(): number {
    return this.#now();
  }

  outage(): StoreError | undefined {
    return this.#loop.failure;
  }

  tell(): void {
    this.#loop.tell();
  }

  ask(): void {
    this.#loop.ask();
  }

  freed(): void {
    this.#loop.freed();
  }

  isOver(entry: LedgerEntry | undefined): boolean {
    if (this.#hasEnded && entry !== undefined) this.#onEvent({ type: 'entries-dropped', count: 1 });
    return this.#hasEnded;
  }
}
