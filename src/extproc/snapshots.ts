import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot } from '../config/snapshot.ts';

/** The config in force, and who still goes by an earlier one. */
export interface Snapshots {
  current(): Snapshot;
  /** An exchange goes by a snapshot; what is returned says, once, that it will make no further attempt. */
  began(snapshot: Snapshot): () => void;
  /** Puts another one in force. Exchanges under way keep theirs. */
  use(snapshot: Snapshot): void;
  /** Resolves when no exchange that goes by another snapshot will make a further attempt, or when the time is over. */
  untilIdle(snapshot: Snapshot, timeoutMs: number): Promise<void>;
}

const pollMs = 50;

/** `now` is in milliseconds. */
export function createSnapshots(first: Snapshot, now: () => number): Snapshots {
  let inForce = first;
  const users = new Map<Snapshot, number>();
  const othersThan = (snapshot: Snapshot): boolean => [...users.keys()].some((used) => used !== snapshot);

  return {
    current: () => inForce,
    began(snapshot) {
      users.set(snapshot, (users.get(snapshot) ?? 0) + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = (users.get(snapshot) ?? 1) - 1;
        if (left === 0) users.delete(snapshot);
        else users.set(snapshot, left);
      };
    },
    use(snapshot) {
      inForce = snapshot;
    },
    async untilIdle(snapshot, timeoutMs) {
      const until = now() + timeoutMs;
      while (othersThan(snapshot) && now() < until) await sleep(pollMs, undefined, { ref: false });
    },
  };
}
