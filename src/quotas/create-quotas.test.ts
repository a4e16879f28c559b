import { describe, expect, test } from 'vitest';
import type { BudgetQuota, Charge, Quota } from '../stores/quota.ts';
import { budget, entry, rate, slots, storeAt } from '../stores/store.fixture.ts';
import { StoreError } from '../stores/store.ts';
import { createQuotas, type QuotasOptions } from './create-quotas.ts';
import { isShortage, type Quotas, type Reservation, type Shortage } from './quotas.ts';
import { ModelStore } from './store.fixture.ts';
import type { QuotaEvent } from './sync-loop.ts';
import { weathered, World, type Weather } from './world.fixture.ts';

interface Gateway {
  quotas: Quotas;
  events: QuotaEvent[];
  waits: number[];
  weather: Weather;
}

function createGateways() {
  const world = new World(storeAt);
  const store = new ModelStore();
  const start = (holder: string, options: Partial<QuotasOptions> = {}): Gateway => {
    const gateway: Gateway = { events: [], waits: [], weather: 'fine', quotas: undefined as unknown as Quotas };
    gateway.quotas = createQuotas({
      store: weathered(store, world, () => gateway.weather),
      holder,
      now: world.now,
      random: () => 0.5,
      onEvent: (event) => gateway.events.push(event),
      onWaited: (ms) => gateway.waits.push(ms),
      whenGone: 'refuse',
      schedule: world.schedule(),
      ...options,
    });
    return gateway;
  };
  return { world, store, start, one: start('one') };
}

const of = (amount: number, quota: Quota = budget()): Charge => ({ quota, amount });

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** What a reservation comes to, with as much time as it takes. */
async function outcome(world: World, result: ReturnType<Quotas['reserve']>): Promise<Reservation | Shortage> {
  let known: Reservation | Shortage | undefined;
  let failure: Error | undefined;
  Promise.resolve(result).then(
    (value) => (known = value),
    (error: unknown) => (failure = toError(error)),
  );
  await world.rest();
  for (let turns = 0; known === undefined && failure === undefined && turns < 300; turns += 1) await world.pass(10);
  if (failure !== undefined) throw failure;
  if (known === undefined) throw new Error('nothing came of it');
  return known;
}

async function held(world: World, result: ReturnType<Quotas['reserve']>): Promise<Reservation> {
  const found = await outcome(world, result);
  if (isShortage(found)) throw new Error(`short of ${found.quota.id}`);
  return found;
}

async function short(world: World, result: ReturnType<Quotas['reserve']>): Promise<Shortage> {
  const found = await outcome(world, result);
  if (!isShortage(found)) throw new Error('it was not short of anything');
  return found;
}

