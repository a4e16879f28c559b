import { expect, test } from 'vitest';
import type { VirtualKey } from '../identity/virtual-key.ts';
import type { EntryFilter } from './quota.ts';
import type { OpenStore } from './store.contract.ts';
import { budget, createGateway, entry, move, rate, readEntries, storeAt, virtualKey } from './store.fixture.ts';
import type { AuditRecord, Store } from './store.ts';

/** What is written down: entries, keys, what admins did, and what was done once. */
export function recordContract(open: OpenStore): void {
  ledger(open);
  verification(open);
  keys(open);
  audit(open);

  test('the first who asks of a name is told so, and nobody else', async () => {
    const { store, another } = await open();
    const until = Date.UTC(2100, 0, 1);
    expect([await store.first('warned', until), await store.first('warned', until), await (await another()).first('warned', until)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await store.first('other', until)).toBe(true);
    const all = await Promise.all(Array.from({ length: 10 }, () => store.first('at once', until)));
    expect(all.filter(Boolean)).toHaveLength(1);
  });
}

function ledger(open: OpenStore): void {
  test('keeps every field of an entry', async () => {
    const { store, another } = await open();
    const full = entry({
      id: 'ünïque\u0000 "1"',
      exchange: 'exchange',
      kind: 'attempt',
      tenants: ['acme', 'marketing', 'wéb "site"'],
      user: 'ann@example.com',
      key: 'jwt',
      protocol: 'pass-through',
      model: 'm\n',
      route: 'cheap',
      attempts: 3,
      usage: {
        inputTokens: 1,
        cacheReadTokens: 2,
        cacheWriteTokens: 3,
        cacheWrite1hTokens: 2,
        inputAudioTokens: 4,
        outputTokens: 5,
        reasoningTokens: 6,
        outputAudioTokens: 7,
        serviceTier: 'flex',
      },
      costNanos: Number.MAX_SAFE_INTEGER,
      estimated: true,
      unpriced: true,
      cache: 'hit',
      end: 'left',
      status: 0,
      reason: 'budget-exceeded',
      step: 'use',
      experiments: ['x:a', 'y:b,c'],
      labels: { team: 'a=b', __proto__x: '', '': 'empty' },
    });
    await createGateway(store, 'one').sync({ entries: [full, entry({ id: 'plain' })] });
    const kept = await readEntries(await another());
    expect(kept.find(({ id }) => id === full.id)).toEqual(full);
    expect(kept.find(({ id }) => id === 'plain')).toEqual(entry({ id: 'plain' }));
  });

  test('shows the entries of a span of time, oldest first', async () => {
    const { store } = await open();
    const times = [5, 3, 9, 3, 7, 1];
    await createGateway(store, 'one').sync({ entries: times.map((time) => entry({ startedAt: storeAt + time })) });
    const read = await readEntries(store, { from: storeAt + 3, to: storeAt + 9 });
    expect(read.map(({ startedAt }) => startedAt - storeAt)).toEqual([3, 3, 5, 7]);
  });

  test('shows more than a page in pages, each entry once', async () => {
    const { store } = await open();
    const one = createGateway(store, 'one');
    const total = 2500;
    for (let count = 0; count < total; count += 250) {
      // Many begin at the same time: a page may end between two of them.
      await one.sync({ entries: Array.from({ length: 250 }, (_, index) => entry({ id: `${count + index}`, startedAt: storeAt + (index % 3) })) });
    }
    const pages = await Array.fromAsync(store.ledger.entries({ from: storeAt, to: storeAt + 3 }));
    const read = pages.flat();
    expect(read).toHaveLength(total);
    expect(new Set(read.map(({ id }) => id)).size).toBe(total);
    expect(read.every(({ startedAt }, index) => startedAt >= (read[index - 1]?.startedAt ?? 0))).toBe(true);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.every(({ length }) => length > 0 && length <= 1000)).toBe(true);
  });

  test('one who stops reading after a page leaves nothing behind', async () => {
    const { store } = await open();
    const one = createGateway(store, 'one');
    await one.sync({ entries: [entry(), entry()] });
    for await (const page of store.ledger.entries({ from: 0, to: Number.MAX_SAFE_INTEGER })) {
      expect(page).toHaveLength(2);
      break;
    }
    await one.sync({ entries: [entry()] });
    expect(await readEntries(store)).toHaveLength(3);
  });

  const filters: [filter: EntryFilter, ids: string[]][] = [
    [{}, ['a', 'b', 'c', 'd']],
    [{ tenant: 'acme' }, ['a', 'b', 'd']],
    [{ tenant: 'marketing' }, ['a', 'd']],
    [{ tenant: ',' }, []],
    [{ key: 'key_2' }, ['b']],
    [{ tenant: 'acme', user: 'ann' }, ['b']],
    [{ served: 'opus' }, ['c', 'd']],
    [{ provider: 'anthropic', tenant: 'marketing' }, ['d']],
  ];
  test.for(filters)('shows entries that have all that is asked for: %o', async ([filter, ids]) => {
    const { store } = await open();
    await createGateway(store, 'one').sync({
      entries: [
        entry({ id: 'a' }),
        entry({ id: 'b', tenants: ['acme', 'market'], key: 'key_2', user: 'ann' }),
        entry({ id: 'c', tenants: ['clinic'], served: 'opus', user: 'ann' }),
        entry({ id: 'd', served: 'opus', provider: 'anthropic' }),
      ],
    });
    expect((await readEntries(store, undefined, filter)).map(({ id }) => id).toSorted()).toEqual(ids);
  });

  test('says since when all entries are kept', async () => {
    const { store } = await open();
    await createGateway(store, 'one').sync({ entries: [entry()] });
    expect(await store.ledger.keptSince()).toBeLessThanOrEqual(storeAt);
  });
}

