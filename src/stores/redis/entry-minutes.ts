import type { LedgerEntry } from '../entry.ts';
import { StoreError } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { fromRow } from './entry-row.ts';
import { daysScript, snapshotScript } from './lua/budgets.ts';
import { toScript, valuesOf } from './script.ts';

const [readDays, readSnapshot] = [toScript(daysScript), toScript(snapshotScript)];
const minuteMs = 60_000;
const minutesPerDay = 1440;
/** Entries that Redis is asked for at once. */
const scanLength = 500;
/** Entries that come with a snapshot at most. */
const snapshotLength = 2000;

export const dayMs = minutesPerDay * minuteMs;

/** The entries of a Redis by the minute (since 1970) they began in. */
export interface EntryMinutes {
  /** Days (since 1970) that have entries in a span of time, the first day that has any, and whether entries were removed because of their age. */
  days(from: number, to: number): Promise<{ days: number[]; firstDay: number; areRemoved: boolean }>;
  /** Minutes of a day that have entries and are in the span, at least in part. */
  ofDay(day: number, from: number, to: number): Promise<number[]>;
  read(minute: number): Promise<LedgerEntry[]>;
  /**
   * What budgets have spent (undefined for one that is gone), and which minutes of a span have another number of entries than is `known`, both at one moment.
   * Of changed minutes that have too many entries for that, these are undefined: they are to be read.
   */
  snapshot(
    budgetIds: readonly string[],
    span: { from: number; to: number },
    known: ReadonlyMap<number, { count: number }>,
  ): Promise<{ spent: (bigint | undefined)[]; changed: Map<number, LedgerEntry[] | undefined> }>;
}

export function createEntryMinutes(connection: RedisConnection, root: string): EntryMinutes {
  return {
    async days(from, to) {
      const reply = await connection.run(readDays, [Math.floor(from / dayMs), Math.floor((to - 1) / dayMs)], true);
      const [days, areRemoved, first] = valuesOf(reply);
      return { days: toNumbers(days), firstDay: toNumbers(first)[0] ?? Number.POSITIVE_INFINITY, areRemoved: areRemoved === 1 };
    },
    async ofDay(day, from, to) {
      const bits = await connection.read((client) => client.getBuffer(`${root}minutes:${day}`));
      const minutes: number[] = [];
      for (let index = 0; index < minutesPerDay; index += 1) {
        const minute = day * minutesPerDay + index;
        const isThere = (((bits?.[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1;
        if (isThere && (minute + 1) * minuteMs > from && minute * minuteMs < to) minutes.push(minute);
      }
      return minutes;
    },
    async read(minute) {
      const rows = new Map<string, string>();
      let cursor = '0';
      do {
        const from = cursor;
        const [next, flat] = await connection.read((client) => client.hscan(`${root}entries:${minute}`, from, 'COUNT', scanLength));
        // Redis may show one twice.
        for (let index = 0; index + 1 < flat.length; index += 2) rows.set(flat[index] ?? '', flat[index + 1] ?? '');
        cursor = next;
      } while (cursor !== '0');
      return Array.from(rows, ([id, row]) => toEntry(id, row));
    },
    async snapshot(budgetIds, { from, to }, known) {
      const counts = Array.from(known, ([minute, { count }]) => [minute, count]).flat();
      const days = [Math.floor(from / dayMs), Math.floor((to - 1) / dayMs)];
      const reply = await connection.run(readSnapshot, [JSON.stringify(budgetIds), ...days, JSON.stringify(counts), snapshotLength], true);
      const [spent, flat] = valuesOf(reply).map(valuesOf);
      const changed = new Map<number, LedgerEntry[] | undefined>();
      for (let index = 0; index < (flat?.length ?? 0); index += 2) changed.set(Number(flat?.[index]), toEntries(valuesOf(flat?.[index + 1])));
      return { spent: (spent ?? []).map((text) => (text === '' ? undefined : BigInt(String(text)))), changed };
    },
  };
}

const toNumbers = (list: unknown): number[] => valuesOf(list).map(Number);

/** Of a list of ids and rows; undefined for an empty one. */
function toEntries(flat: readonly unknown[]): LedgerEntry[] | undefined {
  if (flat.length === 0) return undefined;
  return Array.from({ length: flat.length / 2 }, (_, index) => toEntry(String(flat[2 * index]), String(flat[2 * index + 1])));
}

function toEntry(id: string, row: string): LedgerEntry {
  try {
    return fromRow(id, row);
  } catch (error) {
    throw new StoreError(
      `The Redis store has an entry that cannot be read (${JSON.stringify(id)}). Something else has written to its keys; give Remora a prefix of its own.`,
      error,
    );
  }
}
