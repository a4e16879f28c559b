import type { Quota } from '../quota.ts';
import type { Move, QuotaState, SyncReply, SyncRequest } from '../store.ts';
import type { EntryTable } from './entry-table.ts';
import type { Granted, Holder, HolderTable } from './holder-table.ts';
import type { KeyTable } from './key-table.ts';
import type { LeaseTable } from './lease-table.ts';
import { applyMove, type Mover } from './moves.ts';
import { newRecord, type QuotaRecord, type QuotaTable } from './quota-table.ts';
import { settleNotes } from './settle-notes.ts';
import type { SpentNotes } from './spent-notes.ts';
import type { SumTable } from './sum-table.ts';

/** The tables that a sync goes through. */
export interface SyncTables {
  holders: HolderTable;
  quotas: QuotaTable;
  leases: LeaseTable;
  entries: EntryTable;
  sums: SumTable;
  keys: KeyTable;
  notes: SpentNotes;
}

/** Does one sync; see `Store.sync`. Within a transaction that writes. */
export function applySync(tables: SyncTables, request: SyncRequest): SyncReply {
  const now = Math.floor(request.now);
  for (const dead of tables.holders.takeDead(now)) {
    giveBack(tables, dead, 'but-budgets');
    tables.quotas.changeVersion();
  }
  const before = tables.holders.get(request.holder);
  return before !== undefined && request.number <= before.number ? repeat(tables, request, before, now) : apply(tables, request, before, now);
}

function apply(tables: SyncTables, request: SyncRequest, before: Holder | undefined, now: number): SyncReply {
  const { holders, entries, sums } = tables;
  const { holder, number, moves, spent = [], leaving = false } = request;
  // One that is not known and does not begin had its leases in a store that is gone.
  const wasForgotten = before === undefined ? number > 1 : before.state === 'dead';
  if (before?.state !== 'live' || leaving) tables.quotas.changeVersion();
  const known: Holder = { number, state: leaving ? 'left' : 'live', wasForgotten };
  const movable = moves.map((move) => ({ move, record: learn(tables, move.quota, now) }));
  sums.add(entries.append(request.entries));
  for (const { quota, amount } of spent) note(tables, holder, quota, amount);
  const mover = moverOf(tables, holder, now, leaving);
  const states = movable.map(({ move, record }) => applyMove(tables, move, record, mover));
  holders.put(holder, known, grantedBy(moves, states), now);
  if (!leaving) return answer(tables, states, mover, wasForgotten);
  giveBack(tables, holder, 'all');
  return answer(
    tables,
    moves.map((move) => look(tables, move, mover)),
    mover,
    wasForgotten,
  );
}

/** Answers as before, but for what has changed since, and changes nothing but that the process lives. */
function repeat(tables: SyncTables, { holder, number, moves }: SyncRequest, before: Holder, now: number): SyncReply {
  const leaving = before.state === 'left';
  const known: Holder = { ...before, state: leaving ? 'left' : 'live', wasForgotten: before.wasForgotten || before.state === 'dead' };
  const granted = tables.holders.granted(holder);
  tables.holders.put(holder, known, granted, now);
  const mover = moverOf(tables, holder, now, leaving);
  const grantedOf = (quota: Quota): number => (number === before.number ? (granted[quota.kind]?.[quota.id] ?? 0) : 0);
  const states = moves.map((move): QuotaState => ({ ...look(tables, move, mover), granted: grantedOf(move.quota) }));
  return answer(tables, states, mover, known.wasForgotten);
}

function moverOf({ holders }: SyncTables, holder: string, now: number, leaving: boolean): Mover {
  const living = holders.living();
  if (leaving) living.delete(holder);
  else living.add(holder);
  return { holder, now, living, leaving };
}

const answer = ({ keys, quotas }: SyncTables, states: QuotaState[], { living }: Mover, wasForgotten: boolean): SyncReply => ({
  states,
  holders: living.size,
  keyVersion: keys.version(),
  budgetVersion: quotas.budgetVersion(),
  wasForgotten,
});

/** How a quota stands, with nothing moved. */
const look = (tables: SyncTables, { quota, idle }: Move, mover: Mover): QuotaState =>
  applyMove(tables, { quota, idle, overdraft: 0, spent: 0, back: 0, need: 0, want: 0 }, learn(tables, quota, mover.now), mover);

/** What was spent goes into the rows when somebody looks at them. */
function note(tables: SyncTables, holder: string, quota: Quota, amount: number): void {
  if (tables.notes.add(holder, quota.id, amount)) return;
  settleNotes(tables, quota.id);
  if (!tables.notes.add(holder, quota.id, amount)) throw new RangeError(`${amount} is no amount of ${quota.id}.`);
}

/** How a quota stands. One that is not known yet begins with the entries that came before. */
function learn(tables: SyncTables, quota: Quota, now: number): QuotaRecord {
  const { quotas, sums } = tables;
  settleNotes(tables, quota.id);
  const known = quotas.get(quota.id);
  if (known !== undefined) return known;
  const record = newRecord(quota, quota.kind === 'budget' ? sums.total(quota) : 0n, now);
  quotas.add(quota, record);
  return record;
}

/** Frees what a process holds. */
function giveBack({ leases, quotas }: SyncTables, holder: string, which: 'all' | 'but-budgets'): void {
  for (const { quota, amount } of leases.heldBy(holder)) quotas.pourBack(quota, amount);
  leases.remove(holder, which);
}

function grantedBy(moves: readonly Move[], states: readonly QuotaState[]): Granted {
  const granted: Granted = {};
  for (const [index, { quota }] of moves.entries()) {
    const amount = states[index]?.granted ?? 0;
    if (amount > 0) (granted[quota.kind] ??= {})[quota.id] = amount;
  }
  return granted;
}