function verification(open: OpenStore): void {
  test('what budgets have spent is compared with what the entries add up to', async () => {
    const { store } = await open();
    const one = createGateway(store, 'one');
    await one.sync({ entries: [entry({ costNanos: 7 })] });
    const tokens = budget({ id: 'tokens', unit: 'tokens', counts: { tenant: 'acme', served: 'gpt-5-mini' } });
    const elsewhere = budget({ id: 'elsewhere', counts: { tenant: 'clinic' } });
    const october = budget({ id: 'budget:marketing:2026-10', from: Date.UTC(2026, 9, 1), to: Date.UTC(2026, 10, 1) });
    await one.sync({ moves: [budget(), tokens, elsewhere, october, rate()].map((quota) => move(quota)) });
    await one.sync({
      entries: [entry({ costNanos: 5 })],
      moves: [move(budget(), { overdraft: 5, spent: 5 }), move(tokens, { overdraft: 15, spent: 15 }), move(elsewhere, { overdraft: 2, spent: 2 })],
    });
    const sums = await Array.fromAsync(store.ledger.verify(storeAt));
    expect(sums.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
      { id: budget().id, spent: 12n, entries: 12n },
      { id: 'elsewhere', spent: 2n, entries: 0n },
      { id: 'tokens', spent: 30n, entries: 30n },
    ]);
  });
}

