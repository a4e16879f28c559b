import type { Charge, Quota, RateQuota } from '../stores/quota.ts';
import type { QuotaState } from '../stores/store.ts';

/**
 * What this process holds of one quota, and knows of it. At any time `lease` = `free` + what is reserved + what is spent and not told yet;
 * while a sync is under way, the moves that it carries make the difference.
 */
export class Account {
  /** As the latest request had it: its limit may have changed. */
  quota: Quota;
  /** What the store says that this process holds. */
  lease = 0;
  /** Of the lease, neither reserved nor spent. Negative where more was used than was leased: the next sync says so. */
  free = 0;
  /** By how much more is spent and leased than the limit allows, everywhere: what streams used beyond what they held. It has to come back before anybody begins anew. */
  over = 0;
  /** Reserved in this generation, and in the one before it. Only rates have more than one generation: see `age`. */
  young = 0;
  elder = 0;
  generation = 0;
  /** When the next generation begins, in milliseconds since 1970. */
  agesAt = 0;
  /** Spent by entries that wait to be booked. */
  queued = 0;
  /** Spent otherwise, and not told yet. */
  loose = 0;
  /** Spent, and part of the sync under way. */
  sent = 0;
  /** The least that was free in this window of time, and in the one before it: nobody needed that. */
  lowest = 0;
  lowestBefore = 0;
  /** What was taken in this window, less what came back, and in the one before it. */
  taken = 0;
  takenBefore = 0;
  /** The largest single amount of this window, and of the last one before it in which there was any. */
  largest = 0;
  largestBefore = 0;
  /** Waiting requests that go first: whoever comes now waits behind them. */
  claims = 0;
  /** So little of what is left that nobody misses it for a while. */
  dust = 0;
  /** As much of what is left as may stay here for the next requests while nobody else asks for it. */
  spare = 0;
  /** As much of what is left as may be held beyond that, so that the store is asked seldom: nothing where others share it, who may come to need that. */
  mostStock = 0;
  /** What the store was told to be idle. */
  toldIdle = 0;
  /** Counts windows without any use. */
  restedWindows = 0;
  /** Its limit was lowered: what is idle goes back. */
  isShrunk = false;
  /** The next sync has to name it, whatever there is to tell. */
  mustBeNamed = false;
  /** It is among those that may hold something, and among those that something was done with: see `Books`. */
  isListed = false;
  isTouched = false;
  /** The sync under way names it: the store may grant something. */
  isOnItsWay = false;
  /** When the store was last told what was spent of it, in milliseconds since 1970. */
  toldAt = 0;
  /** What the store was told to be spent since it said `state`, without being asked for an answer. */
  toldSince = 0;
  /** How the quota stood when the store said so last, at `stateAt` (milliseconds since 1970; -Infinity where that may not hold any more); undefined before. */
  state: QuotaState | undefined;
  stateAt = 0;
  /** `state` in doubles, for those who only look; made when somebody does. */
  figures: Figures | undefined;
  /** When the store had last less than was needed, in milliseconds since 1970. */
  refusedAt = Number.NEGATIVE_INFINITY;

  constructor(quota: Quota) {
    this.quota = quota;
  }
}

/** The amounts of a store's word, to 16 digits. */
export type Figures = Record<'spent' | 'leased' | 'left' | 'extra', number>;

/** An amount of a quota that a reservation holds. */
export interface Part {
  readonly account: Account;
  held: number;
  /** Counted as spent already, since it is held for so long: only for rates. */
  aged: number;
  /** Generation of the account that `held` is counted in. */
  generation: number;
}

/** What may be reserved without asking. */
export const usableOf = (account: Account): number => account.free - account.over;
export const reservedOf = (account: Account): number => account.young + account.elder;
/** Spent, and not known to the store, as far as is known here. */
export const untoldOf = (account: Account): number => account.queued + account.loose + account.sent;

/** Takes an amount out of what is free. */
export function hold(account: Account, amount: number): Part {
  take(account, amount);
  account.young += amount;
  return { account, held: amount, aged: 0, generation: account.generation };
}

/** Changes what is held, and by less than was asked where that would make it negative. */
export function change(part: Part, by: number): void {
  const { account } = part;
  const held = takeOut(part);
  const after = Math.max(0, held + by);
  take(account, after - held);
  account.young += after;
  part.held = after;
  part.generation = account.generation;
}

/** Ends a part: gives back what it held. */
export function giveBack(part: Part): void {
  const held = takeOut(part);
  part.held = 0;
  take(part.account, -held);
}

/** Takes what is held out of what is reserved; what has aged meanwhile stays spent. */
function takeOut(part: Part): number {
  const { account, held } = part;
  const generations = account.generation - part.generation;
  if (generations === 0) account.young -= held;
  else if (generations === 1) account.elder -= held;
  else {
    part.aged += held;
    return 0;
  }
  return held;
}

/** Takes from what is free what is used for good; the caller notes it as `queued` or `loose`. */
export function take(account: Account, amount: number): void {
  account.free -= amount;
  account.taken += amount;
  account.restedWindows = 0;
  if (account.free < account.lowest) account.lowest = account.free;
  if (amount > account.largest) account.largest = amount;
}

/** How long a generation of what is held of a rate lasts. */
const agingMs = ({ refillMs }: RateQuota): number => refillMs / 2;

