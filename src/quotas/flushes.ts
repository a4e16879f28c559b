import type { StoreError } from '../stores/store.ts';

interface Flush {
  /** How many entries had ever been queued when it was asked for. */
  bookedEver: number;
  /** The first sync that can answer it. */
  number: number;
  resolve(): void;
  reject(error: StoreError): void;
}

/** Those who wait until the store has heard of something. */
export class Flushes {
  #waiting: Flush[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** Once the sync of this number, or a later one, was answered and so many of the entries that were ever queued are booked. Rejects where the store is out of reach. */
  until(number: number, bookedEver: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bookedEver, number, resolve, reject });
    });
  }

  /** The store has answered a sync, with which so many entries are booked. */
  answered(number: number, bookedEver: number): void {
    const done = (flush: Flush): boolean => flush.bookedEver <= bookedEver && flush.number <= number;
    for (const flush of this.#waiting.filter(done)) flush.resolve();
    this.#waiting = this.#waiting.filter((flush) => !done(flush));
  }

  /** The store is out of reach. */
  fail(error: StoreError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flush of waiting) flush.reject(error);
  }
}