function keys(open: OpenStore): void {
  const full = virtualKey({
    id: 'key_full',
    name: 'Full "1"',
    user: 'ann',
    hash: 'b'.repeat(64),
    previous: { hash: 'c'.repeat(64), until: storeAt + 1000 },
    expiresAt: storeAt + 1,
    disabledAt: storeAt + 2,
    models: ['fast', 'opus'],
    networks: ['10.0.0.0/8'],
    limits: [
      { of: 'requests', amount: 10, per: 'minute', model: undefined, provider: 'openai' },
      { of: 'concurrent', amount: 2, per: undefined, model: 'fast', provider: undefined },
    ],
    budgets: [
      {
        amount: 10n ** 18n + 1n,
        unit: 'nanos',
        per: 'month',
        timeZone: 'Europe/Berlin',
        model: undefined,
        provider: undefined,
        grace: 0.1,
        ladder: [
          { at: 0.8, does: { type: 'use', model: 'fast' } },
          { at: 1, does: { type: 'deny' } },
        ],
      },
    ],
  });
  const byId = (all: VirtualKey[]): VirtualKey[] => all.toSorted((a, b) => a.id.localeCompare(b.id));

  test('keeps every field of a key', async () => {
    const { store, another } = await open();
    expect(await store.keys.put(full, undefined)).toBe(true);
    expect(await store.keys.put(virtualKey(), undefined)).toBe(true);
    expect(byId((await (await another()).keys.all()).keys)).toStrictEqual([full, virtualKey()]);
  });

  test('each change has a version, and those after one can be asked for', async () => {
    const { store } = await open();
    const [a, b] = [virtualKey({ id: 'a', hash: 'a' }), virtualKey({ id: 'b', hash: 'b' })];
    const start = (await store.keys.all()).version;
    await store.keys.put(a, undefined);
    await store.keys.put(b, undefined);
    const { version } = await store.keys.all();
    expect(version).toBeGreaterThan(start);
    expect(await store.keys.since(version)).toEqual({ version, keys: [] });
    const removed = { ...a, removedAt: storeAt };
    expect(await store.keys.put(removed, a)).toBe(true);
    const news = await store.keys.since(version);
    expect(news.keys).toEqual([removed]);
    expect(news.version).toBeGreaterThan(version);
    expect(byId((await store.keys.since(start)).keys)).toEqual([removed, b]);
    expect(byId((await store.keys.all()).keys)).toEqual([removed, b]);
  });

  test('who knows a later version than the store, which has lost some then, hears of all', async () => {
    const { store } = await open();
    await store.keys.put(virtualKey(), undefined);
    const { version } = await store.keys.all();
    expect(await store.keys.since(version + 1_000_000)).toEqual({ version, keys: [virtualKey()] });
  });

  test('gateways hear with each sync of what version the keys are', async () => {
    const { store, another } = await open();
    const one = createGateway(await another(), 'one');
    const { keyVersion } = await one.sync();
    expect(keyVersion).toBe((await store.keys.all()).version);
    await store.keys.put(virtualKey(), undefined);
    expect((await one.sync()).keyVersion).toBeGreaterThan(keyVersion);
    expect((await one.sync()).keyVersion).toBe((await store.keys.all()).version);
  });

  test('a key is changed only by one who knows how it is', async () => {
    const { store } = await open();
    await store.keys.put(full, undefined);
    const { version } = await store.keys.all();
    expect(await store.keys.put({ ...full, name: 'Mine' }, virtualKey({ id: full.id }))).toBe(false);
    expect(await store.keys.put(full, undefined)).toBe(false);
    expect(await store.keys.put(virtualKey({ id: 'unknown', hash: 'd' }), virtualKey({ id: 'unknown', hash: 'd' }))).toBe(false);
    expect(await store.keys.all()).toEqual({ version, keys: [full] });
    // The same, with its fields in another order.
    expect(await store.keys.put({ ...full, name: 'Mine' }, { ...virtualKey(), ...structuredClone(full) })).toBe(true);
    expect((await store.keys.all()).keys).toEqual([{ ...full, name: 'Mine' }]);
  });

  test('of those who change a key at once, one succeeds', async () => {
    const { store, another } = await open();
    await store.keys.put(virtualKey(), undefined);
    const stores: Store[] = [store, await another(), await another()];
    const all = await Promise.all(stores.map((one, index) => one.keys.put(virtualKey({ name: `${index}` }), virtualKey())));
    expect(all.filter(Boolean)).toHaveLength(1);
  });

  test('no two keys have a hash in common, earlier ones included', async () => {
    const { store } = await open();
    const first = virtualKey({ id: 'first', hash: 'x', previous: { hash: 'y', until: storeAt } });
    await store.keys.put(first, undefined);
    expect(await store.keys.put(virtualKey({ id: 'second', hash: 'x' }), undefined)).toBe(false);
    expect(await store.keys.put(virtualKey({ id: 'second', hash: 'y' }), undefined)).toBe(false);
    expect(await store.keys.put(virtualKey({ id: 'second', hash: 'z', previous: { hash: 'x', until: storeAt } }), undefined)).toBe(false);
    const second = virtualKey({ id: 'second', hash: 'z' });
    expect(await store.keys.put(second, undefined)).toBe(true);
    expect(await store.keys.put({ ...second, hash: 'x' }, second)).toBe(false);
    expect(await store.keys.put({ ...second, hash: 'y' }, second)).toBe(false);
    // A key may take its own hashes along, and one that it gave up is free.
    const rotated = { ...first, hash: 'w', previous: { hash: 'x', until: storeAt } };
    expect(await store.keys.put(rotated, first)).toBe(true);
    expect(await store.keys.put({ ...second, hash: 'y' }, second)).toBe(true);
  });
}

function audit(open: OpenStore): void {
  const record = (action: string, at = storeAt): AuditRecord => ({
    at,
    by: 'cli',
    action,
    subject: 'key_1',
    detail: { name: 'Ann "A"', amount: 1.5, isNew: true },
  });

  test('what admins did can be read, the latest first', async () => {
    const { store, another } = await open();
    for (const [index, action] of ['key.create', 'key.rotate', 'budget.top-up'].entries()) await store.audit.append(record(action, storeAt + index));
    const all = ['budget.top-up', 'key.rotate', 'key.create'];
    const other = await another();
    expect((await other.audit.list(10)).map(({ action }) => action)).toEqual(all);
    expect(await other.audit.list(1)).toEqual([record('budget.top-up', storeAt + 2)]);
  });

  test('of what was done at the same time, the later one comes first', async () => {
    const { store } = await open();
    for (const action of ['a', 'b', 'c']) await store.audit.append(record(action));
    expect((await store.audit.list(2)).map(({ action }) => action)).toEqual(['c', 'b']);
  });
}
