import type { Quota } from '../stores/quota.ts';
import type { QuotaState } from '../stores/store.ts';
import { type Account, type Figures, reservedOf, untoldOf } from './account.ts';
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
  const running = most(0n, state.leased - state.dead - state.idleElsewhere - BigInt(account.toldSince + Math.max(0, account.free)));
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
  const { state } = account;
  if (state === undefined) return undefined;
  const { spent: spentAtStore, leased, left: leftThen, extra } = (account.figures ??= figuresOf(state));
  const limit = Number(quota.limit);
  const held = Math.max(0, leased - account.toldSince - account.lease) + reservedOf(account);
  const spent = quota.kind === 'budget' ? spentAtStore + account.toldSince + untoldOf(account) : 0;
  const room = limit + extra - spent - held;
  if (quota.kind !== 'rate') return { limit, extra, spent, held, left: Math.max(0, room), fullInMs: 0 };
  const filled = Math.floor((limit * Math.max(0, now - account.stateAt)) / quota.refillMs);
  const inBucket = Math.max(0, Math.min(limit - leased, leftThen + filled)) + account.free;
  const left = Math.max(0, Math.min(room, inBucket));
  return { limit, extra: 0, spent, held, left, fullInMs: limit === 0 ? 0 : Math.ceil((Math.max(0, limit - left) * quota.refillMs) / limit) };
}

/** The store's word in doubles. */
const figuresOf = ({ spent, leased, left, extra }: QuotaState): Figures => ({
  spent: Number(spent),
  leased: Number(leased),
  left: Number(left),
  extra: Number(extra),
});
