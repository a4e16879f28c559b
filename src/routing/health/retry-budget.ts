import { createSlidingCounts } from './sliding-counts.ts';

/** Keeps further attempts at a deployment to a share of the first ones, so that one that fails is not hammered. */
export interface RetryBudget {
  /** An attempt was made, of either kind. */
  attempted(): void;
  /** It was a further one. */
  retried(): void;
  /** Whether a further attempt is within a share (0 to 1) of the first ones. A few always are, so that little traffic is retried, too. */
  hasRoom(share: number): boolean;
}

const windowMs = 10_000;

/** Further attempts within the window that need no first ones to go with. */
const freeRetries = 10;

/** `now` is in milliseconds since 1970. */
export function createRetryBudget(now: () => number): RetryBudget {
  const counts = createSlidingCounts(['attempts', 'retries'], windowMs);
  return {
    attempted: () => counts.add('attempts', now()),
    retried: () => counts.add('retries', now()),
    hasRoom(share) {
      const retries = counts.total('retries', now());
      return retries < freeRetries + share * (counts.total('attempts', now()) - retries);
    },
  };
}
