import { changeKey, isLater, type HealthChange } from '../routing/health/change.ts';
import { shareForMs } from './health-share.ts';

/** The last change of each thing that a share knows of, whoever made it. */
export interface LatestChanges {
  /** Takes a change in; false where it is old, or no later than what is known. */
  take(change: HealthChange): boolean;
  /** What is known of a thing, by its key. */
  get(key: string): HealthChange | undefined;
  /** All that is not old. */
  all(): HealthChange[];
}

/** More things than there are deployments and accounts; beyond it, the longest known is forgotten. */
const maxKnown = 20_000;

/** None yet. `now` is in milliseconds since 1970. */
export function createLatestChanges(now: () => number): LatestChanges {
  const known = new Map<string, HealthChange>();
  const isOld = ({ at }: HealthChange): boolean => now() - at > shareForMs;
  return {
    take(change) {
      const key = changeKey(change);
      if (isOld(change) || !isLater(change, known.get(key))) return false;
      known.delete(key);
      known.set(key, change);
      const [oldest] = known.size > maxKnown ? known.keys() : [];
      if (oldest !== undefined) known.delete(oldest);
      return true;
    },
    get: (key) => known.get(key),
    all() {
      for (const [key, change] of known) if (isOld(change)) known.delete(key);
      return [...known.values()];
    },
  };
}
