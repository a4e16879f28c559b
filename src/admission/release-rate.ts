/** How long what was measured counts, in milliseconds: after this time a third of it is left. */
const memoryMs = 30_000;

const shortestSeconds = 1;
/** The vendors' SDKs obey no longer one. */
const longestSeconds = 60;

/**
 * How fast places come free while all are taken, to tell who is refused when to come back.
 * Only time in which all are taken counts: a night without traffic says nothing of how fast the next day will be.
 * Times are in milliseconds, of any clock.
 */
export class ReleaseRate {
  /** Places that came free, and the time they took: both fade, so that their ratio is of late. */
  #released = 0;
  #spanMs = 0;
  #since: number | undefined;

  /** All places are taken from now on. */
  full(at: number): void {
    this.#since ??= at;
  }

  /** A place came free while all were taken. */
  released(at: number): void {
    this.#pass(at);
    this.#released++;
  }

  /** There is room from now on. */
  roomy(at: number): void {
    this.#pass(at);
    this.#since = undefined;
  }

  /** Seconds until so many places will have come free, from 1 to 60. Where none came free so far, one is taken to do so now. */
  secondsFor(places: number, at: number): number {
    this.#pass(at);
    const seconds = (places * this.#spanMs) / Math.max(this.#released, 1) / 1000;
    return Math.min(Math.max(Math.ceil(seconds), shortestSeconds), longestSeconds);
  }

  #pass(at: number): void {
    if (this.#since === undefined) return;
    const left = Math.exp(-Math.max(at - this.#since, 0) / memoryMs);
    this.#released *= left;
    this.#spanMs = this.#spanMs * left + memoryMs * (1 - left);
    this.#since = at;
  }
}
