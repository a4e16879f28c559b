import { maxEntriesPerSync, type StoreError, type SyncReply } from '../stores/store.ts';
import { holdsNothing, rotate } from './account.ts';
import { askStore, toStoreError, type StoreAccess } from './ask-store.ts';
import type { Books } from './books.ts';
import { Flushes } from './flushes.ts';
import { applyReply, makeSync, needMore, sweepMs, type PendingSync, type SyncOccasion } from './sync-request.ts';
import type { Waiters } from './waiters.ts';

/** What happens to the store, and to what it keeps, for logs and metrics. */
export type QuotaEvent =
  /** The store cannot be reached. Told once, until it can be again. */
  | { type: 'store-failed'; error: StoreError }
  | { type: 'store-recovered' }
  /** This process was silent for so long that its rates and places went to others. */
  | { type: 'forgotten' }
  /** Entries that could not be kept: too many wait already, or the process had ended its books. */
  | { type: 'entries-dropped'; count: number }
  /** A virtual key was changed somewhere. */
  | { type: 'keys-changed'; version: number };

/** What syncs are made and sent with. */
export interface SyncLoopOptions extends StoreAccess {
  holder: string;
  random: () => number;
  onEvent: (event: QuotaEvent) => void;
  /** How often the store is told, in milliseconds. */
  syncIntervalMs: number;
  /** Those who wait while the store is out of reach go on. */
  goesOn: boolean;
}

/** How often the store hears from a process that holds something, in milliseconds. */
const beatMs = 2000;
/** How often it is asked whether others need what is idle, in milliseconds, so that they need not wait long. */
const askMs = 600;
/** How long the windows are that say what is needed. */
const windowMs = 1500;
const firstRetryMs = 100;
const longestRetryMs = 5000;
const triesAtEnd = 6;
/** How many syncs may follow each other at once though they help nobody: then those who wait pause. */
const askedInVain = 3;

/** Tells the store what was spent and asks for leases: one sync at a time, numbered, sent again as it was while its outcome is unknown. */
export class SyncLoop {
  readonly #options: SyncLoopOptions;
  readonly #books: Books;
  readonly #waiters: Waiters;
  /** Number of the last sync that was made. */
  #number = 0;
  #pending: PendingSync | undefined;
  #isUnderWay = false;
  #tries = 0;
  #failure: StoreError | undefined;
  #timer: { inMs: number; isPoll: boolean; cancel: () => void } | undefined;
  #isAsked = false;
  #isQueued = false;
  /** How many syncs one after the other have helped nobody who waits. */
  #inVain = 0;
  #windowMs = 0;
  /** When all that is held was looked at last, in milliseconds since 1970; undefined where it has to be at the next sync. */
  #sweptAt: number | undefined;
  readonly #flushes = new Flushes();
  #closing: { idle: () => void } | undefined;
  #keyVersion: number | undefined;
  #budgetVersion: number | undefined;
  holders = 1;

  constructor(books: Books, waiters: Waiters, options: SyncLoopOptions) {
    this.#books = books;
    this.#waiters = waiters;
    this.#options = options;
  }

  /** Why the store cannot be asked now; undefined where it can. */
  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** How many entries are not known to be kept. */
  get unbooked(): number {
    return this.#books.queueLength + (this.#pending?.request.entries.length ?? 0);
  }

  /** There is something to tell: it is, before the interval is over. Costs nothing where that is arranged already. */
  tell(): void {
    if (this.#timer === undefined || this.#timer.inMs > this.#options.syncIntervalMs) this.#arrange(this.#options.syncIntervalMs);
  }

  /** Asks as soon as all requests of this turn have said what they need. */
  ask(): void {
    this.#isAsked = true;
    this.#later();
  }

  /** More has become free: whoever waits for it gets it. */
  freed(): void {
    this.#later();
  }

  #later(): void {
    if (this.#isQueued || this.#closing !== undefined) return;
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      this.#waiters.serve();
      if (this.#isAsked && !this.#isUnderWay && this.#failure === undefined) this.#send(this.#flushes.length > 0 ? 'regular' : 'urgent');
    });
  }

