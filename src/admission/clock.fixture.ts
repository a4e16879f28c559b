import type { Clock } from './wait.ts';

/** A clock that a test sets: time passes only when it says so, and what was due runs then, in order. */
export class FakeClock implements Clock {
  #at = 0;
  #timers: { at: number; run: () => void }[] = [];

  readonly now = (): number => this.#at;

  readonly after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.#at + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    const end = this.#at + ms;
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#at = due.at;
      this.#timers = this.#timers.filter((other) => other !== due);
      due.run();
    }
    this.#at = end;
  }

  #next(end: number): { at: number; run: () => void } | undefined {
    return this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}
