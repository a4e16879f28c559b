import { clusterNames } from '../envoy/names.ts';
import type { AttemptOutcome } from '../routing/health/outcome.ts';

/** Matches what Envoy's upstream log tells to the exchanges that made the attempts. */
export interface AttemptLog {
  /** Begins to listen for an exchange's attempts. `clusterOf` is the cluster that attempt `number`, from 1, went to. */
  follow(requestId: string, listener: AttemptListener, clusterOf: (number: number) => string | undefined): Followed;
  /** Takes an entry of the log: the k-th of a request is its k-th attempt. */
  heard(requestId: string, outcome: AttemptOutcome): void;
  /** The same, from another process that got the entry and does not know the request; it is no stray then, whoever made it. */
  handed(requestId: string, outcome: AttemptOutcome): void;
  /** Ends all waiting. */
  close(): void;
}

export interface AttemptListener {
  /** What became of attempt `number`. */
  onOutcome(number: number, outcome: AttemptOutcome): void;
  /** All attempts have been told of, or no more is waited for. Called once, after the exchange is over. */
  onComplete(): void;
  /** An entry names another cluster than the attempt's: nothing is guessed from it. */
  onMismatch?(number: number, outcome: AttemptOutcome): void;
}

/** An exchange that is listened for. */
export interface Followed {
  /** The exchange is over and has made so many attempts; their entries may still come. */
  end(attemptsMade: number): void;
}

interface Entry {
  requestId: string;
  listener: AttemptListener;
  clusterOf: (number: number) => string | undefined;
  heard: number;
  /** Undefined while the exchange goes on. */
  made: number | undefined;
  /** When no more is waited for, in milliseconds since 1970. */
  until: number;
}

/** Longest wait for entries after the end of an exchange, in milliseconds; they come within some 50. */
const lastEntriesMs = 5000;

/** Most exchanges that are over and whose entries are waited for. */
const maxEnded = 10_000;

/** `onStray` hears of entries of requests that nobody here knows: exchanges of another sidecar process. */
export function createAttemptLog({ now, onStray }: { now: () => number; onStray: (requestId: string, outcome: AttemptOutcome) => void }): AttemptLog {
  const followed = new Map<string, Entry>();
  /** Those that are over, the first to end first. */
  const ended = new Set<Entry>();
  let sweeping: NodeJS.Timeout | undefined;

  function complete(entry: Entry): void {
    ended.delete(entry);
    if (followed.get(entry.requestId) === entry) followed.delete(entry.requestId);
    entry.listener.onComplete();
  }

  /** Lets go of those that have waited long enough, or are too many. One timer serves all. */
  function sweep(): void {
    for (const entry of ended) {
      if (entry.until > now() && ended.size <= maxEnded) break;
      complete(entry);
    }
    clearTimeout(sweeping);
    sweeping = ended.size === 0 ? undefined : setTimeout(sweep, lastEntriesMs);
    sweeping?.unref();
  }

  /** Whether the request is known here. */
  function take(requestId: string, outcome: AttemptOutcome): boolean {
    const entry = followed.get(requestId);
    if (entry === undefined) return false;
    const number = ++entry.heard;
    if (entry.clusterOf(number) === outcome.cluster) entry.listener.onOutcome(number, outcome);
    else entry.listener.onMismatch?.(number, outcome);
    if (entry.made !== undefined && number >= entry.made) complete(entry);
    return true;
  }

  return {
    follow(requestId, listener, clusterOf) {
      const entry: Entry = { requestId, listener, clusterOf, heard: 0, made: undefined, until: 0 };
      followed.set(requestId, entry);
      return {
        end(attemptsMade) {
          if (entry.made !== undefined) return;
          entry.made = attemptsMade;
          if (entry.heard >= attemptsMade) {
            complete(entry);
            return;
          }
          entry.until = now() + lastEntriesMs;
          ended.add(entry);
          if (sweeping === undefined || ended.size > maxEnded) sweep();
        },
      };
    },
    heard(requestId, outcome) {
      if (outcome.cluster === clusterNames.refusing) return; // beyond the end of a chain: no attempt of anybody's
      if (!take(requestId, outcome)) onStray(requestId, outcome);
    },
    handed: (requestId, outcome) => void take(requestId, outcome),
    close() {
      clearTimeout(sweeping);
      for (const entry of followed.values()) complete(entry);
    },
  };
}
