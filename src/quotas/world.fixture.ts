import type { Store } from '../stores/store.ts';
import { StoreError } from '../stores/store.ts';
import type { Schedule } from './ask-store.ts';

interface Planned {
  at: number;
  order: number;
  run: () => void;
  /** Runs are put off while this says so. */
  frozenUntil: () => number;
}

/** Time for tests: what is planned runs when it is told to pass, and in its order. Everything that promises is waited for in between. */
export class World {
  /** Milliseconds since the test began: never goes back. */
  passed = 0;
  /** What clocks show at its beginning; tests set them. */
  clockOffset: number;
  #planned: Planned[] = [];
  #order = 0;
  /** Calls of real stores under way. */
  readonly #busy = new Set<Promise<unknown>>();

  constructor(startAt: number) {
    this.clockOffset = startAt;
  }

  readonly now = (): number => this.clockOffset + this.passed;

  schedule(frozenUntil: () => number = () => 0): Schedule {
    return (run, inMs) => {
      const planned = { at: this.passed + inMs, order: (this.#order += 1), run, frozenUntil };
      this.#planned.push(planned);
      return () => {
        this.#planned = this.#planned.filter((one) => one !== planned);
      };
    };
  }

  /** Has the world wait for what is outside of it. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.#busy.add(promise);
    const forget = (): void => void this.#busy.delete(promise);
    promise.then(forget, forget);
    return promise;
  }

  /** Runs all that can run without time passing. Throws where that has no end. */
  async rest(): Promise<void> {
    let rounds = 0;
    do {
      rounds += 1;
      if (rounds > 500) throw new Error('The store is asked again and again, and nothing comes of it.');
      await Promise.allSettled(this.#busy);
      for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
    } while (this.#busy.size > 0);
  }

  async pass(ms: number): Promise<void> {
    await this.rest();
    const until = this.passed + ms;
    for (;;) {
      const next = this.#next(until);
      if (next === undefined) break;
      this.passed = Math.max(this.passed, next.due);
      this.#planned = this.#planned.filter((one) => one !== next.planned);
      next.planned.run();
      await this.rest();
    }
    this.passed = until;
  }

  #next(until: number): { planned: Planned; due: number } | undefined {
    let found: { planned: Planned; due: number } | undefined;
    for (const planned of this.#planned) {
      const due = Math.max(planned.at, planned.frozenUntil());
      if (due > until) continue;
      if (found === undefined || due < found.due || (due === found.due && planned.order < found.planned.order)) found = { planned, due };
    }
    return found;
  }
}

/** How a store behaves towards one process. */
export type Weather = 'fine' | 'slow' | 'lost-before' | 'lost-after' | 'silent';

/** A store as seen through a network that loses calls before or after they are done, or is slow. */
export function weathered(store: Pick<Store, 'sync'>, world: World, weather: () => Weather): Pick<Store, 'sync'> {
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      world.schedule()(resolve, ms);
    });
  return {
    async sync(request) {
      const now = weather();
      // What is sent must not change on its way.
      const sent = structuredClone(request);
      if (now === 'lost-before') throw new StoreError('The store is gone.');
      if (now === 'slow') await wait(130);
      const reply = await world.track(store.sync(sent));
      if (now === 'lost-after') throw new StoreError('The store has gone.');
      if (now === 'silent') await wait(20_000);
      if (now === 'slow') await wait(70);
      return reply;
    },
  };
}
