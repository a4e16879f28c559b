/** Paces requests so that the rest of a budget lasts. */
export interface Paces {
  /**
   * How long a request must wait for its turn, in milliseconds, where so much is left until then: it has the turn if that is at most `waitMs`, and none otherwise.
   */
  turn(quotaId: string, rest: { left: number; until: number }, waitMs: number): { waitMs: number; isTaken: boolean };
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
}

/** Time over which a budget that never begins afresh is spread. */
const endlessMs = 30 * 86_400_000;

/** `holders`: how many processes share the budget, each of which has its part of the turns. Bounded: only `max` budgets are paced at once. */
export function createPaces({ now, holders, max = 10_000 }: { now: () => number; holders: () => number; max?: number }): Paces {
  const paces = new Map<string, Pace>();

  function paceOf(id: string): Pace {
    let pace = paces.get(id);
    if (pace === undefined) {
      pace = { usual: undefined, lastAt: 0, nextAt: 0 };
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
      const start = Math.max(at, nextAt);
      if (start - at > waitMs) return { waitMs: start - at, isTaken: false };
      pace.lastAt = start;
      pace.nextAt = start + gapAfter(at, pace, left, until);
      return { waitMs: start - at, isTaken: true };
    },
    learn(id, cost) {
      const pace = paceOf(id);
      pace.usual = pace.usual === undefined ? cost : pace.usual * 0.6 + cost * 0.4;
    },
  };
}
