import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { budget, createGateway, entry, move, readEntries, storeAt } from '../store.fixture.ts';
import { StoreError, type Store } from '../store.ts';
import { createEmbeddedStore } from './store.ts';

let folder: string;
let path: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-transactions-'));
  path = join(folder, 'remora.db');
  store = createEmbeddedStore({ path, now: () => storeAt });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Makes every write wait until it is closed. */
function lockForWriting(): DatabaseSync {
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  return other;
}

test('a call waits for another process that writes, and the event loop goes on meanwhile', async () => {
  const other = lockForWriting();
  const order: string[] = [];
  const synced = createGateway(store, 'one')
    .sync({ entries: [entry()] })
    .then(() => order.push('synced'));
  expect(await readEntries(store)).toEqual([]);
  order.push('read meanwhile');
  other.close();
  await synced;
  expect(order).toEqual(['read meanwhile', 'synced']);
});

test('a file that stays locked is an error that says so, and the call can be repeated', async () => {
  const one = createGateway(store, 'one');
  const other = lockForWriting();
  await expect(one.sync({ entries: [entry()] })).rejects.toThrow(
    new StoreError(`The store ${path} cannot be written: another process has locked it for seconds. End what locks the file.`),
  );
  other.close();
  await one.repeat();
  expect(await readEntries(store)).toHaveLength(1);
});

test('a call that fails midway does nothing, and can be repeated', async () => {
  const one = createGateway(store, 'one');
  await one.move(budget(), { need: 10, want: 10 });
  const other = new DatabaseSync(path);
  other.exec(`CREATE TRIGGER fail BEFORE INSERT ON entries WHEN new.id = 'second' BEGIN SELECT raise(ABORT, 'no room'); END`);
  const entries = ['first', 'second', 'third'].map((id) => entry({ id, costNanos: 1 }));
  await expect(one.sync({ entries, moves: [move(budget(), { spent: 3, need: 5, want: 5 })] })).rejects.toThrow(
    `The store ${path} cannot be used (no room). Make room on the disk, and see that the file can be written.`,
  );
  expect(await readEntries(store)).toEqual([]);
  other.exec('DROP TRIGGER fail');
  other.close();
  expect((await one.repeat()).states).toMatchObject([{ granted: 5, spent: 3n, leased: 12n }]);
  expect(await readEntries(store)).toHaveLength(3);
});

test('after the close every call is refused, and closing twice is once', async () => {
  await store.close();
  await store.close();
  await expect(createGateway(store, 'one').sync()).rejects.toThrow(`The store ${path} is closed.`);
  await expect(store.keys.all()).rejects.toThrow(StoreError);
});

test('a call that waits while the store is closed is refused', async () => {
  const other = lockForWriting();
  const waiting = createGateway(store, 'one').sync();
  await store.close();
  await expect(waiting).rejects.toThrow(`The store ${path} is closed.`);
  other.close();
});

test('a mistake of the caller is no failure of the store', async () => {
  await expect(createGateway(store, 'one').move(budget(), { spent: 0.5 })).rejects.toThrow(RangeError);
  expect(await createGateway(store, 'two').move(budget())).toMatchObject({ leased: 0n });
});
