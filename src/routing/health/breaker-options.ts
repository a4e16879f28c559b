/** When a deployment is given a rest. Rates count within `windowMs`, and only from `minRequests` on. */
export interface BreakerOptions {
  /** Failures in a row. */
  consecutiveFailures: number;
  /** Share of attempts that failed, 0 to 1. */
  failureRate: number;
  /** A stream is slow whose first content takes longer, and another answer whose first byte does, in milliseconds; undefined where none is. */
  slowMs: number | undefined;
  /** Share of answers that were slow, 0 to 1. */
  slowRate: number;
  windowMs: number;
  minRequests: number;
  /** The first rest; each further one in a row is twice as long, up to `longestOpenMs`. */
  openMs: number;
  longestOpenMs: number;
}