describe('reservations', () => {
  test('the first asks the store; while the lease lasts, nobody waits', async () => {
    const { world, store, one } = createGateways();
    const first = one.quotas.reserve([of(10)]);
    expect(first).toBeInstanceOf(Promise);
    (await held(world, first)).settle(entry({ costNanos: 7 }), [of(7)]);
    await world.pass(300);
    expect(isShortage((await one.quotas.reserve([of(5)])) as Shortage)).toBe(false);
    expect(one.quotas.reserve([of(3)])).not.toBeInstanceOf(Promise);
    expect(one.waits).toEqual([0]);
    expect(store.spentOf(budget().id)).toBe(7);
    expect(store.entries.size).toBe(1);
  });

  test('all or nothing: what is short of one quota takes of no other', async () => {
    const { world, one } = createGateways();
    const shortage = await short(world, one.quotas.reserve([of(10), of(11, slots())]));
    expect(shortage).toMatchObject({ quota: slots(), needed: 11, left: 10n, retryAfterMs: undefined });
    expect(one.quotas.standing(budget())).toMatchObject({ held: 0, left: 1000 });
    await held(world, one.quotas.reserve([of(1000), of(10, slots())]));
  });

  test('a quota named twice is charged twice', async () => {
    const { world, one } = createGateways();
    await short(world, one.quotas.reserve([of(600), of(600)]));
    expect((await held(world, one.quotas.reserve([of(500), of(500)]))).held(budget().id)).toBe(1000);
  });

  test('says how long a budget, a rate and places are short', async () => {
    const { world, one } = createGateways();
    await held(world, one.quotas.reserve([of(990), of(95, rate()), of(10, slots())]));
    expect(await short(world, one.quotas.reserve([of(11)]))).toMatchObject({
      left: 10n,
      running: 990n,
      retryAfterMs: budget().to - world.now(),
    });
    expect(await short(world, one.quotas.reserve([of(15, rate())]))).toMatchObject({ left: 5n, retryAfterMs: 10_000 });
    expect(await short(world, one.quotas.reserve([of(1, slots())]))).toMatchObject({ left: 0n, running: 10n, retryAfterMs: 1000 });
    expect((await short(world, one.quotas.reserve([of(1001)]))).retryAfterMs).toBeUndefined();
    expect(await short(world, one.quotas.reserve([of(15, rate()), of(11)]))).toMatchObject({ quota: { kind: 'budget' } });
  });

  test('who has heard that there is nothing left is not asked about at every request', async () => {
    const { world, store, one } = createGateways();
    await held(world, one.quotas.reserve([of(1000)]));
    await short(world, one.quotas.reserve([of(1)]));
    const before = store.requests.length;
    for (let count = 0; count < 100; count += 1) expect(isShortage((await one.quotas.reserve([of(1)])) as Shortage)).toBe(true);
    expect(store.requests.length).toBe(before);
    await world.pass(60);
    await short(world, one.quotas.reserve([of(1)]));
    expect(store.requests.length).toBeGreaterThan(before);
  });

  test('those who wait are coalesced into one sync', async () => {
    const { world, store, one } = createGateways();
    const all = Array.from({ length: 50 }, () => one.quotas.reserve([of(10)]));
    for (const each of all) await held(world, each);
    expect(store.requests.length).toBeLessThan(6);
  });

  test('first come, first served: a small request does not overtake a large one that waits for the same', async () => {
    const { world, one, start } = createGateways();
    const two = start('two');
    const elsewhere = await held(world, two.quotas.reserve([of(600)]));
    elsewhere.release();
    await world.pass(200);
    const order: string[] = [];
    const large = Promise.resolve(one.quotas.reserve([of(900)])).then(() => order.push('large'));
    await world.rest();
    const small = Promise.resolve(one.quotas.reserve([of(50)])).then(() => order.push('small'));
    await world.pass(1000);
    await Promise.all([large, small]);
    expect(order).toEqual(['large', 'small']);
  });

  test('who waits for a quota of its own keeps nobody from one that both need', async () => {
    const { world, one, start } = createGateways();
    const two = start('two');
    (await held(world, two.quotas.reserve([of(1000)]))).release();
    await world.pass(250);
    const waits = one.quotas.reserve([of(900), of(1, slots())]);
    await world.rest();
    const other = budget({ id: 'budget:clinic' });
    let isServed = false;
    void Promise.resolve(one.quotas.reserve([of(1, other), of(1, slots())])).then(() => (isServed = true));
    await world.rest();
    expect(isServed).toBe(true);
    await held(world, waits);
  });

  test('what others hold and do not need comes to who waits for it', async () => {
    const { world, one, start } = createGateways();
    const two = start('two');
    (await held(world, two.quotas.reserve([of(1000)]))).release();
    await world.pass(250);
    const began = world.passed;
    await held(world, one.quotas.reserve([of(800)]));
    expect(world.passed - began).toBeLessThan(1000);
  });

  test('waits about a second for it, and no longer', async () => {
    const { world, one, start, store } = createGateways();
    const two = start('two');
    (await held(world, two.quotas.reserve([of(1000)]))).release();
    await world.pass(250);
    two.weather = 'lost-before';
    const began = world.passed;
    expect(await short(world, one.quotas.reserve([of(1)]))).toMatchObject({ left: 0n });
    expect(world.passed - began).toBeGreaterThan(500);
    expect(world.passed - began).toBeLessThan(1500);
    expect(store.requests.length).toBeLessThan(60);
  });

  test('two processes that each hold what the other waits for do not block each other', async () => {
    const { world, one, start } = createGateways();
    const two = start('two');
    const [a, b] = [budget({ id: 'a' }), budget({ id: 'b' })];
    (await held(world, one.quotas.reserve([of(1000, a)]))).release();
    (await held(world, two.quotas.reserve([of(1000, b)]))).release();
    await world.pass(250);
    const first = one.quotas.reserve([of(1000, b), of(1000, a)]);
    const second = two.quotas.reserve([of(1000, a), of(1000, b)]);
    const results = [await outcome(world, first), await outcome(world, second)];
    expect(results.filter((each) => !isShortage(each))).toHaveLength(1);
  });

  test('a request whose client is gone waits no more', async () => {
    const { world, one, start } = createGateways();
    (await held(world, start('two').quotas.reserve([of(1000)]))).release();
    await world.pass(250);
    const gone = new AbortController();
    const waits = one.quotas.reserve([of(900)], gone.signal);
    await world.rest();
    gone.abort();
    await expect(waits).rejects.toThrow('Nobody waits');
    await world.pass(500);
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 0 });
    await held(world, one.quotas.reserve([of(1000)]));
  });

  test('what comes back here is had by who waits, without asking the store', async () => {
    const { world, one, start } = createGateways();
    const mine = await held(world, one.quotas.reserve([of(900)]));
    (await held(world, start('two').quotas.reserve([of(100)]))).release();
    const waits = one.quotas.reserve([of(101)]);
    await world.rest();
    mine.release();
    let isServed = false;
    void Promise.resolve(waits).then(() => (isServed = true));
    await world.rest();
    expect(isServed).toBe(true);
  });

  test('amounts that are no whole numbers are a bug, and change nothing', () => {
    const { one } = createGateways();
    for (const amount of [0.5, -1, Number.NaN, 2 ** 60]) expect(() => one.quotas.reserve([of(amount)])).toThrow(RangeError);
  });
});

