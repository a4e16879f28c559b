import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { budget, createGateway, entry, move, rate, readEntries, slots, storeAt } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { createEmbeddedStore } from './store.ts';
import { intervalMs } from './upkeep.ts';

const day = 86_400_000;

let folder: string;
let path: string;
let now: number;
let store: Store;
beforeEach(() => {
  // What yields to the event loop between pages goes on by itself.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  folder = mkdtempSync(join(tmpdir(), 'remora-upkeep-'));
  path = join(folder, 'remora.db');
  now = storeAt;
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  rmSync(folder, { recursive: true });
});

const open = (keepEntriesMs?: number): Store => (store = createEmbeddedStore({ path, now: () => now, keepEntriesMs }));

/** Lets all the upkeep of one time happen. */
async function upkeep(): Promise<void> {
  await vi.advanceTimersByTimeAsync(intervalMs + intervalMs / 2);
}

function count(table: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  const row = database.prepare(`SELECT count(*) AS count FROM ${table}`).get();
  database.close();
  return row?.['count'];
}

test('what was noted of budgets that nobody uses any more goes into their rows, some at a time', async () => {
  open();
  const gateway = createGateway(store, 'one');
  const budgets = Array.from({ length: 700 }, (_, index) => budget({ id: `budget:team-${index}`, counts: { tenant: `team-${index}` } }));
  await gateway.sync({ moves: budgets.map((quota) => move(quota, { need: 100, want: 100, idle: 100 })) });
  await gateway.sync({ spent: budgets.map((quota) => ({ quota, amount: 30 })) });
  const listed = await store.budgets.list(now);
  for (const settled of [500, 700]) {
    await upkeep();
    expect([count('quotas WHERE spent = 30'), count('leases WHERE amount = 70 AND idle = 70')]).toEqual([settled, settled]);
    expect(await store.budgets.list(now)).toEqual(listed);
  }
  await gateway.sync({ spent: budgets.map((quota) => ({ quota, amount: 70 })) });
  await upkeep();
  await upkeep();
  expect(count('leases')).toBe(0);
});

test('entries are kept for ever unless told otherwise', async () => {
  open();
  await createGateway(store, 'one').sync({ entries: [entry({ startedAt: 0 })] });
  await upkeep();
  expect(await readEntries(store)).toHaveLength(1);
  expect(await store.ledger.keptSince()).toBe(0);
});

test('entries that are old are removed, however many, and the store says since when it has all', async () => {
  open(10 * day);
  const one = createGateway(store, 'one');
  for (let made = 0; made < 1000; made += 200) {
    await one.sync({ entries: Array.from({ length: 200 }, (_, index) => entry({ startedAt: storeAt - 11 * day - made - index })) });
  }
  await one.sync({ entries: [entry({ id: 'young', startedAt: storeAt - 9 * day })] });
  await upkeep();
  expect((await readEntries(store)).map(({ id }) => id)).toEqual(['young']);
  expect(await store.ledger.keptSince()).toBe(storeAt - 10 * day);
  expect(count('sums')).toBe(4);
});

test('entries of a budget whose period still runs are kept as long as it does', async () => {
  open(day);
  const one = createGateway(store, 'one');
  const old = [entry({ id: 'october', startedAt: budget().from - 1 }), entry({ id: 'november', startedAt: budget().from })];
  await one.sync({ entries: old });
  await one.move(budget());
  await upkeep();
  expect((await readEntries(store)).map(({ id }) => id)).toEqual(['november']);
  expect(await store.ledger.keptSince()).toBe(budget().from);
  now = budget().to;
  await upkeep();
  expect(await readEntries(store)).toEqual([]);
});

test('what nobody uses any more is forgotten', async () => {
  open();
  const one = createGateway(store, 'one');
  const two = createGateway(store, 'two');
  await one.sync({ moves: [move(budget()), move(rate(), { overdraft: 1, spent: 1 }), move(slots())] });
  await two.sync({ moves: [move(rate({ id: 'held' }), { need: 1, want: 1 }), move(slots({ id: 'held-slots' }), { need: 1, want: 1 })] });
  await two.sync({ moves: [move(rate({ id: 'debt', limit: 1n }), { overdraft: 10, spent: 10 })] });
  await store.first('warned', storeAt + day);
  expect(await store.first('warned', storeAt + day)).toBe(false);
  now = storeAt + rate().refillMs + 1;
  await upkeep();
  expect([count('quotas'), count('holders'), count('firsts')]).toEqual([4, 2, 1]);
  await one.sync({ now: storeAt + day, leaving: true });
  now = storeAt + 2 * day + 1;
  await upkeep();
  expect([count('quotas'), count('holders'), count('firsts')]).toEqual([1, 0, 0]);
  await createGateway(store, 'three').move(budget(), { need: 1, want: 1 }, now);
  now = budget().to + 36 * day;
  await createGateway(store, 'four').sync({ now });
  await upkeep();
  now += 2 * day;
  await createGateway(store, 'five').sync({ now, leaving: true });
  now += 2 * day;
  await upkeep();
  expect([count('quotas'), count('holders'), count('leases')]).toEqual([0, 0, 0]);
});

test('a name is free again when its time is over', async () => {
  open();
  expect(await store.first('warned', storeAt + day)).toBe(true);
  now = storeAt + day - 1;
  expect(await store.first('warned', storeAt + 2 * day)).toBe(false);
  now = storeAt + day;
  expect(await store.first('warned', storeAt + 2 * day)).toBe(true);
  expect(await store.first('warned', storeAt + 2 * day)).toBe(false);
});
