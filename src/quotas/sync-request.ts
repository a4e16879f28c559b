import type { BudgetQuota, Quota } from '../stores/quota.ts';
import type { Move, QuotaState, Spent, SyncReply, SyncRequest } from '../stores/store.ts';
import { maxEntriesPerSync } from '../stores/store.ts';
import {
  age,
  agesSoon,
  aheadOf,
  canWait,
  excessOf,
  holdsNothing,
  isDust,
  isWarm,
  needsNoAnswer,
  reservedOf,
  usableOf,
  type Account,
} from './account.ts';
import type { Books, Spending } from './books.ts';
import type { Waiters } from './waiters.ts';

/** A sync that was made and is not known to be applied: until it is, it is sent again as it is. */
export interface PendingSync {
  request: SyncRequest;
  /** The accounts of its moves, in their order. */
  accounts: readonly Account[];
  /** What it only tells to be spent. */
  told: readonly Spending[];
  /** Those that something is needed of. */
  asked: ReadonlySet<Account>;
  /** How many entries had ever been queued when it was made, less those that are queued still. */
  bookedEver: number;
  /** Those who wait had a while to hope that others give back. */
  isPoll: boolean;
  /** It is the last of a process that closes. */
  isLast: boolean;
}

/** Why and when a sync is made. */
export interface SyncOccasion {
  holder: string;
  number: number;
  now: number;
  /** `urgent`: only what is waited for, with what is to be booked. `regular`: all that there is to tell. `closing`: everything goes back. */
  kind: 'urgent' | 'regular' | 'closing';
  isPoll: boolean;
  /** All that is held is looked at, not only what was touched since the last sync. */
  isSweep: boolean;
  /** Other processes may need what is idle here. */
  isShared: boolean;
}

/** What waits for a quota. */
interface Wanted {
  /** Missing for the first who is short of it; 0 while that must not be asked for yet. */
  need: number;
  /** Needed by all who wait for it. */
  all: number;
  /** Free, and kept for those who wait for other quotas too. */
  keep: number;
}

/** How often all that is held is looked at, in milliseconds: what is only held rarely has anything to tell. */
export const sweepMs = 1500;

/** Makes the next sync of what there is to tell and to ask. What it takes from the books is on its way from then on. */
export function makeSync(books: Books, waiters: Waiters, occasion: SyncOccasion): PendingSync {
  const { holder, number, now, kind, isPoll } = occasion;
  const wanted = kind === 'closing' ? new Map<Account, Wanted>() : wantedBy(waiters);
  const bookings = books.nextBookings(maxEntriesPerSync);
  const spent = new Map<Account, number>();
  for (const booking of bookings) {
    for (const { account, amount } of booking.spent) spent.set(account, (spent.get(account) ?? 0) + amount);
  }
  const moves: Move[] = [];
  const accounts: Account[] = [];
  const onlySpent: Spent[] = [];
  const told: Spending[] = [];
  const asked = new Set<Account>();
  if (occasion.isSweep) books.hasIdle = false;
  for (const account of namedAccounts(books, wanted, spent, occasion)) {
    if (kind !== 'urgent') {
      age(account, now);
      if (agesSoon(account, sweepMs)) books.list(account);
    }
    books.hasIdle ||= isIdle(account);
    const move = moveOf(account, wanted.get(account), spent.get(account) ?? 0, occasion);
    if (kind !== 'closing' && isIdleTalk(account, move, occasion)) continue;
    carryOut(account, move, spent.get(account) ?? 0, now);
    if (!wanted.has(account) && isOnlySpent(move, account, occasion)) {
      onlySpent.push({ quota: move.quota, amount: move.spent });
      told.push({ account, amount: move.spent });
      continue;
    }
    account.toldIdle = move.idle;
    account.mustBeNamed = false;
    moves.push(move);
    accounts.push(account);
    if (wanted.has(account) && move.need > 0) asked.add(account);
  }
  books.urgent.clear();
  const isLast = kind === 'closing' && books.queueLength === 0;
  // What is still reserved may be spent and not booked any more: the store keeps it, as that of a dead process.
  const leaving = isLast && accounts.every((account) => reservedOf(account) === 0);
  const entries = bookings.map(({ entry }) => entry);
  const request: SyncRequest = { holder, number, now, entries, moves, spent: onlySpent, ...(leaving && { leaving }) };
  return { request, accounts, told, asked, bookedEver: books.queuedEver - books.queueLength, isPoll, isLast };
}

