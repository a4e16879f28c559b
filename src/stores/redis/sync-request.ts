import type { LedgerEntry } from '../entry.ts';
import type { BudgetQuota, EntryFilter, Quota } from '../quota.ts';
import { deadAfterMs, type Move, type QuotaState, type Spent, type SyncReply, type SyncRequest } from '../store.ts';
import { tokensOf, toRow } from './entry-row.ts';
import { valuesOf } from './script.ts';

const minuteMs = 60_000;

/**
 * The arguments of the sync script. `time` is when it is, in milliseconds since 1970, or empty for the clock of Redis.
 * The first is JSON: what is not per entry is named once and then meant by its place in the list, from 1 on as in Lua.
 */
export function toSyncArguments(request: SyncRequest, { time, keepMs }: { time: string; keepMs: number }): string[] {
  const { holder, number, entries, moves, spent = [], leaving = false } = request;
  const [owners, kinds, cells] = [createPlaces(), createPlaces(), createPlaces<[kind: number, owners: number[]]>()];
  function cellOf({ tenants, user, key, served, provider }: LedgerEntry): number {
    return cells.placeOf(JSON.stringify([tenants, user, key, served, provider]), () => [
      kinds.placeOf(JSON.stringify([served, provider])),
      ownersOf(tenants, user, key).map((owner) => owners.placeOf(owner)),
    ]);
  }
  const places = entries.map((entry) => [Math.floor(entry.startedAt / minuteMs), cellOf(entry), entry.costNanos, tokensOf(entry)]);
  const header = {
    holder,
    number,
    now: time,
    leaving,
    keepMs,
    deadAfterMs,
    moves: [...moves.map(toMove), ...spent.map(toUnanswered)],
    entries: places,
    owners: owners.all(),
    kinds: kinds.all(),
    cells: cells.all(),
  };
  return [JSON.stringify(header), ...entries.flatMap((entry) => [entry.id, toRow(entry)])];
}

/** What the script answered. Throws TypeError where that is something else. */
export function readSyncReply(reply: unknown, moves: readonly Move[]): SyncReply {
  const [holders, keyVersion, budgetVersion, wasForgotten, ...values] = valuesOf(reply);
  return {
    states: moves.map((_, index) => toState(values.slice(index * stateLength, (index + 1) * stateLength))),
    holders: Number(holders),
    keyVersion: Number(keyVersion),
    budgetVersion: Number(budgetVersion),
    wasForgotten: wasForgotten === 1,
  };
}

const stateLength = 9;

function toState(values: unknown[]): QuotaState {
  const [granted, spent, leased, yours, dead, left, extra, idleElsewhere, isScarce] = values.map(String);
  return {
    granted: Number(granted),
    spent: toBigInt(spent),
    leased: toBigInt(leased),
    yours: Number(yours),
    dead: toBigInt(dead),
    left: toBigInt(left),
    extra: toBigInt(extra),
    idleElsewhere: toBigInt(idleElsewhere),
    isScarce: isScarce === '1',
  };
}

function toBigInt(text: string | undefined): bigint {
  if (text === undefined) throw new TypeError('a quota is answered with nine values');
  return BigInt(text);
}

function toMove({ quota, overdraft, spent, back, need, want, idle }: Move) {
  const amounts = { id: quota.id, kind: quota.kind, limit: limitOf(quota), overdraft, spent, back, need, want, idle };
  if (quota.kind === 'slots') return amounts;
  if (quota.kind === 'rate') return { ...amounts, refillMs: quota.refillMs };
  // As text, since it is read only for a budget that is new.
  return { ...amounts, begin: toBegin(quota) };
}

/** One that is last in the list, and not answered; what was idle of it stays so. */
const toUnanswered = ({ quota, amount }: Spent) => ({
  ...toMove({ quota, overdraft: 0, spent: amount, back: 0, need: 0, want: 0, idle: 0 }),
  isUnanswered: true,
});

/** What a budget counts, as the scripts read it. */
export const toBegin = ({ unit, counts, from, to }: BudgetQuota): string => JSON.stringify({ unit, counts, from, to, owner: ownerOf(counts) });

/** Rates and places are counted as plain numbers in Redis. */
const limitOf = ({ kind, limit }: Quota): string => String(kind === 'budget' || limit <= Number.MAX_SAFE_INTEGER ? limit : Number.MAX_SAFE_INTEGER);

/** Whose sums have what an entry filter means; undefined where no sums do, and the entries themselves have to be read. */
function ownerOf({ tenant, key, user }: EntryFilter): string | undefined {
  if (key !== undefined) return tenant === undefined && user === undefined ? JSON.stringify(['key', key]) : undefined;
  if (user !== undefined) return tenant === undefined || user === '' ? undefined : JSON.stringify(['user', tenant, user]);
  return JSON.stringify(tenant === undefined ? [] : ['tenant', tenant]);
}

/** In whose sums an entry counts: everybody's, the key's, and those of each tenant and of the user as each tenant's. */
const ownersOf = (tenants: readonly string[], user: string, key: string): string[] => [
  '[]',
  JSON.stringify(['key', key]),
  ...Array.from(new Set(tenants), (tenant) => JSON.stringify(['tenant', tenant])),
  ...(user === '' ? [] : Array.from(new Set(tenants), (tenant) => JSON.stringify(['user', tenant, user]))),
];

/** A list without repetitions, in which everything has its place, from 1 on. */
function createPlaces<Value = string>() {
  const places = new Map<string, number>();
  const values: (Value | string)[] = [];
  return {
    placeOf(name: string, toValue?: () => Value): number {
      const known = places.get(name);
      if (known !== undefined) return known;
      values.push(toValue === undefined ? name : toValue());
      places.set(name, values.length);
      return values.length;
    },
    all: (): readonly (Value | string)[] => values,
  };
}