describe('settling', () => {
  test('ends a reservation once; later calls change nothing', async () => {
    const { world, store, one } = createGateways();
    const reservation = await held(world, one.quotas.reserve([of(10)]));
    expect(reservation.settle(entry({ costNanos: 4 }), [of(4)])).toBe(true);
    expect([reservation.settle(entry(), [of(9)]), reservation.release(), reservation.adjust([of(1)]), reservation.held(budget().id)]).toEqual([
      false,
      false,
      false,
      0,
    ]);
    await one.quotas.flush();
    expect([store.spentOf(budget().id), store.entries.size]).toEqual([4, 1]);
  });

  test('more than was held, and of quotas that nothing was held of, is booked all the same', async () => {
    const { world, store, one } = createGateways();
    const other = budget({ id: 'other' });
    (await held(world, one.quotas.reserve([of(1000)]))).settle(entry(), [of(1300), of(7, other)]);
    await one.quotas.flush();
    expect([store.spentOf(budget().id), store.leasedOf(budget().id), store.spentOf('other')]).toEqual([1300, 0, 7]);
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 1300, left: 0 });
  });

  test('an entry and what it spent reach the store together', async () => {
    const { world, store, one } = createGateways();
    const all = await Promise.all(Array.from({ length: 450 }, () => held(world, one.quotas.reserve([of(1)]))));
    for (const each of all) each.settle(entry({ costNanos: 1 }), [of(1)]);
    await one.quotas.flush();
    for (const { entries, moves, spent = [] } of store.requests) {
      const told = [...moves.map((move) => move.spent), ...spent.map(({ amount }) => amount)];
      expect(told.reduce((sum, amount) => sum + amount, 0)).toBe(entries.length);
    }
    expect(store.entries.size).toBe(450);
    expect(Math.max(...store.requests.map(({ entries }) => entries.length))).toBe(200);
  });

  test('adjusts up to what can be had, and down at once', async () => {
    const { world, one } = createGateways();
    const reservation = await held(world, one.quotas.reserve([of(10)]));
    const more = reservation.adjust([of(500)]);
    await world.rest();
    expect([await more, reservation.held(budget().id)]).toEqual([true, 510]);
    const tooMuch = reservation.adjust([of(491)]);
    await world.rest();
    expect([await tooMuch, reservation.held(budget().id)]).toEqual([false, 510]);
    expect([reservation.adjust([of(-500)]), reservation.held(budget().id)]).toEqual([true, 10]);
    expect(reservation.adjust([of(490)])).toBe(true);
    expect([reservation.adjust([of(-5000)]), reservation.held(budget().id)]).toEqual([true, 0]);
  });

  test('an adjustment that waits ends with its reservation', async () => {
    const { world, one, start } = createGateways();
    (await held(world, start('two').quotas.reserve([of(900)]))).release();
    const reservation = await held(world, one.quotas.reserve([of(10)]));
    const more = reservation.adjust([of(500)]);
    await world.rest();
    reservation.release();
    expect(await more).toBe(false);
    await world.pass(60_000);
    expect(one.quotas.standing(budget())).toMatchObject({ held: 0 });
  });

  test('places are not spent', async () => {
    const { world, store, one } = createGateways();
    (await held(world, one.quotas.reserve([of(10, slots())]))).settle(entry(), [of(10, slots())]);
    await one.quotas.flush();
    await held(world, one.quotas.reserve([of(10, slots())]));
    expect(store.leasedOf(slots().id)).toBe(10);
  });

  test('what is recorded without a reservation is booked', async () => {
    const { store, one } = createGateways();
    one.quotas.record(entry({ costNanos: 12 }), [of(12)]);
    await one.quotas.flush();
    expect([store.spentOf(budget().id), store.entries.size]).toEqual([12, 1]);
  });
});

