import type { Quota } from '../stores/quota.ts';
import type { QuotaState } from '../stores/store.ts';
import { type Account, reservedOf, untoldOf } from './account.ts';
import type { Shortage, Standing } from './quotas.ts';

const most = (one: bigint, other: bigint): bigint => (one > other ? one : other);
const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);

/** What may be had of a rate or budget at most, ever. */
const roomOf = ({ limit }: Quota, { extra }: QuotaState): bigint => limit + extra;

/** What the store can lease now, as far as it told, with what has flowed into a rate's bucket since. */
export function leftAtStore({ quota, stateAt }: Account, state: QuotaState, now: number): bigint {
  if (quota.kind !== 'rate') return state.left;
  const filled = BigInt(Math.floor((Number(quota.limit) * Math.max(0, now - stateAt)) / quota.refillMs));
  return most(0n, least(quota.limit - state.leased, state.left + filled));
}

/** Why an amount cannot be had. */
export function shortageOf(account: Account, state: QuotaState, needed: number, now: number): Shortage {
  const { quota } = account;
  const left = leftAtStore(account, state, now) + BigInt(Math.max(0, account.free));
  const running = most(0n, state.leased - state.dead - state.idleElsewhere - BigInt(Math.max(0, account.free)));
  return { quota, needed, left, running, retryAfterMs: retryAfter(quota, state, BigInt(needed), left, now) };
}

function retryAfter(quota: Quota, state: QuotaState, needed: bigint, left: bigint, now: number): number | undefined {
  if (needed > roomOf(quota, state)) return undefined;
  switch (quota.kind) {
    case 'budget':
      return quota.to === Number.MAX_SAFE_INTEGER ? undefined : Math.max(1, quota.to - now);
    case 'rate':
      return Math.max(1, Math.ceil((Number(needed - left) * quota.refillMs) / Number(quota.limit)));
    case 'slots':
      return 1000;
  }
}

/** How a quota stands: the store's word with what happened here since. */
export function standingOf(account: Account, quota: Quota, now: number): Standing | undefined {
  const { state, lease } = account;
  if (state === undefined) return undefined;
  const elsewhere = most(0n, state.leased - BigInt(lease));
  const held = elsewhere + BigInt(reservedOf(account));
  const spent = quota.kind === 'budget' ? state.spent + BigInt(untoldOf(account)) : 0n;
  const room = quota.limit + state.extra - spent - held;
  if (quota.kind !== 'rate') return { limit: quota.limit, extra: state.extra, spent, held, left: most(0n, room), fullInMs: 0 };
  const inBucket = leftAtStore(account, state, now) + BigInt(account.free);
  const left = most(0n, least(room, inBucket));
  const fullInMs = quota.limit === 0n ? 0 : Math.ceil((Number(most(0n, quota.limit - left)) * quota.refillMs) / Number(quota.limit));
  return { limit: quota.limit, extra: 0n, spent, held, left, fullInMs };
}
