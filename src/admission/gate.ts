import { FairQueue, type Priority } from './fair-queue.ts';
import { ReleaseRate } from './release-rate.ts';

/** A place inside a gate. It is given back once; giving it back again does nothing. */
export interface Ticket {
  /** Name of the gate. */
  readonly gate: string;
  release(): void;
}

/** Who waits at one or several gates, and hears of the first that lets it in. */
export interface Waiter {
  admit(gate: Gate): void;
}

/** Why somebody was not let in. `full`: nobody waits here; `waited`: as long as anybody may. */
export type Refusal = 'full' | 'queue-full' | 'tenant-queue-full' | 'waited';

/** What a gate tells of itself; what it counts only grows. */
export interface GateStats {
  /** Most inside; undefined for no limit. */
  limit: number | undefined;
  inside: number;
  /** Who waits here, at other gates too perhaps. */
  waiting: Record<Priority, number>;
  /** Counted at the first of several gates. */
  refused: Record<Refusal, number>;
  /** Who hung up while waiting; counted at the first of several gates. */
  abandoned: number;
  /** Waits that ended with a place here, in milliseconds. */
  waited: { count: number; sumMs: number };
}

/** So many places, and those who wait for one. While there is room nobody waits. */
export class Gate {
  readonly name: string;
  readonly queue = new FairQueue<Waiter>();
  readonly refused: Record<Refusal, number> = { full: 0, 'queue-full': 0, 'tenant-queue-full': 0, waited: 0 };
  abandoned = 0;
  readonly #now: () => number;
  readonly #rate = new ReleaseRate();
  #limit = Infinity;
  #inside = 0;
  #waits = 0;
  #waitedMs = 0;

  constructor(name: string, now: () => number) {
    this.name = name;
    this.#now = now;
  }

  get inside(): number {
    return this.#inside;
  }

  get hasRoom(): boolean {
    return this.#inside < this.#limit;
  }

  /** Sets how many may be inside. Nobody is put out; who waits comes in where there is room now. */
  setLimit(limit: number | undefined): void {
    this.#limit = limit ?? Infinity;
    this.#serve();
    if (this.hasRoom) this.#rate.roomy(this.#now());
    else this.#rate.full(this.#now());
  }

  /** Takes a place, whether there is room or not. */
  enter(): Ticket {
    this.#inside++;
    if (!this.hasRoom) this.#rate.full(this.#now());
    return new GateTicket(this);
  }

  /** Gives a place back to whoever is next. */
  leave(): void {
    if (this.hasRoom) {
      this.#inside--;
      return;
    }
    this.#rate.released(this.#now());
    this.#inside--;
    this.#serve();
    if (this.hasRoom) this.#rate.roomy(this.#now());
  }

  /** Counts a wait that ended with a place here. */
  waited(ms: number): void {
    this.#waits++;
    this.#waitedMs += ms;
  }

  /** When who is refused now may find a place, in seconds from 1 to 60. */
  retryAfterSeconds(): number {
    return this.#rate.secondsFor(this.queue.length + 1, this.#now());
  }

  stats(): GateStats {
    return {
      limit: this.#limit === Infinity ? undefined : this.#limit,
      inside: this.#inside,
      waiting: { high: this.queue.lengthOf('high'), normal: this.queue.lengthOf('normal'), low: this.queue.lengthOf('low') },
      refused: { ...this.refused },
      abandoned: this.abandoned,
      waited: { count: this.#waits, sumMs: this.#waitedMs },
    };
  }

  #serve(): void {
    while (this.hasRoom) {
      const waiter = this.queue.take();
      if (waiter === undefined) return;
      waiter.admit(this);
    }
  }
}

class GateTicket implements Ticket {
  #gate: Gate | undefined;
  readonly gate: string;

  constructor(gate: Gate) {
    this.#gate = gate;
    this.gate = gate.name;
  }

  release(): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.leave();
  }
}