  /** Returns once all that is in the books now is kept. */
  flush(): Promise<void> {
    const kept = this.#flushes.until(this.#number + 1, this.#books.queuedEver);
    if (!this.#isUnderWay) this.#send('regular');
    return kept;
  }

  /** Returns once the store has said what is asked for now, or is out of reach. */
  nextWord(): Promise<void> {
    const word = this.#flushes.until(this.#number + 1, 0).catch(() => {});
    this.ask();
    return word;
  }

  /** Books what waits and gives everything back. Throws StoreError where the store does not answer. */
  async close(): Promise<void> {
    if (this.#closing !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#closing = { idle: resolve };
      this.#timer?.cancel();
      this.#timer = undefined;
      if (!this.#isUnderWay) resolve();
    });
    let isLast = false;
    while (!isLast) {
      const pending = (this.#pending ??= this.#make('closing', false));
      await this.#sendAtEnd(pending);
      isLast = pending.isLast;
    }
  }

  async #sendAtEnd(pending: PendingSync): Promise<void> {
    const wait = (inMs: number): Promise<void> =>
      new Promise((resolve) => {
        this.#options.schedule(resolve, inMs);
      });
    for (let tries = 1; ; tries += 1) {
      try {
        this.#enter(pending, await askStore(this.#options, pending.request));
        return;
      } catch (error) {
        if (tries < triesAtEnd) await wait(firstRetryMs * 2 ** (tries - 1));
        else {
          this.#flushes.fail(toStoreError(error));
          throw toStoreError(error);
        }
      }
    }
  }

  #make(kind: SyncOccasion['kind'], isPoll: boolean): PendingSync {
    const { holder, now } = this.#options;
    this.#number += 1;
    const at = now();
    const isShared = this.holders > 1;
    const sinceMs = at - (this.#sweptAt ?? Number.NEGATIVE_INFINITY);
    const isSweep = kind === 'closing' || (kind === 'regular' && (sinceMs < 0 || sinceMs >= (isShared ? askMs : sweepMs)));
    if (isSweep) this.#sweptAt = at;
    return makeSync(this.#books, this.#waiters, { holder, number: this.#number, now: at, kind, isPoll, isSweep, isShared });
  }

  #send(kind: 'urgent' | 'regular', isPoll = false): void {
    this.#isAsked = false;
    this.#pending ??= this.#make(kind, isPoll);
    const pending = this.#pending;
    this.#isUnderWay = true;
    askStore(this.#options, pending.request).then(
      (reply) => this.#succeed(pending, reply),
      (error: unknown) => this.#fail(toStoreError(error)),
    );
  }

  #succeed(pending: PendingSync, reply: SyncReply): void {
    this.#isUnderWay = false;
    this.#tries = 0;
    this.#enter(pending, reply);
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      this.#options.onEvent({ type: 'store-recovered' });
    }
    const served = this.#waiters.serve();
    const refused = this.#waiters.refuse(pending.asked, pending.isPoll);
    if (refused > 0) this.#waiters.serve();
    if (this.#closing !== undefined) this.#closing.idle();
    else this.#goOn(pending, served + refused > 0);
  }

