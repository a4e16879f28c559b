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

export const dayMs = minutesPerDay * minuteMs;

/** The entries of a Redis by the minute (since 1970) they began in. */
export interface EntryMinutes {
  /** Days (since 1970) that have entries in a span of time, the first day that has any, and whether entries were removed because of their age. */
  days(from: number, to: number): Promise<{ days: number[]; firstDay: number; areRemoved: boolean }>;
  /** Minutes of a day that have entries and are in the span, at least in part. */
  ofDay(day: number, from: number, to: number): Promise<number[]>;
  read(minute: number): Promise<LedgerEntry[]>;
  /** What budgets have spent and how many entries minutes have, all at one moment. A budget that is gone has spent undefined. */
  snapshot(budgetIds: readonly string[], minutes: readonly number[]): Promise<{ spent: (bigint | undefined)[]; counts: number[] }>;
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
    async snapshot(budgetIds, minutes) {
      const reply = await connection.run(readSnapshot, [JSON.stringify(budgetIds), JSON.stringify(minutes)], true);
      const [spent, counts] = valuesOf(reply);
      return { spent: valuesOf(spent).map((text) => (text === '' ? undefined : BigInt(String(text)))), counts: toNumbers(counts) };
    },
  };
}

const toNumbers = (list: unknown): number[] => valuesOf(list).map(Number);

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
