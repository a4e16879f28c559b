import { outOfBodyMemory, type BodyMemory, type Hold } from '../admission/body-memory.ts';
import type { Headers } from './message.ts';

/** What an exchange holds of the memory that all bodies share: its request until the answer begins, then an answer that is read whole. */
export interface HeldBody {
  /** Looks whether there is room for what the request says that its body will be, before Envoy gathers it. Throws `overloaded`. */
  expect(): void;
  /** Holds a request's body. Throws `overloaded`. */
  hold(bytes: number): void;
  /** Holds a body of an answer in place of the request's: it is here already, so it is not refused any more. */
  holdAnswer(bytes: number): void;
  /** Holds nothing any more. */
  release(): void;
}

/** Lengths that are no number, or none that Envoy lets through, count when the body is here. */
const longestExpected = 32 << 20;

/** Holds nothing yet. */
export function createHeldBody(memory: BodyMemory, headers: Headers): HeldBody {
  let held: Hold | undefined;

  function taken(bytes: number): Hold {
    const hold = memory.take(bytes);
    if (hold === undefined) throw outOfBodyMemory();
    return hold;
  }

  return {
    expect() {
      const length = Number(headers.get('content-length'));
      // Nothing is held for a mere claim: a client that never sends its body would keep others out.
      taken(Number.isSafeInteger(length) && length > 0 ? Math.min(length, longestExpected) : 0).release();
    },
    hold(bytes) {
      held = taken(bytes);
    },
    holdAnswer(bytes) {
      held?.resize(bytes);
    },
    release() {
      held?.release();
    },
  };
}