/** Whether something is held of a rate that has to be looked at more often than once in so many milliseconds. */
export const agesSoon = (account: Account, withinMs: number): boolean =>
  account.quota.kind === 'rate' && agingMs(account.quota) < withinMs && reservedOf(account) > 0;

/**
 * A rate's tokens that are held for half the time in which its bucket fills count as spent from then on: the bucket would not fill again as long as they are held,
 * and a stream of minutes would keep others from tokens of a second. What a request did not need is given back if it ends before that.
 */
export function age(account: Account, now: number): void {
  const { quota } = account;
  if (quota.kind !== 'rate') return;
  const spanMs = agingMs(quota);
  if (now < account.agesAt && account.agesAt - now <= spanMs) return;
  const isFirst = account.agesAt === 0;
  account.agesAt = now + spanMs;
  if (isFirst) return;
  account.loose += account.elder;
  account.elder = account.young;
  account.young = 0;
  account.generation += 1;
}

/** Begins a new window of time. */
export function rotate(account: Account): void {
  account.lowestBefore = account.lowest;
  account.lowest = account.free;
  account.takenBefore = account.taken;
  account.taken = 0;
  if (account.largest > 0) account.largestBefore = account.largest;
  account.largest = 0;
  account.restedWindows += 1;
}

/** The largest single amount of late. */
const usualOf = (account: Account): number => Math.max(account.largest, account.largestBefore);

/** What requests take in about two seconds, by the last ones. */
const demandOf = (account: Account): number => Math.max(account.taken, account.takenBefore, usualOf(account));

/** Of what a rate has when full, how much a process may hold without need, and use without telling: that often less is told. */
const rateShare = 100;

/** How many requests of the usual size a budget is leased ahead for by a process that is alone, where that is little of what is left: so that it is asked for seldom. */
const requestsAhead = 10;

/** What is held in stock beyond what is needed soon: nobody misses it. */
const stockOf = (account: Account): number =>
  account.quota.kind === 'budget' ? Math.min(account.mostStock, requestsAhead * usualOf(account)) : unspokenOf(account.quota);

/** What is leased ahead where something is: what requests of two seconds take, and a stock in any case. */
export const aheadOf = (account: Account): number => Math.max(demandOf(account), stockOf(account));

/** Enough is free for the next second and for the next request, and some of the stock; or nobody has asked of late. */
export const isWarm = (account: Account): boolean =>
  account.restedWindows > 1 || account.free >= Math.max(demandOf(account) / 2, usualOf(account), stockOf(account) / 3);

/** How much of a quota may be spent before the store is told, while that is known to be soon. */
const unspokenOf = (quota: Quota): number => (quota.kind === 'rate' ? Math.floor(Number(quota.limit) / rateShare) : 0);

/** How long the store need not be told what was spent of a rate, in milliseconds: others go by what it knows. */
const unspokenMs = ({ refillMs }: RateQuota, isShared: boolean): number => (isShared ? Math.min(refillMs / 10, 10_000) : Math.min(refillMs, 60_000));

/** Whether what was spent of a rate can be told later: it is little, and it will not wait long. Until then the store takes it for leased. */
export function canWait({ quota, loose, toldAt }: Account, now: number, isShared: boolean): boolean {
  if (quota.kind !== 'rate' || loose > unspokenOf(quota)) return false;
  return now >= toldAt && now - toldAt < unspokenMs(quota, isShared);
}

/** How old the store's word of a budget may get while it is only told what is spent: while other processes share the store, and while none does (of what admins do, one hears). In milliseconds. */
const wordMs = { shared: 2000, alone: 600_000 };

/** Whether the store can be told what was spent of a budget without an answer: what it said last is good enough. */
export const needsNoAnswer = ({ quota, state, stateAt }: Account, now: number, isShared: boolean): boolean =>
  quota.kind === 'budget' && state !== undefined && Math.abs(now - stateAt) < (isShared ? wordMs.shared : wordMs.alone);

/** How long next to nothing may stay idle, in windows: somebody who asks now and then finds a warm lease. */
const dustWindows = 20;

/** What may stay idle for a while after it was used: next to nothing of what is left, or what the next requests may need where that is little. */
function keptOf(account: Account): number {
  if (account.restedWindows >= dustWindows) return 0;
  return Math.max(account.dust, Math.min(account.spare, Math.max(usualOf(account), stockOf(account))));
}

/** All that is idle may stay so: it need not be told, nor given back. */
export const isDust = (account: Account): boolean => account.free > 0 && account.free <= keptOf(account);

/** What is free and was not needed for about two seconds, but for what may stay. */
export function excessOf(account: Account): number {
  if (isDust(account)) return 0;
  return Math.max(0, Math.min(account.free, account.lowest, account.lowestBefore) - keptOf(account));
}

/** Nothing is held, nothing may be granted, and nothing is left to be told. */
export const holdsNothing = (account: Account): boolean =>
  !account.isOnItsWay && account.lease === 0 && account.free === 0 && reservedOf(account) === 0 && untoldOf(account) === 0 && account.claims === 0;

/** Amounts are whole and at least 0: anything else is a bug, and would spoil the books of all gateways. Throws RangeError. */
export function checkAmounts(charges: readonly Charge[], mayBeNegative = false): void {
  for (const { quota, amount } of charges) {
    if (!Number.isSafeInteger(amount) || (amount < 0 && !mayBeNegative)) throw new RangeError(`${amount} is no amount of ${quota.id}.`);
  }
}
