import type { VirtualKey } from '../identity/virtual-key.ts';
import type { LedgerEntry } from './entry.ts';
import type { BudgetQuota, EntryFilter, Quota } from './quota.ts';

/**
 * Where gateways keep what must outlive them and be true for all of them: the ledger, what is used of quotas, virtual keys, and what admins did.
 * A file of one machine (`embedded`) or a Redis; `store.contract.ts` holds both to the same.
 *
 * Quotas are handed out as leases: what a gateway process holds is debited when granted, so that processes never add up to more than the limit, and a request waits for nobody while its lease lasts.
 * Every method throws StoreError where the store is out of reach; then nothing of the call was done, or `sync` may be repeated.
 */
export interface Store {
  /** Books, returns and leases in one step, all or nothing. */
  sync(request: SyncRequest): Promise<SyncReply>;
  readonly keys: KeyStore;
  readonly budgets: BudgetStore;
  readonly ledger: LedgerReader;
  readonly audit: AuditStore;
  /** True for the first who asks of this name, for all gateways and until `untilMs` (milliseconds since 1970); so that a warning is sent once. */
  first(name: string, untilMs: number): Promise<boolean>;
  /** Lets go of the file or the connection. */
  close(): Promise<void>;
}

/** What one gateway process tells and asks. */
export interface SyncRequest {
  /** Random id of the process's life: another one after each start. */
  holder: string;
  /** 1, 2, 3, …: one that was applied already is answered with what was granted then, but not applied again. */
  number: number;
  /** Milliseconds since 1970. */
  now: number;
  /** To be booked. One whose id is there already changes nothing; the `moves` and `spent` of the call do count, and say what these entries spent, or an earlier call's did: a budget that is new counts the entries of earlier calls only. */
  entries: readonly LedgerEntry[];
  /** One at most for each quota. */
  moves: readonly Move[];
  /** What was spent of budgets that there is nothing else to tell or ask of: as a move with nothing but `spent` and the same `idle` as before, but without an answer, so that a store may keep it aside. None of them is in `moves`. */
  spent?: readonly Spent[];
  /** The process ends: all that it holds is given back with this, and it is forgotten. */
  leaving?: boolean;
}

/** What becomes of one quota. All amounts are 0 or more, in whole units, in this order: `overdraft` enlarges the lease, `spent` and `back` reduce it, and a grant enlarges it. */
export interface Move {
  quota: Quota;
  /** Used beyond the lease; the lease is enlarged by it, whatever the limit says: it is a fact. */
  overdraft: number;
  /** Used: of the lease, and for good. For slots always 0. */
  spent: number;
  /** Of the lease, unused: free for others. */
  back: number;
  /** What the process needs now; it is granted nothing where it cannot have that. 0 asks for nothing. */
  need: number;
  /** What it would like to have, at least `need`. It gets at most half of what is left, divided by the gateways, or `need` where that is more. */
  want: number;
  /** What it then holds and could give back at once: others may wait for it. */
  idle: number;
}

/** What was spent of one budget, in whole units. */
export interface Spent {
  quota: BudgetQuota;
  amount: number;
}

export interface SyncReply {
  /** For each move, in their order. */
  states: readonly QuotaState[];
  /** Gateway processes that live, this one included. */
  holders: number;
  /** Grows with each change of a virtual key. */
  keyVersion: number;
  /** Changes where what was said of budgets before may not hold any more, though nobody else is there now: when a process comes, leaves or dies, and with a top-up, a recount that raised something, a release. */
  budgetVersion: number;
  /** The store had given this process up for dead: places and rates that it held have gone to others, and count anew with what this call said. Budgets were kept for it. */
  wasForgotten: boolean;
}

/** How a quota stands after a sync. */
export interface QuotaState {
  granted: number;
  /** Budgets: spent in the period. Else 0. */
  spent: bigint;
  /** Held by all gateways. */
  leased: bigint;
  /** Of `leased`, held by the process that asked, after this call and as of now: what it goes by where its own books say otherwise. */
  yours: number;
  /** Of `leased`, held by gateways that died without giving it back: it may have been spent, so nobody else gets it in this period, unless an admin says so. */
  dead: bigint;
  /** What can still be leased: the limit and what an admin added, less what is spent and leased; 0 or more. */
  left: bigint;
  /** Added by an admin for this period. */
  extra: bigint;
  /** What other gateways hold and could give back. */
  idleElsewhere: bigint;
  /** Another gateway needs some and cannot have it: give back what is idle, and lease no more than is needed. */
  isScarce: boolean;
}

export interface KeyStore {
  /** All virtual keys, with the version that they are of. */
  all(): Promise<{ version: number; keys: VirtualKey[] }>;
  /** Those changed after a version. Removed ones come with `removedAt`. */
  since(version: number): Promise<{ version: number; keys: VirtualKey[] }>;
  /** Adds a key, or changes the one of this id; false where it is not the way it was (`before`) any more, or where it is to be added and its id or a hash is taken. */
  put(key: VirtualKey, before: VirtualKey | undefined): Promise<boolean>;
}

/** What admins see and do of budgets. */
export interface BudgetStore {
  /** Every budget quota that is in its period. */
  list(now: number): Promise<BudgetStanding[]>;
  /** Adds to what may be spent in the quota's period, or takes away (negative). False where no such quota is known. */
  topUp(id: string, amount: bigint): Promise<boolean>;
  /** Raises what a quota has spent to what the entries of its period add up to, where that is more: entries of exchanges that did not know of it. Nothing where no such quota is known. */
  recount(quota: BudgetQuota): Promise<void>;
  /** Frees what dead gateways hold of a quota: what they spent and could not book is then lost. False where no such quota is known. */
  releaseDead(id: string): Promise<boolean>;
}

export interface BudgetStanding extends Omit<QuotaState, 'granted' | 'yours' | 'idleElsewhere' | 'isScarce'> {
  id: string;
  unit: 'nanos' | 'tokens';
  /** As the last gateway said that used it. */
  limit: bigint;
  counts: EntryFilter;
  from: number;
  to: number;
}

/** The ledger as it can be read; entries get there by `sync`. */
export interface LedgerReader {
  /** Entries that began in a span of time (from inclusive, to exclusive, milliseconds since 1970), oldest first, in pages. */
  entries(span: { from: number; to: number }, filter?: EntryFilter): AsyncIterable<readonly LedgerEntry[]>;
  /** The time from which on all entries are kept: those before it may have been removed. */
  keptSince(): Promise<number>;
  /** What a budget quota has spent by the store's own running total, and what the entries add up to: they are the same, or something is wrong. */
  verify(now: number): AsyncIterable<{ id: string; spent: bigint; entries: bigint }>;
}

/** What an admin did. */
export interface AuditRecord {
  /** Milliseconds since 1970. */
  at: number;
  /** Who: `cli`, `api`, or a name that the admin gave. */
  by: string;
  /** Such as `key.create`, `budget.top-up`. */
  action: string;
  /** What it was done to. */
  subject: string;
  /** No secrets. */
  detail: Readonly<Record<string, string | number | boolean>>;
}

export interface AuditStore {
  append(record: AuditRecord): Promise<void>;
  /** The latest ones first. */
  list(limit: number): Promise<AuditRecord[]>;
}

/** How many entries one sync should have at most: a store may hold up the process for about 4 ms with that many. Whoever has more syncs several times. */
export const maxEntriesPerSync = 200;

/** How long after its last sync a process counts as dead, in milliseconds. */
export const deadAfterMs = 15_000;

/** A store that cannot be opened or written; the message is a sentence that says what to do. */
export class StoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
  }
}
