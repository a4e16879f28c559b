import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { budget, createGateway, entry, move, rate, readEntries, slots, storeAt, virtualKey } from '../store.fixture.ts';
import { deadAfterMs, StoreError, type Store } from '../store.ts';
import { createQuietWay, createRedisServer, redisMissing, type RedisServer } from './server.fixture.ts';
import { createRedisStore, type RedisStoreEvent, type RedisStoreOptions } from './store.ts';

/** For a machine that is busy. */
const patient = { timeout: 60_000 };

describe.skipIf(redisMissing !== undefined)('redis store', patient, () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  async function start(settings = ''): Promise<RedisServer> {
    const server = await createRedisServer(settings);
    cleanUps.push(server.kill);
    await server.start();
    return server;
  }

  function open(url: string, options: Partial<RedisStoreOptions> = {}): { store: Store; events: RedisStoreEvent[] } {
    const events: RedisStoreEvent[] = [];
    const store = createRedisStore({ url, now: () => storeAt, clock: 'caller', onEvent: (event) => events.push(event), ...options });
    cleanUps.push(() => store.close());
    return { store, events };
  }

  /** A client that does as it likes. */
  function outside(url: string): Redis {
    const client = new Redis(url);
    cleanUps.push(() => client.disconnect());
    return client;
  }

  /** Calls until the store can be used again. */
  async function untilUsable<Result>(call: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const result = await call().catch(() => undefined);
      if (result !== undefined) return result;
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
  }

  async function failure(call: () => Promise<unknown>): Promise<StoreError> {
    const error = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof StoreError)) throw new Error(`rejected with ${String(error)}`);
    return error;
  }

  test('a sync whose reply was lost is asked again, and counts once', async () => {
    const server = await start();
    const way = await createQuietWay(server.url);
    cleanUps.push(way.close);
    const { store } = open(way.url);
    const gateway = createGateway(store, 'one');
    await gateway.move(budget(), { need: 500, want: 500 });
    way.loseReplies();
    const request = {
      entries: [entry({ costNanos: 100 })],
      moves: [move(budget(), { spent: 100, need: 50, want: 50 }), move(slots(), { need: 1, want: 1 })],
    };
    expect((await failure(() => gateway.sync(request))).message).toMatch(/^The Redis at .+ cannot be used \(.+\)\. See that it runs/);
    // It did arrive.
    expect(await readEntries(open(server.url).store)).toHaveLength(1);
    const reply = await untilUsable(() => gateway.repeat());
    expect(reply.states).toMatchObject([
      { granted: 50, spent: 100n, leased: 450n, yours: 450 },
      { granted: 1, leased: 1n },
    ]);
    expect(await gateway.move(budget())).toMatchObject({ spent: 100n, leased: 450n });
    expect(await readEntries(store)).toHaveLength(1);
  });

  test('what cannot be repeated says so where nobody knows whether it was done', async () => {
    const server = await start();
    const way = await createQuietWay(server.url);
    cleanUps.push(way.close);
    const { store } = open(way.url);
    await createGateway(store, 'one').move(budget());
    await store.budgets.topUp(budget().id, 1n);
    way.loseReplies();
    expect((await failure(() => store.budgets.topUp(budget().id, 5n))).message).toContain(
      'Whether this call was done is not known: look before you repeat it.',
    );
    expect(await untilUsable(() => store.budgets.list(storeAt))).toMatchObject([{ extra: 6n }]);
  });

  test('every call to a Redis that is down is refused at once, and all works when it is back', async () => {
    const server = await start();
    const { store } = open(server.url);
    const gateway = createGateway(store, 'one');
    await gateway.sync();
    await server.kill();
    const calls: (() => Promise<unknown>)[] = [
      () => gateway.sync(),
      () => store.keys.all(),
      () => store.keys.put(virtualKey(), undefined),
      () => store.budgets.list(storeAt),
      () => store.audit.list(1),
      () => store.first('x', storeAt + 1),
      () => readEntries(store),
      () => Array.fromAsync(store.ledger.verify(storeAt)),
    ];
    for (const call of calls) expect(await failure(call)).toBeInstanceOf(StoreError);
    await server.start();
    await untilUsable(() => gateway.sync());
    for (const call of calls) await call();
  });

  test('a Redis that is not there at the start is used when it comes', async () => {
    const server = await createRedisServer();
    cleanUps.push(server.kill);
    const { store } = open(server.url);
    const gateway = createGateway(store, 'one');
    expect((await failure(() => gateway.sync())).message).toContain('ECONNREFUSED');
    await server.start();
    expect(await untilUsable(() => gateway.sync())).toMatchObject({ holders: 1 });
  });

  test('a call to a Redis that neither answers nor hangs up is given up, also by one that only connects', async () => {
    const server = await start();
    const { store } = open(server.url);
    const gateway = createGateway(store, 'one');
    await gateway.sync();
    server.freeze();
    const late = createGateway(open(server.url).store, 'two');
    for (const one of [gateway, late]) expect((await failure(() => one.sync())).message).toContain('cannot be used');
    server.thaw();
    for (const one of [gateway, late]) await untilUsable(() => one.repeat());
    // What was asked meanwhile was done, or not; what is repeated is done once.
    expect(await gateway.move(slots(), { need: 1, want: 1 })).toMatchObject({ leased: 1n });
  });

  test('a Redis that comes back empty begins anew: gateways learn of it, and what they tell then counts', async () => {
    const server = await start();
    const { store } = open(server.url);
    const gateway = createGateway(store, 'one');
    await gateway.sync({
      entries: [entry({ costNanos: 7 })],
      moves: [move(budget(), { overdraft: 7, spent: 7, need: 100, want: 100 }), move(slots(), { need: 5, want: 5 })],
    });
    await store.keys.put(virtualKey(), undefined);
    const { version } = await store.keys.all();
    await server.kill();
    await server.start();
    const reply = await untilUsable(() => gateway.sync({ entries: [entry({ costNanos: 3 })], moves: [move(budget(), { spent: 3 }), move(slots())] }));
    expect(reply).toMatchObject({ wasForgotten: true, holders: 1, keyVersion: 0 });
    expect(reply.states).toMatchObject([
      { spent: 3n, leased: 0n, yours: 0 },
      { leased: 0n, yours: 0 },
    ]);
    expect((await gateway.sync()).wasForgotten).toBe(false);
    expect(await Array.fromAsync(store.ledger.verify(storeAt))).toEqual([{ id: budget().id, spent: 3n, entries: 3n }]);
    await store.keys.put(virtualKey(), undefined);
    expect(await store.keys.since(version)).toMatchObject({ keys: [virtualKey()] });
  });

  test('a Redis whose memory is full does nothing by halves, and says what to do', async () => {
    const server = await start('--maxmemory-policy noeviction');
    const { store, events } = open(server.url);
    const gateway = createGateway(store, 'one');
    await gateway.sync({ moves: [move(budget(), { need: 10, want: 10 })] });
    const client = outside(server.url);
    await client.config('SET', 'maxmemory', '1');
    const error = await failure(() => gateway.sync({ entries: [entry({ costNanos: 5 })], moves: [move(budget(), { spent: 5, need: 1, want: 1 })] }));
    expect(error.message).toMatch(/\(OOM .+\)\. Its memory is full: raise maxmemory/);
    expect(await readEntries(store)).toEqual([]);
    await client.config('SET', 'maxmemory', '0');
    expect((await gateway.repeat()).states).toMatchObject([{ granted: 1, spent: 5n, leased: 6n }]);
    expect(await readEntries(store)).toHaveLength(1);
    expect(events).toEqual([]);
  });

  test('an eviction policy that would throw our keys away is told of once', async () => {
    const server = await start('--maxmemory-policy allkeys-lru');
    const { store, events } = open(server.url);
    const gateway = createGateway(store, 'one');
    await gateway.sync();
    await expect.poll(() => events.length, patient).toBe(1);
    expect(events[0]?.message).toMatch(/has the eviction policy allkeys-lru: .+ Set maxmemory-policy to noeviction\.$/);
    await server.kill();
    await server.start();
    await untilUsable(() => gateway.sync());
    await gateway.sync();
    expect(events).toHaveLength(1);
  });

  test('a wrong password is told of without showing it', async () => {
    const server = await start('--requirepass right');
    for (const url of [server.url, server.url.replace('redis://', 'redis://:s%C3%A9cret@')]) {
      const error = await failure(() => createGateway(open(url).store, 'one').sync());
      expect(error.message).toContain('Give the right user and password in its address.');
      const shown = `${error.stack}${JSON.stringify(error.cause)}${String(error.cause)}`;
      expect(shown).not.toMatch(/s%C3%A9cret|sécret/);
    }
    const { store } = open(server.url.replace('redis://', 'redis://:right@'));
    expect((await createGateway(store, 'one').sync()).holders).toBe(1);
  });

  test.for(['127.0.0.1:6379', 'http://user:hidden@redis', 'redis://user:hidden@:port', ''])(
    'what is no address of a Redis is refused without showing it: %s',
    (url) => {
      const opening = (): Store => createRedisStore({ url, now: () => storeAt });
      expect(opening).toThrow(StoreError);
      expect(opening).toThrow('The address of the Redis is none. Write it as redis://host:port or rediss://user:password@host:port.');
    },
  );

  test('keys that something else has written are told of', async () => {
    const server = await start();
    await outside(server.url).set(`{remora}:quota:${budget().id}`, 'mine');
    const error = await failure(() => createGateway(open(server.url).store, 'one').move(budget()));
    expect(error.message).toMatch(/WRONGTYPE.+nothing else may write to the keys of the prefix\.$/);
  });

  test('data of a newer Remora are left alone', async () => {
    const server = await start();
    const client = outside(server.url);
    await client.set('{remora}:schema', '2');
    const { store } = open(server.url);
    for (const call of [() => createGateway(store, 'one').sync(), () => store.keys.all(), () => store.budgets.list(storeAt)]) {
      expect((await failure(call)).message).toMatch(
        /has data of a newer Remora \(form 2, this one knows 1\)\. Update this gateway, or give it another prefix\./,
      );
    }
    expect(await client.keys('*')).toEqual(['{remora}:schema']);
    const other = open(server.url, { prefix: 'other' });
    await createGateway(other.store, 'one').sync();
    expect((await client.keys('*')).every((key) => key.startsWith('{remora}:') || key.startsWith('{other}:'))).toBe(true);
  });

  test('a gateway whose clock is off by hours neither kills others nor fills rates', async () => {
    const server = await start();
    const [{ store }, { store: another }] = [open(server.url, { clock: 'redis' }), open(server.url, { clock: 'redis' })];
    const [one, wrong] = [createGateway(store, 'one'), createGateway(another, 'wrong')];
    const slow = rate({ refillMs: 86_400_000 });
    await one.sync({ now: storeAt, moves: [move(slots(), { need: 5, want: 5 }), move(slow, { overdraft: 100, spent: 100 })] });
    const later = storeAt + 100 * deadAfterMs + 86_400_000;
    expect(await wrong.sync({ now: later, moves: [move(slots()), move(slow)] })).toMatchObject({
      holders: 2,
      states: [{ leased: 5n }, { left: 0n }],
    });
    expect((await one.sync({ now: storeAt })).wasForgotten).toBe(false);
  });
});
