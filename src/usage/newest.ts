import type { LedgerEntry } from '../stores/entry.ts';
import type { LedgerReader } from '../stores/store.ts';
import type { EntryQuery } from './query.ts';
import { QueryError } from './query-error.ts';

/** A page of entries, the newest first. */
export interface EntryPage {
  entries: readonly LedgerEntry[];
  /** Where the next page goes on; undefined at the end. */
  cursor: string | undefined;
}

const firstSpanMs = 3_600_000;

/** The newest entries of those that are meant, or the newest before a cursor. Reads backwards in ever longer spans, and holds two pages at most. Throws QueryError for a cursor that is none. */
export async function newestEntries(
  ledger: Pick<LedgerReader, 'entries'>,
  query: EntryQuery,
  { limit, cursor }: { limit: number; cursor: string | undefined },
): Promise<EntryPage> {
  const before = cursor === undefined ? undefined : readCursor(cursor);
  const found: LedgerEntry[] = [];
  let to = before === undefined ? query.to : Math.min(query.to, before.at + 1);
  for (let spanMs = firstSpanMs; to > query.from && found.length <= limit; spanMs *= 4) {
    const from = Math.max(query.from, to - spanMs);
    const wanted = (entry: LedgerEntry): boolean => query.matches(entry) && (before === undefined || isBefore(entry, before));
    found.push(...(await newestOf(ledger.entries({ from, to }, query.filter), { wanted, count: limit + 1 - found.length })));
    to = from;
  }
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  return { entries, cursor: found.length > limit && last !== undefined ? `${last.startedAt}.${last.id}` : undefined };
}

/** The newest of pages that come oldest first. */
async function newestOf(
  pages: AsyncIterable<readonly LedgerEntry[]>,
  { wanted, count }: { wanted: (entry: LedgerEntry) => boolean; count: number },
): Promise<LedgerEntry[]> {
  let held: LedgerEntry[] = [];
  for await (const page of pages) {
    held.push(...page.filter(wanted));
    if (held.length > 2 * count) held = held.toSorted(newestFirst).slice(0, count);
  }
  return held.toSorted(newestFirst).slice(0, count);
}

const newestFirst = (a: LedgerEntry, b: LedgerEntry): number => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1);

interface Place {
  at: number;
  id: string;
}

const isBefore = ({ startedAt, id }: LedgerEntry, before: Place): boolean => startedAt < before.at || (startedAt === before.at && id < before.id);

function readCursor(cursor: string): Place {
  const [, at, id] = /^(\d{1,16})\.(.{1,200})$/.exec(cursor) ?? [];
  if (id === undefined) throw new QueryError('"cursor" must be what the page before gave.');
  return { at: Number(at), id };
}
