import { outOfBodyMemory, type BodyMemory, type Hold } from '../admission/body-memory.ts';
import type { Headers } from './message.ts';

/** Lengths that are no number, or none that Envoy lets through, count when the body is here. */
const longestExpected = 32 << 20;

/** What an exchange holds of the memory that all bodies share: its request until the answer begins, then an answer that is read whole. */
export class HeldBody {
  readonly #memory: BodyMemory;
  #held: Hold | undefined;

  constructor(memory: BodyMemory) {
    this.#memory = memory;
  }

  /** Looks whether there is room for what a request's headers say that its body will be, before Envoy gathers it. Throws `overloaded`. */
  expect(headers: Headers): void {
    const length = Number(headers.get('content-length'));
    // Nothing is held for a mere claim: a client that never sends its body would keep others out.
    this.#take(Number.isSafeInteger(length) && length > 0 ? Math.min(length, longestExpected) : 0).release();
  }

  /** Holds a request's body. Throws `overloaded`. */
  hold(bytes: number): void {
    this.#held = this.#take(bytes);
  }

  /** Holds a body of an answer in place of the request's: it is here already, so it is not refused any more. */
  holdAnswer(bytes: number): void {
    this.#held?.resize(bytes);
  }

  /** Holds nothing any more. */
  release(): void {
    this.#held?.release();
  }

  #take(bytes: number): Hold {
    const hold = this.#memory.take(bytes);
    if (hold === undefined) throw outOfBodyMemory();
    return hold;
  }
}