describe('leases', () => {
  test('what is idle for some seconds goes back, all but a hundredth that goes a while later, and the store is left alone then', async () => {
    const { world, store, one } = createGateways();
    (await held(world, one.quotas.reserve([of(300)]))).release();
    await world.pass(10_000);
    expect(store.leasedOf(budget().id)).toBeLessThanOrEqual(10);
    await world.pass(50_000);
    expect(store.leasedOf(budget().id)).toBe(0);
    const before = store.requests.length;
    await world.pass(60_000);
    expect(store.requests.length).toBe(before);
  });

  test('next to nothing of what is left stays for half a minute, so that who asks now and then does not wait', async () => {
    const { world, store, one } = createGateways();
    const vast = budget({ limit: 1_000_000n });
    (await held(world, one.quotas.reserve([of(300, vast)]))).release();
    await world.pass(20_000);
    const before = store.requests.flatMap(({ moves }) => moves).length;
    const next = one.quotas.reserve([of(300, vast)]);
    expect(next).not.toBeInstanceOf(Promise);
    (await held(world, next)).release();
    await world.pass(20_000);
    expect(store.requests.flatMap(({ moves }) => moves).length - before).toBeLessThan(3);
    expect(store.leasedOf(vast.id)).toBeGreaterThan(0);
    await world.pass(30_000);
    expect(store.leasedOf(vast.id)).toBe(0);
  });

  test('whoever holds something is heard of every two seconds, so that it is not taken for dead', async () => {
    const { world, store, one } = createGateways();
    await held(world, one.quotas.reserve([of(3, slots())]));
    await world.pass(60_000);
    const seen = store.requests.map(({ now }) => now);
    expect(Math.max(...seen.slice(1).map((at, index) => at - (seen[index] ?? at)))).toBeLessThanOrEqual(2000);
    expect(one.events).not.toContainEqual({ type: 'forgotten' });
  });

  test('what others share is not held in stock: they get it while it is idle', async () => {
    const { world, one, start } = createGateways();
    const two = start('two');
    const large = budget({ limit: 1_000_000n });
    const spend = async (by: typeof one, needed: number, used: number): Promise<void> => {
      (await held(world, by.quotas.reserve([of(needed, large)]))).settle(entry({ costNanos: used }), [of(used, large)]);
      await world.pass(700);
    };
    await spend(two, 1000, 900);
    for (let count = 0; count < 12; count += 1) await spend(one, 1000, 900);
    for (let count = 0; count < 13; count += 1) await spend(two, 75_000, 75_000);
    expect(isShortage(await outcome(world, two.quotas.reserve([of(10_000, large)])))).toBe(false);
  });

  test('steady requests find their lease warm', async () => {
    const { world, one } = createGateways();
    const large = budget({ limit: 10_000_000n });
    let waited = 0;
    for (let count = 0; count < 2000; count += 1) {
      const result = one.quotas.reserve([of(100, large), of(1, rate({ limit: 1_000_000n })), of(1, slots({ limit: 1000n }))]);
      if (result instanceof Promise && count > 100) waited += 1;
      const reservation = await held(world, result);
      world.schedule()(() => reservation.settle(entry({ costNanos: 80 }), [of(80, large), of(1, rate({ limit: 1_000_000n }))]), 700);
      await world.pass(10);
    }
    expect(waited).toBeLessThan(5);
  });

  test('who asks every few seconds finds its lease warm, and the store is asked now and then only', async () => {
    const { world, store, one } = createGateways();
    const [money, requests, places] = [budget({ limit: 1_000_000n }), rate({ limit: 600n, refillMs: 60_000 }), slots({ limit: 50n })];
    (await held(world, one.quotas.reserve([of(1000, money), of(1, requests), of(1, places)]))).release();
    await world.pass(3000);
    const before = store.requests.length;
    for (let count = 0; count < 20; count += 1) {
      const result = one.quotas.reserve([of(1000, money), of(1, requests), of(1, places)]);
      expect(result).not.toBeInstanceOf(Promise);
      (await held(world, result)).settle(entry({ costNanos: 600 }), [of(600, money), of(1, requests)]);
      await world.pass(2000);
    }
    const named = store.requests.slice(before).flatMap(({ moves }) => moves.map(({ quota }) => quota.kind));
    expect(store.requests.slice(before).filter(({ entries, spent = [] }) => entries.length > 0 && spent.length > 0).length).toBeGreaterThan(15);
    expect(named.filter((kind) => kind === 'budget').length).toBeLessThan(5);
    expect(named.filter((kind) => kind === 'rate').length).toBeLessThan(10);
    expect(named.filter((kind) => kind === 'slots').length).toBeLessThan(3);
    await world.pass(60_000);
    expect(store.spentOf(money.id)).toBe(20 * 600);
    expect(one.quotas.standing(requests)?.left).toBe(600);
  });

  test('a limit that was lowered holds at once, also for what is leased', async () => {
    const { world, store, one } = createGateways();
    (await held(world, one.quotas.reserve([of(500)]))).release();
    const lower = budget({ limit: 100n });
    await short(world, one.quotas.reserve([of(501, lower)]));
    await world.pass(200);
    expect(store.leasedOf(budget().id)).toBeLessThanOrEqual(100);
    await short(world, one.quotas.reserve([of(101, lower)]));
    await held(world, one.quotas.reserve([of(100, lower)]));
  });

  test('what was used beyond the limit has to come back before anybody begins anew', async () => {
    const { world, one, start } = createGateways();
    const [first, second] = [await held(world, one.quotas.reserve([of(500)])), await held(world, one.quotas.reserve([of(500)]))];
    first.settle(entry({ costNanos: 600 }), [of(600)]);
    await one.quotas.flush();
    second.release();
    await short(world, one.quotas.reserve([of(401)]));
    await held(world, one.quotas.reserve([of(400)]));
    await world.pass(300);
    expect(await short(world, start('two').quotas.reserve([of(1)]))).toMatchObject({ left: 0n });
  });

  test('tokens of a rate that are held for long count as spent, so that the bucket fills again', async () => {
    const { world, one } = createGateways();
    const perSecond = rate({ id: 'tokens', limit: 100n, refillMs: 1000 });
    const long = await held(world, one.quotas.reserve([of(100, perSecond)]));
    await world.pass(3500);
    const next = await held(world, one.quotas.reserve([of(100, perSecond)]));
    expect(long.held('tokens')).toBe(100);
    long.settle(entry(), [of(60, perSecond)]);
    next.settle(entry(), [of(10, perSecond)]);
    await one.quotas.flush();
    expect(one.quotas.standing(perSecond)?.left).toBe(90);
  });

  test('places that may stay while nobody else is there go back when somebody comes', async () => {
    const { world, store, one, start } = createGateways();
    const places = slots({ limit: 100n });
    (await held(world, one.quotas.reserve([of(3, places)]))).release();
    await world.pass(5000);
    expect(store.leasedOf(places.id)).toBe(3);
    await held(world, start('two').quotas.reserve([of(90, places)]));
    await world.pass(5000);
    expect(store.quotas.get(places.id)?.leases.get('one')?.amount).toBe(0);
  });

  test('nothing stays leased after a stream that ran for so long that its tokens count as spent, and nobody else used some', async () => {
    const { world, store, one } = createGateways();
    const tokens = rate({ limit: 1000n, refillMs: 10_000 });
    const place = await held(world, one.quotas.reserve([of(1, slots())]));
    for (const ranMs of [60_000, 300_000]) {
      const stream = await held(world, one.quotas.reserve([of(100, tokens)]));
      await world.pass(ranMs);
      stream.settle(undefined, []);
      await world.pass(120_000);
      expect(store.leasedOf(tokens.id)).toBe(0);
    }
    place.release();
  });

  test('forgets quotas that nobody uses', async () => {
    const { world, one } = createGateways();
    (await held(world, one.quotas.reserve([of(1)]))).release();
    expect(one.quotas.standing(budget())).toBeDefined();
    await held(world, one.quotas.reserve([of(1, slots())]));
    await world.pass(100_000);
    expect(one.quotas.standing(budget())).toBeUndefined();
  });
});

