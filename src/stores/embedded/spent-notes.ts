import type { DatabaseSync } from 'node:sqlite';

/**
 * What was spent of budgets and is not in the rows of quotas and leases yet: one row for each sync, instead of two for each budget, so that thousands of budgets cost little.
 * What a quota has spent is what its row says and what is noted; what a holder has is its lease less what is noted.
 * Within a transaction only, which begins with `refresh` and, where it changes something, ends with `write`.
 */
export interface SpentNotes {
  /** Reads what other processes have noted or taken meanwhile. */
  refresh(): void;
  /** Notes what a holder spent; false, and nothing noted, where that is more than can be counted here. */
  add(holder: string, quota: string, amount: number): boolean;
  /** What is noted of a quota, by holder. */
  of(quota: string): ReadonlyMap<string, number>;
  /** Takes all that is noted of a quota: the caller writes it into its rows. */
  take(quota: string): ReadonlyMap<string, number>;
  /** Quotas of which something is noted, roughly those first that have been for longest. */
  quotas(): MapIterator<string>;
  /** Writes what was added and taken. */
  write(): void;
  /** The transaction was undone: what is known here may be wrong. */
  forget(): void;
}

/** What is noted of a quota in all. */
export const sumOf = (noted: ReadonlyMap<string, number>): bigint => noted.values().reduce((sum, amount) => sum + BigInt(amount), 0n);

/** Amounts by quota and holder, or by holder and quota; none is 0. */
type Notes = Map<string, Map<string, number>>;

/** Prepares the statements on a migrated database. */
export function createSpentNotes(database: DatabaseSync): SpentNotes {
  const selectSpan = database.prepare('SELECT (SELECT min(number) FROM spent_notes) AS first, (SELECT max(number) FROM spent_notes) AS last');
  const selectAfter = database.prepare('SELECT spent FROM spent_notes WHERE number > ? ORDER BY number');
  const insert = database.prepare('INSERT INTO spent_notes (number, spent) VALUES (?, ?)');
  const removeAll = database.prepare('DELETE FROM spent_notes');
  /** The rows that `noted` is the sum of; undefined where it has to be read. */
  let known: { first: number; last: number } | undefined;
  const noted: Notes = new Map();
  /** What this transaction has changed, by holder. */
  let changes: Notes = new Map();

  function change(quota: string, holder: string, by: number): void {
    addTo(noted, quota, holder, by);
    addTo(changes, holder, quota, by);
  }

  return {
    refresh() {
      const span = selectSpan.get();
      const [first, last] = [Number(span?.['first']), Number(span?.['last'])];
      if (known !== undefined && known.first === first && known.last === last) return;
      // Rows are only ever added, or replaced by one that comes after them all.
      const isContinued = known !== undefined && known.first === first && known.last < last;
      if (!isContinued) noted.clear();
      for (const row of selectAfter.all(isContinued ? (known?.last ?? 0) : 0)) {
        for (const { holder, quota, amount } of readNotes(String(row['spent']))) addTo(noted, quota, holder, amount);
      }
      known = { first, last };
    },
    add(holder, quota, amount) {
      if (!Number.isSafeInteger((noted.get(quota)?.get(holder) ?? 0) + amount)) return false;
      change(quota, holder, amount);
      return true;
    },
    of: (quota) => noted.get(quota) ?? nothing,
    take(quota) {
      const taken = new Map(noted.get(quota));
      for (const [holder, amount] of taken) change(quota, holder, -amount);
      return taken;
    },
    quotas: () => noted.keys(),
    write() {
      if (changes.size === 0) return;
      const { first, last } = known ?? { first: 0, last: 0 };
      const isLong = last - first >= mostRows;
      if (isLong) removeAll.run();
      insert.run(last + 1, toText(isLong ? byHolder(noted) : changes));
      known = { first: isLong || first === 0 ? last + 1 : first, last: last + 1 };
      changes = new Map();
    },
    forget() {
      known = undefined;
      changes = new Map();
    },
  };
}

/** How many rows there are before one takes their place: those of about a minute of one process under load. */
const mostRows = 300;

const nothing: ReadonlyMap<string, number> = new Map();

function addTo(notes: Notes, first: string, second: string, amount: number): void {
  let amounts = notes.get(first);
  if (amounts === undefined) {
    amounts = new Map();
    notes.set(first, amounts);
  }
  const sum = (amounts.get(second) ?? 0) + amount;
  if (sum === 0) amounts.delete(second);
  else amounts.set(second, sum);
  if (amounts.size === 0) notes.delete(first);
}

function byHolder(noted: Notes): Notes {
  const holders: Notes = new Map();
  for (const [quota, amounts] of noted) for (const [holder, amount] of amounts) addTo(holders, holder, quota, amount);
  return holders;
}

/** A list for each holder: its id, then in turns quotas and amounts. */
type Lists = [holder: string, ...quotasAndAmounts: (string | number)[]][];

const toText = (notes: Notes): string => JSON.stringify(Array.from(notes, ([holder, amounts]) => [holder, ...[...amounts].flat()]));

function* readNotes(text: string): Generator<{ holder: string; quota: string; amount: number }> {
  for (const [holder, ...rest] of JSON.parse(text) as Lists) {
    for (let index = 0; index < rest.length; index += 2) yield { holder, quota: String(rest[index]), amount: Number(rest[index + 1]) };
  }
}
