import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { budget, createGateway, entry, readEntries, storeAt } from '../store.fixture.ts';
import { migrations } from './migrations.ts';
import { createEmbeddedStore } from './store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remora-migrations-'));
  path = join(folder, 'remora.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => createEmbeddedStore({ path, now: () => storeAt });

/** Makes a file as releases up to a version did, with three entries in it. */
function makeOld(version: 1 | 2): void {
  const database = new DatabaseSync(path);
  for (const sql of migrations.slice(0, version)) database.exec(sql);
  database.exec(`PRAGMA application_id = 0x526d7261; PRAGMA user_version = ${version}; PRAGMA journal_mode = WAL`);
  const rows: [tenant: string, deployment: string, costNanos: number, startedAt: number, experiments: string][] = [
    ['marketing', 'openai/gpt-5-mini', 5, storeAt, 'prompt:b,model:"new"'],
    ['marketing', 'anthropic/eu/opus', 7, storeAt - 86_400_000, ''],
    ['clinic "north"', 'local', 11, Date.UTC(2026, 9, 31), ''],
  ];
  for (const [index, [tenant, deployment, costNanos, startedAt, experiments]] of rows.entries()) {
    const values = [
      index + 4,
      '2026-11',
      tenant,
      'website',
      `exchange-${index}`,
      'openai-chat',
      'fast',
      deployment,
      'gpt',
      10,
      2,
      3,
      5,
      1,
      costNanos,
      1,
      0,
      'left',
      200,
      2,
      startedAt,
    ];
    if (version === 2) values.push(experiments);
    database.prepare(`INSERT INTO entries VALUES (${values.map(() => '?').join(', ')})`).run(...values);
    database
      .prepare('INSERT INTO totals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET cost_nanos = cost_nanos + excluded.cost_nanos')
      .run('2026-11', tenant, costNanos);
  }
  database.close();
}

test('a file of an earlier release is brought over with all its entries', async () => {
  makeOld(2);
  const store = open();
  const kept = await readEntries(store);
  expect(kept).toEqual([
    expect.objectContaining({ id: 'old-6', tenants: ['clinic "north"'], deployment: 'local', provider: 'local', costNanos: 11 }),
    expect.objectContaining({ id: 'old-5', tenants: ['marketing'], deployment: 'anthropic/eu/opus', provider: 'anthropic', experiments: [] }),
    {
      ...entry({ id: 'old-4', exchange: 'exchange-0' }),
      tenants: ['marketing'],
      key: 'website',
      model: 'fast',
      served: 'fast',
      providerModel: 'gpt',
      attempts: 2,
      usage: {
        inputTokens: 10,
        cacheReadTokens: 2,
        cacheWriteTokens: 3,
        cacheWrite1hTokens: 0,
        inputAudioTokens: 0,
        outputTokens: 5,
        reasoningTokens: 1,
        outputAudioTokens: 0,
        serviceTier: '',
      },
      costNanos: 5,
      priceVersion: '',
      estimated: true,
      end: 'left',
      experiments: ['prompt:b', 'model:"new"'],
      startedAt: storeAt,
      endedAt: storeAt,
    },
  ]);
  await store.close();
});

test('the oldest form of the file is brought over as well', async () => {
  makeOld(1);
  const store = open();
  expect((await readEntries(store)).map(({ id, experiments }) => [id, experiments])).toEqual([
    ['old-6', []],
    ['old-5', []],
    ['old-4', []],
  ]);
  await store.close();
});

test('budgets begin with what the entries of the earlier release add up to', async () => {
  makeOld(2);
  const store = open();
  const one = createGateway(store, 'one');
  expect((await one.move(budget())).spent).toBe(12n);
  expect((await one.move(budget({ id: 'key', counts: { key: 'website' } }))).spent).toBe(12n);
  expect((await one.move(budget({ id: 'all', counts: {}, from: 0 }))).spent).toBe(23n);
  expect(
    (await one.move(budget({ id: 'clinic', counts: { tenant: 'clinic "north"', served: 'fast', provider: 'local' }, from: 0, unit: 'tokens' })))
      .spent,
  ).toBe(15n);
  for (const { spent, entries } of await Array.fromAsync(store.ledger.verify(storeAt))) expect(entries).toBe(spent);
  await store.close();
});

test('new entries come after the earlier ones, which are brought over once', async () => {
  makeOld(2);
  await open().close();
  const store = open();
  await createGateway(store, 'one').sync({ entries: [entry({ startedAt: storeAt + 1 })] });
  expect(await readEntries(store)).toHaveLength(4);
  await store.close();
});

test('a gateway of an earlier release that still runs keeps its file as it is', async () => {
  makeOld(2);
  const lock = new DatabaseSync(`${path}-lock`);
  lock.exec('BEGIN IMMEDIATE');
  expect(open).toThrow(`${path} is in use by a gateway of an earlier release. Stop that gateway first.`);
  lock.close();
  const database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
  database.close();
  await open().close();
  expect(existsSync(`${path}-lock`)).toBe(false);
});