describe('how a quota stands', () => {
  test('is not known before the store was asked', async () => {
    const { world, one } = createGateways();
    expect(one.quotas.standing(budget())).toBeUndefined();
    const known = one.quotas.know([budget(), rate(), slots()]);
    await world.rest();
    await known;
    expect(one.quotas.standing(budget())).toEqual({ limit: 1000, extra: 0, spent: 0, held: 0, left: 1000, fullInMs: 0 });
    expect(one.quotas.standing(rate())).toEqual({ limit: 100, extra: 0, spent: 0, held: 0, left: 100, fullInMs: 0 });
    expect(one.quotas.standing(slots())).toEqual({ limit: 10, extra: 0, spent: 0, held: 0, left: 10, fullInMs: 0 });
    expect(one.quotas.know([budget()])).toBeUndefined();
  });

  test('is asked anew where it was not heard of for some seconds: an admin may have added to it', async () => {
    const { world, store, one } = createGateways();
    await held(world, one.quotas.reserve([of(1000)]));
    store.topUp(budget().id, 500);
    await world.pass(6000);
    expect(one.quotas.know([budget()])).toBeUndefined();
    await world.pass(300);
    expect(one.quotas.standing(budget())).toMatchObject({ extra: 500, left: 500 });
  });

  test('is asked anew also where nothing is held here', async () => {
    const { world, one, start } = createGateways();
    const known = one.quotas.know([budget()]);
    await world.pass(10);
    await known;
    (await held(world, start('two').quotas.reserve([of(500)]))).settle(entry({ costNanos: 500 }), [of(500)]);
    await world.pass(10_000);
    expect(one.quotas.know([budget()])).toBeUndefined();
    await world.pass(300);
    expect(one.quotas.standing(budget())?.spent).toBe(500);
  });

  test('is what the store said and what happened here since', async () => {
    const { world, store, one, start } = createGateways();
    const two = start('two');
    (await held(world, two.quotas.reserve([of(200)]))).settle(entry({ costNanos: 150 }), [of(150)]);
    await held(world, two.quotas.reserve([of(50)]));
    await world.pass(60_000);
    const mine = await held(world, one.quotas.reserve([of(100)]));
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 150, held: 150, left: 700 });
    mine.settle(entry({ costNanos: 30 }), [of(30)]);
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 180, held: 50, left: 770 });
    store.topUp(budget().id, 500);
    await one.quotas.flush();
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 180, extra: 500, left: 1270 });
  });

  test('who becomes alone hears what the others had spent of a budget', async () => {
    const { world, one, start } = createGateways();
    const two = start('two');
    const large = budget({ limit: 10_000_000n });
    const spend = async (by: typeof one, amount: number): Promise<void> => {
      (await held(world, by.quotas.reserve([of(amount, large)]))).settle(entry({ costNanos: amount }), [of(amount, large)]);
    };
    await spend(one, 10);
    await world.pass(1000);
    await spend(two, 300_000);
    await world.pass(1000);
    const closed = two.quotas.close();
    await world.pass(1000);
    await closed;
    for (let count = 0; count < 3; count += 1) {
      await spend(one, 10);
      await world.pass(1000);
    }
    expect(one.quotas.standing(large)).toMatchObject({ spent: 300_040 });
  });

  test('one of several asks for an answer every few seconds of use', async () => {
    const { world, store, one, start } = createGateways();
    const large = budget({ limit: 10_000_000n });
    const two = start('two');
    const before = store.requests.length;
    for (let count = 0; count < 40; count += 1) {
      for (const each of [one, two]) (await held(world, each.quotas.reserve([of(100, large)]))).settle(entry({ costNanos: 100 }), [of(100, large)]);
      await world.pass(300);
    }
    const requests = store.requests.slice(before);
    const told = requests.flatMap(({ spent = [] }) => spent);
    const moved = requests.flatMap(({ moves }) => moves);
    expect(told.length).toBeGreaterThan(40);
    expect(moved.length).toBeGreaterThan(10);
    await world.pass(1000);
    expect(store.spentOf(large.id)).toBe(8000);
    for (const each of [one, two]) expect(Math.abs((each.quotas.standing(large)?.spent ?? 0) - 8000)).toBeLessThan(1000);
  });

  test('a limit that was lowered while all was reserved holds for who begins after that', async () => {
    const { world, one } = createGateways();
    const [before, after] = [budget({ limit: 100_000n }), budget({ limit: 1000n })];
    const [first, second] = [
      await held(world, one.quotas.reserve([of(80_000, before)])),
      await held(world, one.quotas.reserve([of(20_000, before)])),
    ];
    await world.pass(1000);
    first.settle(entry({ costNanos: 80_000 }), [of(80_000, after)]);
    await world.pass(1000);
    second.release();
    expect(await outcome(world, one.quotas.reserve([of(100, after)]))).toMatchObject({ needed: 100, left: 0n });
  });

  test('what an admin does to a budget is heard of, though nothing was asked of the store', async () => {
    const { world, store, one } = createGateways();
    const spend = async (): Promise<void> => {
      (await held(world, one.quotas.reserve([of(1)]))).settle(entry({ costNanos: 1 }), [of(1)]);
      await world.pass(1000);
    };
    for (let count = 0; count < 3; count += 1) await spend();
    store.topUp(budget().id, 500);
    for (let count = 0; count < 2; count += 1) await spend();
    expect(store.requests.slice(-2).map(({ spent = [], moves }) => [spent.length, moves.length])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 5, extra: 500, left: 1495 });
    store.topUp(budget().id, 100);
    await world.pass(5000); // nothing is spent, but something held
    await one.quotas.know([budget()]);
    await world.pass(1000);
    expect(one.quotas.standing(budget())).toMatchObject({ extra: 600 });
  });

  test('a rate fills as time passes', async () => {
    const { world, one } = createGateways();
    (await held(world, one.quotas.reserve([of(100, rate())]))).settle(undefined, [of(100, rate())]);
    await one.quotas.flush();
    expect(one.quotas.standing(rate())).toMatchObject({ left: 0, fullInMs: 100_000 });
    await world.pass(30_000);
    expect(one.quotas.standing(rate())).toMatchObject({ left: 30, fullInMs: 70_000 });
  });
});