  #enter(pending: PendingSync, reply: SyncReply): void {
    const { now, onEvent } = this.#options;
    this.#pending = undefined;
    // Whoever came may need what is idle here, and does not know yet how much that is.
    if (this.holders === 1 && reply.holders > 1) {
      this.#sweptAt = undefined;
      for (const account of this.#books.listed) if (account.quota.kind !== 'rate' && account.free > 0) account.mustBeNamed = true;
      this.#arrange(0);
    }
    this.holders = reply.holders;
    // Whoever holds no part of a rate and no place may be silent, and loses nothing by it.
    const held = reply.wasForgotten && this.#books.listed.values().some(({ lease, quota }) => lease > 0 && quota.kind !== 'budget');
    if (this.#budgetVersion !== reply.budgetVersion) this.#books.mistrustBudgets();
    this.#budgetVersion = reply.budgetVersion;
    applyReply(this.#books, pending, reply, now());
    if (held) onEvent({ type: 'forgotten' });
    if (this.#keyVersion !== reply.keyVersion) {
      this.#keyVersion = reply.keyVersion;
      onEvent({ type: 'keys-changed', version: reply.keyVersion });
    }
    this.#flushes.answered(pending.request.number, pending.bookedEver);
  }

  /** Arranges what comes next: at once what is asked for and was not in the last sync, else in a while. */
  #goOn({ asked, isPoll }: PendingSync, hasProgressed: boolean): void {
    this.#inVain = hasProgressed || isPoll ? 0 : this.#inVain + 1;
    const mayAskMore = this.#inVain < askedInVain && needMore(this.#waiters, asked);
    const isWaitedFor = this.#waiters.length > 0 && (this.#isAsked || hasProgressed || mayAskMore);
    const isUrgent = this.#books.queueLength >= maxEntriesPerSync || this.#books.urgent.size > 0 || this.#flushes.length > 0;
    this.#isAsked = false;
    if (isUrgent || isWaitedFor) this.ask();
    else if (this.#waiters.length > 0) this.#arrange(50 + 50 * this.#options.random(), true);
    if (this.#timer === undefined && (this.#books.queueLength > 0 || this.#holdsAny()))
      this.#arrange(Math.max(this.#options.syncIntervalMs, this.#restMs()));
  }

  #holdsAny(): boolean {
    for (const account of this.#books.listed) if (!holdsNothing(account)) return true;
    return false;
  }

  /** How long nothing need be told. */
  #restMs(): number {
    if (this.#books.queueLength > 0 || this.#books.hasTouched) return 0;
    return this.#books.hasIdle ? askMs : beatMs;
  }

  #fail(error: StoreError): void {
    const { onEvent, goesOn, random } = this.#options;
    this.#isUnderWay = false;
    if (this.#failure === undefined) onEvent({ type: 'store-failed', error });
    this.#failure = error;
    this.#flushes.fail(error);
    this.#waiters.endAll((waiter) => (goesOn ? waiter.grant() : waiter.fail(error)));
    if (this.#closing !== undefined) {
      this.#closing.idle();
      return;
    }
    const inMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#tries);
    this.#tries += 1;
    this.#arrange(inMs * (0.5 + random() / 2), false, true);
  }

  /** Sees to it that the timer rings in this time, or before. */
  #arrange(inMs: number, isPoll = false, isRetry = false): void {
    if (this.#closing !== undefined) return;
    if (this.#failure !== undefined && !isRetry) {
      if (this.#timer !== undefined) return;
    } else if (this.#timer !== undefined && this.#timer.inMs <= inMs && !isRetry) {
      this.#timer.isPoll ||= isPoll;
      return;
    }
    this.#timer?.cancel();
    this.#timer = { inMs, isPoll, cancel: this.#options.schedule(() => this.#ring(), inMs) };
  }

  #ring(): void {
    const { inMs = 0, isPoll = false } = this.#timer ?? {};
    this.#timer = undefined;
    this.#windowMs += inMs;
    if (this.#windowMs >= windowMs) this.#turnWindow();
    const { queueLength, urgent, hasTouched } = this.#books;
    const isAsked = this.#waiters.length > 0 || urgent.size > 0 || hasTouched;
    const isNeeded = isAsked || queueLength > 0 || this.#pending !== undefined || this.#holdsAny();
    if (!isNeeded && !this.#isUnderWay) return;
    if (!this.#isUnderWay) this.#send('regular', isPoll);
    else this.#arrange(this.#options.syncIntervalMs);
  }

  #turnWindow(): void {
    this.#windowMs = 0;
    for (const account of this.#books.listed) rotate(account);
    this.#books.forget();
  }
}
