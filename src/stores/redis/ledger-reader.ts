import type { LedgerEntry } from '../entry.ts';
import type { EntryFilter } from '../quota.ts';
import type { BudgetStore, LedgerReader } from '../store.ts';
import { createEntryMinutes, dayMs, type EntryMinutes } from './entry-minutes.ts';
import { doesCount } from './entry-row.ts';
import { verifyBudgets } from './verify.ts';
import type { RedisConnection } from './connection.ts';

const pageLength = 1000;
/** Minutes that are read at once. */
const readAhead = 10;

export interface LedgerReaderOptions {
  connection: RedisConnection;
  root: string;
  now: () => number;
  keepMs: number;
  budgets: BudgetStore;
}

/** The ledger in a Redis, read minute by minute. */
export function createLedgerReader({ connection, root, now, keepMs, budgets }: LedgerReaderOptions): LedgerReader {
  const minutes = createEntryMinutes(connection, root);

  async function* entries(span: { from: number; to: number }, filter: EntryFilter = {}): AsyncGenerator<readonly LedgerEntry[]> {
    let page: LedgerEntry[] = [];
    for await (const list of inOrder(minutes, span)) {
      for (const entry of list) {
        if (entry.startedAt < span.from || entry.startedAt >= span.to || !doesCount(entry, filter)) continue;
        page.push(entry);
        if (page.length < pageLength) continue;
        yield page;
        page = [];
      }
    }
    if (page.length > 0) yield page;
  }

  return {
    entries,
    keptSince: () => Promise.resolve(now() - keepMs),
    async *verify(at) {
      const { areRemoved, firstDay } = await minutes.days(0, Number.MAX_SAFE_INTEGER);
      const keptSince = now() - keepMs;
      const areAllKept = !areRemoved && firstDay * dayMs >= keptSince;
      // Of a period that began before, entries may be gone; they count as spent all the same.
      const comparable = (await budgets.list(at)).filter(({ from }) => areAllKept || from >= keptSince);
      yield* verifyBudgets(comparable, minutes);
    },
  };
}

/** The entries of each minute of a span, sorted. */
async function* inOrder(minutes: EntryMinutes, { from, to }: { from: number; to: number }): AsyncGenerator<LedgerEntry[]> {
  const { days } = await minutes.days(from, to);
  for (const day of days) {
    const inDay = await minutes.ofDay(day, from, to);
    for (let index = 0; index < inDay.length; index += readAhead) {
      const lists = await Promise.all(inDay.slice(index, index + readAhead).map((minute) => minutes.read(minute)));
      for (const list of lists) yield list.toSorted((a, b) => a.startedAt - b.startedAt);
    }
  }
}
