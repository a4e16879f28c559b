/** Sees to it that no tenant uses up what all of them share. */
export interface FairShares {
  /** Whether a tenant has had more than its part of something that grows scarce: half or less of it is left. */
  isOver(quotaId: string, tenant: string, standing: { limit: number; left: number }, refillMs: number): boolean;
  /** A tenant has used some. */
  used(quotaId: string, tenant: string, amount: number, refillMs: number): void;
}

interface Use {
  amount: number;
  at: number;
}

/** What is used fades over the time in which the whole comes back. Names of quotas and tenants are the config's, so their number is bounded. `now` in milliseconds. */
export function createFairShares({ now }: { now: () => number }): FairShares {
  const uses = new Map<string, Map<string, Use>>();

  const faded = ({ amount, at }: Use, refillMs: number): number => amount * Math.max(0, 1 - (now() - at) / refillMs);

  return {
    isOver(quotaId, tenant, { limit, left }, refillMs) {
      if (left * 2 > limit) return false;
      const all = uses.get(quotaId);
      if (all === undefined) return false;
      const own = all.get(tenant);
      let active = 0;
      for (const use of all.values()) if (faded(use, refillMs) > 0) active += 1;
      return active > 1 && own !== undefined && faded(own, refillMs) > limit / active;
    },
    used(quotaId, tenant, amount, refillMs) {
      let all = uses.get(quotaId);
      if (all === undefined) {
        all = new Map();
        uses.set(quotaId, all);
      }
      const before = all.get(tenant);
      all.set(tenant, { amount: amount + (before === undefined ? 0 : faded(before, refillMs)), at: now() });
    },
  };
}
