import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { entry } from '../ledger.traffic.contract.ts';
import { createEntryTable } from './entry-table.ts';
import { migrations } from './migrations.ts';

function createTable() {
  const database = new DatabaseSync(':memory:');
  for (const sql of migrations) database.exec(sql);
  return createEntryTable(database);
}

const booked = (id: number, costNanos: number, period = '2026-11') => ({ id, period, entry: entry({ tenant: 'marketing', costNanos }) });

test('an entry that is written again, after a commit that only seemed to fail, is not charged again', () => {
  const table = createTable();
  table.append([booked(1, 5)]);
  table.append([booked(1, 5), booked(2, 7)]);
  expect(table.totals('2026-11')).toEqual(new Map([['marketing', 12n]]));
  expect(table.lastId()).toBe(2);
});

test('totals are kept by period', () => {
  const table = createTable();
  table.append([booked(1, 5), booked(2, 7, '2026-12')]);
  expect([table.totals('2026-11'), table.totals('2026-12'), table.totals('2027-01')]).toEqual([
    new Map([['marketing', 5n]]),
    new Map([['marketing', 7n]]),
    new Map(),
  ]);
});

test('an empty table has no last id', () => {
  expect(createTable().lastId()).toBe(0);
});
