import { GatewayError } from '../errors.ts';
import { Recent } from './recent.ts';
import { neighbourhoodOf, type Source } from './source.ts';

/** Runs something once after so many milliseconds; what it returns calls that off. */
export type After = (ms: number, run: () => void) => () => void;

/** Failed attempts of one source that are answered at once, per minute. */
const freeFailures = 10;
const forgivenPerMs = freeFailures / 60_000;
const firstDelayMs = 250;
const longestDelayMs = 4000;
/** Where the delay is longest: what is beyond is not counted, so that a source is soon forgiven. */
const worst = freeFailures + 1 + Math.log2(longestDelayMs / firstDelayMs);

const maxSources = 10_000;
const maxWaiting = 500;
const maxWaitingPerSource = 10;

interface SourceFailures {
  /** Failures, less those that time has forgiven. */
  level: number;
  /** Milliseconds, as `now` has them. */
  at: number;
  waiting: number;
}

/** Makes those wait who try keys that are none: per source, and only when they fail, so that others behind the same address are not held up. */
export class Failures {
  readonly #sources = new Recent<string, SourceFailures>(maxSources);
  readonly #now: () => number;
  readonly #after: After;
  #waiting = 0;

  constructor({ now, after }: { now: () => number; after: After }) {
    this.#now = now;
    this.#after = after;
  }

  /** Counts a failure; tells how long its answer is to be held back, in milliseconds. */
  count(source: Source | undefined): number {
    const failures = this.#of(source);
    const now = this.#now();
    const left = Math.max(0, failures.level - Math.max(0, now - failures.at) * forgivenPerMs);
    failures.level = Math.min(worst, left + 1);
    failures.at = now;
    const beyond = Math.ceil(failures.level) - freeFailures;
    return beyond < 1 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (beyond - 1));
  }

  /** Rejects with the error once the time is over, or the caller has gone; with `too-many-failures` at once where too many wait already. */
  refuseLate(source: Source | undefined, error: GatewayError, delayMs: number, signal: AbortSignal): Promise<never> {
    const failures = this.#of(source);
    if (this.#waiting >= maxWaiting || failures.waiting >= maxWaitingPerSource) {
      const message = 'Too many requests with a wrong key or token came from your address. Check what you send, and slow down.';
      return Promise.reject(new GatewayError('too-many-failures', message, { retryAfterSeconds: Math.ceil(longestDelayMs / 1000), cause: error }));
    }
    this.#waiting++;
    failures.waiting++;
    const { promise, reject } = Promise.withResolvers<never>();
    const end = (): void => {
      callOff();
      signal.removeEventListener('abort', end);
      this.#waiting--;
      failures.waiting--;
      reject(error);
    };
    const callOff = this.#after(delayMs, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
    return promise;
  }

  #of(source: Source | undefined): SourceFailures {
    const name = source === undefined ? '' : neighbourhoodOf(source);
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    const fresh = { level: 0, at: this.#now(), waiting: 0 };
    this.#sources.set(name, fresh);
    return fresh;
  }
}
