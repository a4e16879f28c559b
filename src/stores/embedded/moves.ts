import type { Quota } from '../quota.ts';
import type { Move, QuotaState } from '../store.ts';
import { contentOf, pour, refill } from './bucket.ts';
import type { HeldLease, Lease, LeaseTable } from './lease-table.ts';
import { refillMsOf, type QuotaRecord, type QuotaTable } from './quota-table.ts';

/** Who moves quotas, and when. */
export interface Mover {
  holder: string;
  /** Whole milliseconds since 1970. */
  now: number;
  /** Ids of the processes that live, this one included unless it leaves. */
  living: ReadonlySet<string>;
  /** Grants are for one that stays. */
  leaving: boolean;
}

/** Does a move of a quota that stands like this, and says how it stands then. */
export function applyMove({ quotas, leases }: { quotas: QuotaTable; leases: LeaseTable }, move: Move, record: QuotaRecord, mover: Mover): QuotaState {
  const { quota } = move;
  const all = leases.of(quota.id, mover.living);
  const others = all.filter(({ holder }) => holder !== mover.holder);
  const elsewhere = sum(others);
  const before = all.find(({ holder }) => holder === mover.holder);
  const own = before ?? nothing;

  const used = useLease(quota, refilled(quota, record, elsewhere + own.amount, mover.now), own.amount, move);
  const left = leftOf(quota, used.record, elsewhere + used.amount);
  const granted = mover.leaving ? 0n : grantOf(move, left, mover.living.size);
  const after = quota.kind === 'rate' ? { ...used.record, bucket: pour(used.record.bucket, -granted) } : used.record;
  const amount = used.amount + granted;

  quotas.update(quota, record, after);
  const idle = lesser(BigInt(move.idle), amount);
  leases.put(quota.id, mover.holder, before, { amount, idle, refusedAt: refusedAt(own, move, granted, mover.now) });
  return {
    granted: Number(granted),
    spent: after.spent,
    leased: elsewhere + amount,
    yours: Number(amount),
    dead: sum(others.filter(({ isLive }) => !isLive)),
    left: leftOf(quota, after, elsewhere + amount),
    extra: after.extra,
    idleElsewhere: idleOf(others),
    isScarce: others.some((one) => one.isLive && mover.now - one.refusedAt <= scarceMs),
  };
}

/** What is left of a quota: what has not been spent or leased, or what is in the bucket. */
export function leftOf(quota: Pick<Quota, 'kind' | 'limit'>, { spent, extra, bucket }: QuotaRecord, leased: bigint): bigint {
  if (quota.kind === 'rate') return contentOf(bucket);
  const left = quota.limit + extra - spent - leased;
  return left > 0n ? left : 0n;
}

/** How long after a refusal a quota is scarce, in milliseconds. */
const scarceMs = 2000;

const nothing: Lease = { amount: 0n, idle: 0n, refusedAt: 0 };

const sum = (leases: readonly Lease[]): bigint => leases.reduce((total, { amount }) => total + amount, 0n);

const idleOf = (leases: readonly HeldLease[]): bigint => leases.reduce((total, { isLive, idle }) => (isLive ? total + idle : total), 0n);

function refilled(quota: Quota, record: QuotaRecord, leased: bigint, now: number): QuotaRecord {
  if (quota.kind !== 'rate') return record;
  return { ...record, bucket: refill(record.bucket, quota.limit, refillMsOf(quota), leased, now) };
}

/** What is left of the lease after a move, and what the move did to the quota. What is spent is spent, also where the lease is gone; what is given back is freed only as far as it was held. */
function useLease(quota: Quota, record: QuotaRecord, held: bigint, move: Move): { amount: bigint; record: QuotaRecord } {
  const [overdraft, spent, back] = [BigInt(move.overdraft), BigInt(move.spent), BigInt(move.back)];
  const enlarged = held + overdraft;
  const covered = lesser(spent, enlarged);
  const freed = lesser(back, enlarged - covered);
  const amount = enlarged - covered - freed;
  if (quota.kind === 'budget') return { amount, record: { ...record, spent: record.spent + spent } };
  if (quota.kind === 'slots') return { amount, record };
  return { amount, record: { ...record, bucket: pour(record.bucket, freed - overdraft - (spent - covered)) } };
}

/** As much as is wanted, up to half of what is left divided by the gateways; what is needed in any case, or nothing. */
function grantOf({ need, want }: Move, left: bigint, holders: number): bigint {
  const needed = BigInt(need);
  if (needed === 0n || needed > left) return 0n;
  const share = left / (2n * BigInt(holders));
  return lesser(BigInt(Math.max(need, want)), share > needed ? share : needed);
}

function refusedAt({ refusedAt: before }: Lease, { need }: Move, granted: bigint, now: number): number {
  if (need > 0) return granted === 0n ? now : 0;
  return now - before > scarceMs ? 0 : before;
}

const lesser = (one: bigint, other: bigint): bigint => (one < other ? one : other);