describe('a store out of reach', () => {
  test('requests go on within the lease; beyond it they are refused at once, and nothing is lost', async () => {
    const { world, store, one } = createGateways();
    (await held(world, one.quotas.reserve([of(100)]))).release();
    one.weather = 'lost-before';
    (await held(world, one.quotas.reserve([of(60)]))).settle(entry({ costNanos: 50 }), [of(50)]);
    await expect(outcome(world, one.quotas.reserve([of(600)]))).rejects.toThrow(StoreError);
    const began = world.passed;
    await expect(outcome(world, one.quotas.reserve([of(600)]))).rejects.toThrow(StoreError);
    expect(world.passed).toBe(began);
    await world.pass(20_000);
    expect(one.events.filter(({ type }) => type === 'store-failed')).toHaveLength(1);
    one.weather = 'fine';
    await world.pass(6000);
    expect(one.events.at(-1)).toMatchObject({ type: 'store-recovered' });
    expect([store.spentOf(budget().id), store.entries.size]).toEqual([50, 1]);
    await held(world, one.quotas.reserve([of(600)]));
  });

  test('where the config says so, they go on beyond it, and that is told when the store is back', async () => {
    const { world, store, start } = createGateways();
    const gateway = start('goes on', { whenGone: 'go-on' });
    gateway.weather = 'lost-before';
    const reservations = [];
    for (let count = 0; count < 5; count += 1) reservations.push(await held(world, gateway.quotas.reserve([of(300)])));
    for (const each of reservations.slice(1)) each.settle(entry({ costNanos: 280 }), [of(280)]);
    gateway.weather = 'fine';
    await world.pass(6000);
    expect([store.spentOf(budget().id), store.leasedOf(budget().id), store.entries.size]).toEqual([1120, 300, 4]);
    expect((await short(world, gateway.quotas.reserve([of(1)]))).left).toBe(0n);
  });

  test.for(['lost-after', 'silent'] as const)('a sync whose answer is lost is sent again as it was, and counts once (%s)', async (weather) => {
    const { world, store, one } = createGateways();
    (await held(world, one.quotas.reserve([of(100)]))).settle(entry({ costNanos: 40 }), [of(40)]);
    one.weather = weather;
    await world.pass(1000);
    one.quotas.record(entry({ costNanos: 5 }), [of(5)]);
    await world.pass(3000);
    one.weather = 'fine';
    await world.pass(3000);
    expect(one.quotas.standing(budget())).toMatchObject({ spent: 45 });
    expect(store.requests.some(({ spent = [], number }, index) => spent.length > 0 && store.requests[index - 1]?.number === number)).toBe(true);
    await world.pass(60_000);
    expect([store.spentOf(budget().id), store.leasedOf(budget().id), store.entries.size]).toEqual([45, 0, 2]);
    const numbers = store.requests.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    for (const [index, request] of store.requests.entries()) {
      const first = store.requests.find(({ number }) => number === request.number);
      expect(store.requests[index]).toEqual({ ...first, now: request.now });
    }
  });

  test('what it grants when nobody waits any more goes back', async () => {
    const { world, store, one } = createGateways();
    await held(world, one.quotas.reserve([of(1, slots())]));
    const known = one.quotas.know([budget()]);
    await world.pass(10);
    await known;
    one.weather = 'lost-after';
    await expect(outcome(world, one.quotas.reserve([of(100)]))).rejects.toThrow(StoreError);
    await world.pass(10_000);
    expect(store.leasedOf(budget().id)).toBe(200);
    one.weather = 'fine';
    await world.pass(120_000);
    expect(store.leasedOf(budget().id)).toBe(0);
  });

  test('an entry that was charged to nothing is booked when it is back', async () => {
    const { world, store, one } = createGateways();
    one.weather = 'lost-after';
    one.quotas.record(entry({ id: 'first' }), []);
    await world.pass(300);
    one.quotas.record(entry({ id: 'second' }), []);
    one.weather = 'fine';
    await world.pass(10_000);
    expect([...store.entries.keys()]).toEqual(['first', 'second']);
  });

  test('keeps a bounded number of entries; then requests are refused, and entries dropped are told', async () => {
    const { world, store, start } = createGateways();
    const gateway = start('small', { maxQueuedEntries: 3 });
    (await held(world, gateway.quotas.reserve([of(100)]))).release();
    gateway.weather = 'lost-before';
    for (let count = 0; count < 3; count += 1) gateway.quotas.record(entry({ costNanos: 1 }), [of(1)]);
    await expect(gateway.quotas.reserve([of(1)])).rejects.toThrow('3 entries of the ledger wait');
    gateway.quotas.record(entry({ costNanos: 1 }), [of(1)]);
    expect(gateway.events).toContainEqual({ type: 'entries-dropped', count: 1 });
    gateway.weather = 'fine';
    await world.pass(6000);
    expect([store.spentOf(budget().id), store.entries.size]).toEqual([3, 3]);
  });

  test('flush says that nothing was kept', async () => {
    const { one } = createGateways();
    one.weather = 'lost-before';
    one.quotas.record(entry(), []);
    await expect(one.quotas.flush()).rejects.toThrow(StoreError);
  });

  test('a store that came back empty is told what is held', async () => {
    const { world, store, one } = createGateways();
    await held(world, one.quotas.reserve([of(400), of(4, slots())]));
    store.quotas.clear();
    store.holders.clear();
    await world.pass(60_000);
    expect([store.leasedOf(budget().id), store.leasedOf(slots().id)]).toEqual([400, 4]);
    expect(one.events).toContainEqual({ type: 'forgotten' });
  });
});

