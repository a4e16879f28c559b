import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';

/** What one gateway process holds of one quota. */
export interface Lease {
  amount: bigint;
  /** What it could give back at once. */
  idle: bigint;
  /** When it was last refused, in milliseconds since 1970; 0 where it has got what it needed since. */
  refusedAt: number;
}

export interface HeldLease extends Lease {
  holder: string;
  isLive: boolean;
}

/** Who holds what. Within a transaction only. */
export interface LeaseTable {
  /** All leases of a quota, of processes that live and of dead ones. */
  of(quota: string, living: ReadonlySet<string>): HeldLease[];
  /** Writes what a process holds of a quota from now on, where it held `before`; undefined where there was no lease. */
  put(quota: string, holder: string, before: Lease | undefined, after: Lease): void;
  /** Takes what was spent out of what a process holds of a quota. */
  spend(quota: string, holder: string, amount: number): void;
  /** All that a process holds, by quota. */
  heldBy(holder: string): { quota: string; amount: bigint }[];
  /** Removes the leases of a process: all, or all but those of budgets. */
  remove(holder: string, which: 'all' | 'but-budgets'): void;
  /** Removes what the dead hold of a quota. */
  removeDead(quota: string, silentSince: number): void;
}

/** Prepares the statements on a migrated database. */
export function createLeaseTable(database: DatabaseSync): LeaseTable {
  const select = database.prepare('SELECT holder, amount, idle, refused_at FROM leases WHERE quota = ?');
  select.setReadBigInts(true);
  const selectHeld = database.prepare('SELECT quota, amount FROM leases WHERE holder = ?');
  selectHeld.setReadBigInts(true);
  const insert = database.prepare('INSERT INTO leases (quota, holder, amount, idle, refused_at) VALUES (?, ?, ?, ?, ?)');
  const update = database.prepare('UPDATE leases SET amount = ?, idle = ?, refused_at = ? WHERE quota = ? AND holder = ?');
  const spend = database.prepare(
    'UPDATE leases SET amount = max(amount - ?1, 0), idle = min(idle, max(amount - ?1, 0)) WHERE quota = ?2 AND holder = ?3',
  );
  const removeSpent = database.prepare('DELETE FROM leases WHERE quota = ? AND holder = ? AND amount = 0 AND refused_at = 0');
  const removeOne = database.prepare('DELETE FROM leases WHERE quota = ? AND holder = ?');
  const removeAll = database.prepare('DELETE FROM leases WHERE holder = ?');
  const removeButBudgets = database.prepare(
    `DELETE FROM leases WHERE holder = ? AND (amount = 0 OR quota NOT IN (SELECT id FROM quotas WHERE kind = 'budget'))`,
  );
  const removeDead = database.prepare(
    `DELETE FROM leases WHERE quota = ? AND holder NOT IN (SELECT id FROM holders WHERE state = 'live' AND seen_at >= ?)`,
  );
  return {
    of: (quota, living) =>
      select.all(quota).map((row) => {
        const holder = String(row['holder']);
        return {
          holder,
          amount: toBigInt(row['amount']),
          idle: toBigInt(row['idle']),
          refusedAt: Number(row['refused_at']),
          isLive: living.has(holder),
        };
      }),
    put(quota, holder, before, { amount, idle, refusedAt }) {
      const isNothing = amount === 0n && refusedAt === 0;
      if (before === undefined) {
        if (!isNothing) insert.run(quota, holder, amount, idle, refusedAt);
      } else if (isNothing) removeOne.run(quota, holder);
      else if (amount !== before.amount || idle !== before.idle || refusedAt !== before.refusedAt) update.run(amount, idle, refusedAt, quota, holder);
    },
    spend(quota, holder, amount) {
      spend.run(BigInt(amount), quota, holder);
      removeSpent.run(quota, holder);
    },
    heldBy: (holder) => selectHeld.all(holder).map((row) => ({ quota: String(row['quota']), amount: toBigInt(row['amount']) })),
    remove(holder, which) {
      (which === 'all' ? removeAll : removeButBudgets).run(holder);
    },
    removeDead(quota, silentSince) {
      removeDead.run(quota, silentSince);
    },
  };
}

const toBigInt = (value: SQLOutputValue | undefined): bigint => (typeof value === 'bigint' ? value : BigInt(String(value)));