function namedAccounts(
  books: Books,
  wanted: ReadonlyMap<Account, Wanted>,
  spent: ReadonlyMap<Account, number>,
  { kind, isSweep }: SyncOccasion,
): Set<Account> {
  const named = new Set<Account>([...wanted.keys(), ...spent.keys(), ...books.urgent]);
  if (kind === 'urgent') return named;
  const touched = books.takeTouched();
  for (const account of isSweep ? books.listed : touched) named.add(account);
  return named;
}

/** Nothing of it would change anything, and nobody could want what is idle, or knows of it. */
function isIdleTalk(account: Account, { overdraft, spent, back, need, idle }: Move, { now, isSweep, isShared }: SyncOccasion): boolean {
  if (overdraft > 0 || back > 0 || need > 0 || account.mustBeNamed) return false;
  if (spent > 0) return canWait(account, now, isShared);
  if (!isShared || isDust(account)) return true;
  return idle === account.toldIdle && (idle === 0 || !isSweep);
}

/** There is nothing to tell but what was spent, and nothing to hear. */
function isOnlySpent(move: Move, account: Account, { now, kind, isShared }: SyncOccasion): move is Move & { quota: BudgetQuota } {
  if (kind === 'closing' || move.overdraft > 0 || move.back > 0 || move.need > 0 || account.mustBeNamed) return false;
  return move.spent > 0 && needsNoAnswer(account, now, isShared) && (!isShared || isDust(account));
}

function moveOf(account: Account, wanted: Wanted | undefined, booked: number, { kind, isShared }: SyncOccasion): Move {
  const overdraft = Math.max(0, -account.free);
  const free = account.free + overdraft;
  const back = Math.min(free, Math.max(account.over, backOf(account, wanted, free, kind)));
  const { need, want } = kind === 'closing' ? { need: 0, want: 0 } : askedFor(account, wanted, free - back);
  const spent = booked + account.loose;
  // Who is alone says what might be idle at any time, and need not say what is: whoever comes then waits a moment for more to be known.
  const most = account.lease + overdraft - spent - back + Math.max(need, want);
  const idle = isShared ? free - back - (wanted?.keep ?? 0) : most;
  return { quota: account.quota, overdraft, spent, back, need, want, idle: Math.min(Math.max(0, idle), Number.MAX_SAFE_INTEGER) };
}

function backOf(account: Account, wanted: Wanted | undefined, free: number, kind: SyncOccasion['kind']): number {
  if (kind === 'closing') return free;
  if (account.isShrunk || account.state?.isScarce === true) return Math.max(0, free - (wanted?.keep ?? 0));
  return wanted === undefined ? excessOf(account) : 0;
}

function askedFor(account: Account, wanted: Wanted | undefined, free: number): { need: number; want: number } {
  const isScarce = account.state?.isScarce === true || account.isShrunk;
  if (wanted !== undefined && wanted.need > 0) {
    const want = isScarce ? wanted.need : Math.max(wanted.need, wanted.all - free + Math.max(wanted.all, aheadOf(account)));
    return { need: wanted.need, want: Math.min(want, Number.MAX_SAFE_INTEGER) };
  }
  // Enough for the next two seconds, and a stock where nobody else shares it, is leased ahead, so that nobody has to wait for it.
  const hasEnough = wanted !== undefined || isScarce || isWarm(account) || account.state === undefined || account.state.left <= 0n;
  return hasEnough ? { need: 0, want: 0 } : { need: 1, want: Math.max(1, aheadOf(account) - free) };
}

function carryOut(account: Account, { overdraft, spent, back }: Move, booked: number, now: number): void {
  account.toldAt = now;
  account.free += overdraft - back;
  account.lowest -= back;
  account.lowestBefore -= back;
  account.queued -= booked;
  account.loose = 0;
  account.sent += spent;
  account.isShrunk = false;
  account.isOnItsWay = true;
}