describe('a process that was silent for long', () => {
  test('claims anew what its requests hold of places and rates; budgets were kept for it', async () => {
    const { world, store, one, start } = createGateways();
    const two = start('two');
    await held(world, one.quotas.reserve([of(400), of(4, slots()), of(40, rate())]));
    one.weather = 'lost-before';
    await world.pass(18_000);
    await held(world, two.quotas.reserve([of(10, slots())]));
    await short(world, two.quotas.reserve([of(601)]));
    one.weather = 'fine';
    await world.pass(20_000);
    expect([store.leasedOf(budget().id), store.leasedOf(slots().id)]).toEqual([400, 14]);
    expect(one.events).toContainEqual({ type: 'forgotten' });
  });

  test('is no event where it held no part of anything: nobody asked it for a while', async () => {
    const { world, store, one } = createGateways();
    const asked = [of(400), of(4, slots()), of(40, rate())];
    (await held(world, one.quotas.reserve(asked))).release();
    await world.pass(120_000);
    const before = store.requests.length;
    await world.pass(20_000);
    expect(store.requests).toHaveLength(before); // it was silent
    (await held(world, one.quotas.reserve(asked))).release();
    expect(one.events).not.toContainEqual({ type: 'forgotten' });
  });
});

describe('closing', () => {
  test('books all and gives all back', async () => {
    const { world, store, one } = createGateways();
    (await held(world, one.quotas.reserve([of(400), of(2, slots())]))).settle(entry({ costNanos: 30 }), [of(30)]);
    for (let count = 0; count < 500; count += 1) one.quotas.record(entry({ costNanos: 1 }), [of(1)]);
    await one.quotas.close();
    expect([store.spentOf(budget().id), store.leasedOf(budget().id), store.leasedOf(slots().id), store.entries.size]).toEqual([530, 0, 0, 501]);
    expect(store.requests.at(-1)?.leaving).toBe(true);
    await expect(one.quotas.reserve([of(1)])).rejects.toThrow('shutting down');
  });

  test('keeps back what requests still hold: they may spend it', async () => {
    const { world, store, one } = createGateways();
    const running = await held(world, one.quotas.reserve([of(400)]));
    await one.quotas.close();
    expect([store.leasedOf(budget().id), store.requests.at(-1)?.leaving]).toEqual([400, undefined]);
    expect(running.settle(entry(), [of(1)])).toBe(false);
    expect(one.events).toContainEqual({ type: 'entries-dropped', count: 1 });
  });

  test('gives up on a store that stays away, and says what is lost', async () => {
    const { world, one } = createGateways();
    one.weather = 'lost-before';
    one.quotas.record(entry(), []);
    let failure: Error | undefined;
    one.quotas.close().catch((error: unknown) => (failure = toError(error)));
    await world.pass(60_000);
    expect(failure?.message).toContain('1 entries of the ledger could not be booked');
  });

  test('comes to an end also where a sync is under way or was lost', async () => {
    for (const weather of ['slow', 'lost-after'] as const) {
      const { world, store, one } = createGateways();
      one.weather = weather;
      one.quotas.record(entry({ costNanos: 3 }), [of(3)]);
      await world.pass(250);
      one.quotas.record(entry({ costNanos: 4 }), [of(4)]);
      one.weather = 'fine';
      const closes = one.quotas.close();
      await world.pass(1000);
      await closes;
      expect([store.spentOf(budget().id), store.entries.size]).toEqual([7, 2]);
    }
  });
});

test('a period that is over is a quota of its own, which drains by itself', async () => {
  const { world, store, one } = createGateways();
  const november = await held(world, one.quotas.reserve([of(100)]));
  const december: BudgetQuota = budget({ id: 'budget:marketing:2026-12', from: budget().to, to: Date.UTC(2027, 0, 1) });
  await held(world, one.quotas.reserve([of(1000, december)]));
  november.settle(entry({ costNanos: 70 }), [of(70)]);
  await world.pass(60_000);
  expect([store.spentOf(budget().id), store.leasedOf(budget().id), store.leasedOf(december.id)]).toEqual([70, 0, 1000]);
});
