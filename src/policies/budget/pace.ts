/** Paces requests so that the rest of a budget lasts. */
export interface Paces {
  /**
   * How long a request must wait for its turn, in milliseconds, where so much is left until then: it has the turn if that is at most `waitMs`, and none otherwise.
   * `at`: when the turn is, in milliseconds since 1970.
   */
  turn(quotaId: string, rest: { left: number; until: number }, waitMs: number): { at: number; waitMs: number; isTaken: boolean };
  /** Gives a turn back that its request did not use: the next request that asks before it takes it. One whose time has passed is lost. */
  giveBack(quotaId: string, at: number): void;
  /** Learns what a request cost. */
  learn(quotaId: string, cost: number): void;
}

interface Pace {
  /** What a request usually costs; undefined before one has. */
  usual: number | undefined;
  /** When the last turn was. */
  lastAt: number;
  /** When the next turn is, unless more is left by then. */
  nextAt: number;
  /** Turns that were given back, the next one first. There are never more than requests that wait. */
  free: number[];
}

/** Time over which a budget that never begins afresh is spread. */
const endlessMs = 30 * 86_400_000;

/** `holders`: how many processes share the budget, each of which has its part of the turns. Bounded: only `max` budgets are paced at once. */
export function createPaces({ now, holders, max = 10_000 }: { now: () => number; holders: () => number; max?: number }): Paces {
  const paces = new Map<string, Pace>();

  function paceOf(id: string): Pace {
    let pace = paces.get(id);
    if (pace === undefined) {
      pace = { usual: undefined, lastAt: 0, nextAt: 0, free: [] };
      paces.set(id, pace);
      const [oldest] = paces.keys();
      if (paces.size > max && oldest !== undefined) paces.delete(oldest);
    }
    return pace;
  }

  /** Time until the turn after one at `from`, where so much is left for the rest of the time. */
  function gapAfter(from: number, { usual = 0 }: Pace, left: number, until: number): number {
    const restMs = Math.min(Math.max(until - from, 1), until === Number.MAX_SAFE_INTEGER ? endlessMs : Number.POSITIVE_INFINITY);
    const perMs = left / restMs / holders();
    return perMs > 0 ? Math.min(usual / perMs, restMs) : restMs;
  }

  return {
    turn(id, { left, until }, waitMs) {
      const pace = paceOf(id);
      const at = now();
      // Little may have been left at the last turn because requests under way held it, or an admin has added to it since.
      const nextAt = Math.min(pace.nextAt, pace.lastAt + gapAfter(pace.lastAt, pace, left, until));
      pace.free = pace.free.filter((each) => each >= at);
      const [free = Number.POSITIVE_INFINITY] = pace.free;
      const start = Math.min(Math.max(at, nextAt), free);
      const isTaken = start - at <= waitMs;
      if (isTaken && start === free) pace.free.shift();
      else if (isTaken) {
        pace.lastAt = start;
        pace.nextAt = start + gapAfter(at, pace, left, until);
      }
      return { at: start, waitMs: start - at, isTaken };
    },
    giveBack(id, at) {
      const pace = paces.get(id);
      if (pace === undefined || at < now()) return;
      pace.free.push(at);
      pace.free.sort((a, b) => a - b);
    },
    learn(id, cost) {
      const pace = paceOf(id);
      pace.usual = pace.usual === undefined ? cost : pace.usual * 0.6 + cost * 0.4;
    },
  };
}