/**
 * What is to be asked for those who wait. A quota that others need as well is asked for, and kept, only by who has all that comes before it in the order of ids:
 * else two processes could each hold what the other waits for.
 */
function wantedBy(waiters: Waiters): Map<Account, Wanted> {
  const wanted = new Map<Account, Wanted>();
  for (const { needs } of waiters) {
    const short = needs.filter(({ account, amount }) => usableOf(account) - (wanted.get(account)?.all ?? 0) < amount);
    const first = short.reduce((least, { account }) => (least === '' || account.quota.id < least ? account.quota.id : least), '');
    for (const { account, amount } of needs) {
      const before = wanted.get(account) ?? { need: 0, all: 0, keep: 0 };
      const all = before.all + amount;
      const missing = all - Math.max(0, usableOf(account));
      const mayAsk = account.quota.id <= first || account.state?.isScarce !== true;
      const need = before.need === 0 && missing > 0 && mayAsk ? missing : before.need;
      const keep = first === '' || account.quota.id <= first ? before.keep + amount : before.keep;
      wanted.set(account, { need, all, keep });
    }
  }
  return wanted;
}

/** Whether those who wait need something that the last sync did not ask for. */
export function needMore(waiters: Waiters, asked: ReadonlySet<Account>): boolean {
  for (const [account, { need }] of wantedBy(waiters)) if (need > 0 && !asked.has(account)) return true;
  return false;
}

/** Enters what the store answered. */
export function applyReply(books: Books, { request, accounts, told }: PendingSync, { states, holders, wasForgotten }: SyncReply, now: number): void {
  for (const { account, amount } of told) {
    account.isOnItsWay = false;
    account.lease -= amount;
    account.sent -= amount;
    account.toldSince += amount;
  }
  for (const [index, account] of accounts.entries()) {
    const move = request.moves[index];
    const state = states[index];
    account.isOnItsWay = false;
    if (move === undefined || state === undefined) continue;
    // Where the store's books differ (it lost its data, or gave this process up for dead), they hold: what is reserved is claimed anew, as overdraft.
    const gained = state.yours - (account.lease + move.overdraft - move.spent - move.back);
    account.free += gained;
    account.lease = state.yours;
    account.sent -= move.spent;
    const wasScarce = account.state?.isScarce === true;
    account.state = state;
    account.toldSince = 0;
    account.figures = undefined;
    account.stateAt = now;
    account.over = overOf(account, state);
    const left = state.isScarce || account.over > 0 ? 0 : Math.min(Number(state.left), Number.MAX_SAFE_INTEGER);
    account.dust = Math.floor(left / dustShare);
    account.spare = Math.floor(left * spareShareOf(account.quota, holders > 1));
    account.mostStock = holders > 1 ? 0 : account.spare;
    if (move.need > 0 && state.granted === 0) account.refusedAt = now;
    if (state.isScarce && !wasScarce && account.free > 0) books.urgent.add(account);
    if (account.free < 0) books.list(account);
    books.hasIdle ||= isIdle(account);
  }
  if (wasForgotten) forgetLeases(books, new Set(accounts));
}

const isIdle = (account: Account): boolean => account.free > 0 && !isDust(account);

/** Which share of what is left is next to nothing. */
const dustShare = 200;
/** Which share is little enough to stay for the next request: of money less than of what comes back by itself, and of places nothing that others could miss. */
function spareShareOf({ kind }: Quota, isShared: boolean): number {
  if (kind === 'budget') return 0.01;
  return kind === 'slots' && isShared ? 0 : 0.05;
}

function overOf({ quota }: Account, { spent, leased, extra }: QuotaState): number {
  const over = spent + leased - quota.limit - extra;
  return over > 0n ? Number(over) : 0;
}

/** The store has given places and rates to others meanwhile; of budgets it is asked whether they are still held. */
function forgetLeases(books: Books, answered: ReadonlySet<Account>): void {
  for (const account of books.listed) {
    if (answered.has(account) || holdsNothing(account)) continue;
    account.mustBeNamed = true;
    books.list(account);
    if (account.quota.kind === 'budget') continue;
    account.free -= account.lease;
    account.lease = 0;
  }
}
