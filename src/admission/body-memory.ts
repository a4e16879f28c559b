import { GatewayError } from '../errors.ts';

/** Bodies are let go of when the provider's answer begins, which takes a few seconds. */
const retryAfterSeconds = 5;

/** Memory that one exchange's bodies take. It is given back once; giving it back again does nothing. */
export interface Hold {
  /** Holds so many bytes more; false, and no more is held, where that is beyond the bound. */
  grow(bytes: number): boolean;
  /** Sets how many bytes are held, beyond the bound too: for what cannot be refused any more. */
  resize(bytes: number): void;
  release(): void;
}

/** A bound on all bodies that are held at once. */
export interface BodyMemory {
  /** Undefined where there is no room for so many bytes. */
  take(bytes: number): Hold | undefined;
  /** Bytes held. */
  readonly used: number;
  /** Sets another bound, in bytes. What is held stays. */
  reconfigure(maxBytes: number): void;
  /** `refused` only grows. */
  stats(): { usedBytes: number; maxBytes: number; refused: number };
}

/** Makes a bound of so many bytes. */
export function createBodyMemory(bound: number): BodyMemory {
  let maxBytes = bound;
  let used = 0;
  let refused = 0;

  function fits(bytes: number): boolean {
    if (used + bytes <= maxBytes) return true;
    refused++;
    return false;
  }

  function hold(): Hold {
    let held = 0;
    let isReleased = false;

    function resize(bytes: number): void {
      if (isReleased) return;
      used += bytes - held;
      held = bytes;
    }

    return {
      grow(bytes) {
        if (isReleased || !fits(bytes)) return false;
        resize(held + bytes);
        return true;
      },
      resize,
      release() {
        resize(0);
        isReleased = true;
      },
    };
  }

  return {
    take(bytes) {
      if (!fits(bytes)) return undefined;
      const taken = hold();
      taken.resize(bytes);
      return taken;
    },
    get used() {
      return used;
    },
    reconfigure(changed) {
      maxBytes = changed;
    },
    stats: () => ({ usedBytes: used, maxBytes, refused }),
  };
}

/** What a request is told for whose body there is no memory. */
export const outOfBodyMemory = (): GatewayError =>
  new GatewayError(
    'overloaded',
    `The gateway holds as many bytes of requests and answers as its config allows. Try again in ${retryAfterSeconds} seconds.`,
    { retryAfterSeconds },
  );
