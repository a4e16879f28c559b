import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { budget, createGateway, entry, move, rate, storeAt } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { createEmbeddedStore } from './store.ts';

let folder: string;
let path: string;
const stores: Store[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-notes-'));
  path = join(folder, 'remora.db');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

function open(): Store {
  const store = createEmbeddedStore({ path, now: () => storeAt });
  stores.push(store);
  return store;
}

function count(sql: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  } finally {
    database.close();
  }
}

const large = budget({ limit: 10n ** 15n });
const spend = (amount: number) => ({ entries: [entry({ costNanos: amount })], spent: [{ quota: large, amount }] });

test('what processes note in turns is the same for all of them, and for one that comes later, however long it goes on', async () => {
  const [one, other] = [open(), open()];
  const gateways = [createGateway(one, 'one'), createGateway(other, 'two')];
  for (const gateway of gateways) await gateway.move(large, { need: 1_000_000, want: 1_000_000 });
  let spent = 0;
  for (let turn = 1; turn <= 700; turn += 1) {
    // Now one alone, now both in turns, now one that settles.
    const gateway = gateways[turn % 5 < 3 ? 0 : 1];
    if (turn % 97 === 0) await gateway?.move(large);
    await gateway?.sync(spend(turn));
    spent += turn;
    if (turn % 50 > 0) continue;
    const standing = [{ spent: BigInt(spent), leased: BigInt(2_000_000 - spent) }];
    for (const store of [one, other]) expect(await store.budgets.list(storeAt)).toMatchObject(standing);
    expect(await open().budgets.list(storeAt)).toMatchObject(standing);
  }
  expect(count('SELECT count(*) FROM spent_notes')).toBeLessThan(302);
});

test('a call that fails has noted nothing', async () => {
  const [store, other] = [open(), open()];
  const one = createGateway(store, 'one');
  await one.move(large, { need: 1000, want: 1000 });
  await one.sync(spend(10));
  const failed = one.sync({ ...spend(20), moves: [move(rate(), { spent: Number.NaN })] }); // comes after the notes
  await expect(failed).rejects.toThrow();
  await createGateway(other, 'two').sync(spend(5));
  for (const each of [store, other]) expect(await each.budgets.list(storeAt)).toMatchObject([{ spent: 15n, leased: 990n }]);
  await one.repeat({ moves: [] });
  for (const each of [store, other]) expect(await each.budgets.list(storeAt)).toMatchObject([{ spent: 35n, leased: 970n }]);
});

test('a thousand budgets are one row for each call, and none is lost', async () => {
  const gateway = createGateway(open(), 'one');
  const budgets = Array.from({ length: 1000 }, (_, index) => budget({ id: `budget:team-${index}`, counts: { tenant: `team-${index}` } }));
  await gateway.sync({ moves: budgets.map((quota) => move(quota, { need: 100, want: 100 })) });
  for (let turn = 0; turn < 3; turn += 1) await gateway.sync({ spent: budgets.map((quota, index) => ({ quota, amount: index % 7 })) });
  expect(count('SELECT count(*) FROM spent_notes')).toBe(3);
  expect(count('SELECT sum(spent) FROM quotas')).toBe(0);
  for (const { id, spent, leased } of await open().budgets.list(storeAt)) {
    const amount = BigInt((Number(id.slice('budget:team-'.length)) % 7) * 3);
    expect([spent, leased]).toEqual([amount, 100n - amount]);
  }
});

test('more than can be counted in a note goes into the rows', async () => {
  const store = open();
  const gateway = createGateway(store, 'one');
  const huge = budget({ limit: 10n ** 18n });
  await gateway.move(huge);
  for (let turn = 0; turn < 3; turn += 1) await gateway.sync({ spent: [{ quota: huge, amount: Number.MAX_SAFE_INTEGER }] });
  expect(await store.budgets.list(storeAt)).toMatchObject([{ spent: 3n * BigInt(Number.MAX_SAFE_INTEGER) }]);
});

test('a call with spending that is no amount does nothing', async () => {
  const store = open();
  const gateway = createGateway(store, 'one');
  await gateway.move(large, { need: 10, want: 10 });
  await expect(gateway.sync(spend(Number.NaN))).rejects.toThrow();
  await expect(gateway.sync({ entries: [entry({ costNanos: 5 })], spent: [{ quota: large, amount: 0.5 }] })).rejects.toThrow();
  expect(await store.budgets.list(storeAt)).toMatchObject([{ spent: 0n, leased: 10n }]);
  expect(await Array.fromAsync(store.ledger.verify(storeAt))).toMatchObject([{ entries: 0n }]);
});
