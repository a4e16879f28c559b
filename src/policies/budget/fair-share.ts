import type { Standing } from '../../quotas/quotas.ts';
import type { RateQuota, SlotsQuota } from '../../stores/quota.ts';
import { chargesOf, type Counted, type Use as Wanted } from '../charges.ts';

/** What all tenants share. */
export type SharedQuota = RateQuota | SlotsQuota;

/** Sees to it that no tenant uses up what all of them share. */
export interface FairShares {
  /**
   * Whether a tenant has more than its part of something that grows scarce: half or less of it is left. Parts are equal among all who have some, or lately used or asked for some.
   * `only looks`: it may go elsewhere, and counts as nobody who asks.
   */
  isOver(quota: SharedQuota, tenant: string, standing: Pick<Standing, 'limit' | 'left'>, how?: 'asks' | 'only looks'): boolean;
  /** A tenant has taken some. What is returned takes that back, as far as it has not faded: once. */
  used(quota: SharedQuota, tenant: string, amount: number): () => void;
}

interface Use {
  amount: number;
  /** When that was so. */
  at: number;
  /** When the tenant last asked or used some. */
  seenAt: number;
}

/** How long who asked for a place counts among those who want one, in milliseconds: longer than SDKs wait before they ask again. */
const askingMs = 10_000;

/** What is used per time fades over the time in which the whole comes back. Names of quotas and tenants are the config's, so their number is bounded. `now` in milliseconds. */
export function createFairShares({ now }: { now: () => number }): FairShares {
  const uses = new Map<string, Map<string, Use>>();

  const faded = (amount: number, at: number, quota: SharedQuota): number =>
    quota.kind === 'slots' ? amount : amount * Math.min(1, Math.max(0, 1 - (now() - at) / quota.refillMs));
  const amountOf = ({ amount, at }: Use, quota: SharedQuota): number => faded(amount, at, quota);

  function useOf(quotaId: string, tenant: string): { own: Use; all: ReadonlyMap<string, Use> } {
    let all = uses.get(quotaId);
    if (all === undefined) {
      all = new Map();
      uses.set(quotaId, all);
    }
    let own = all.get(tenant);
    if (own === undefined) {
      own = { amount: 0, at: 0, seenAt: 0 };
      all.set(tenant, own);
    }
    return { own, all };
  }

  function add(quota: SharedQuota, tenant: string, amount: number): void {
    const { own } = useOf(quota.id, tenant);
    own.amount = Math.max(0, amount + amountOf(own, quota));
    own.at = now();
    own.seenAt = own.at;
  }

  return {
    isOver(quota, tenant, { limit, left }, how = 'asks') {
      if (left * 2 > limit) return false;
      const { own, all } = useOf(quota.id, tenant);
      if (how === 'asks') own.seenAt = now(); // or one who comes late would never get what those who were here before take at once
      const lately = quota.kind === 'slots' ? askingMs : quota.refillMs;
      let active = 0;
      for (const { amount, seenAt } of all.values()) if (now() - seenAt < lately || (quota.kind === 'slots' && amount > 0)) active += 1;
      if (active < 2) return false;
      const has = amountOf(own, quota);
      return quota.kind === 'slots' ? has >= limit / active : has > limit / active; // a place more would be beyond its part
    },
    used(quota, tenant, amount) {
      add(quota, tenant, amount);
      const at = now();
      return () => add(quota, tenant, -faded(amount, at, quota)); // no more of it, or what its other requests used would go with it
    },
  };
}

/** Counts what a request holds of all that tenants share, until what is returned is called: what it really used is counted on its own. */
export function holdShares(counted: readonly Counted[], wanted: Wanted, at: number, tenant: string, shares: FairShares): () => void {
  const held = chargesOf(counted, wanted, at).flatMap(({ quota, amount }, index) =>
    counted[index]?.isShared === true && quota.kind !== 'budget' ? [{ quota, amount }] : [],
  );
  const takeBack = held.map(({ quota, amount }) => shares.used(quota, tenant, amount));
  return () => {
    for (const each of takeBack) each();
  };
}
