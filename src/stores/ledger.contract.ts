import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Hold, Ledger } from './ledger.ts';
import { anyStep, Comparison } from './ledger.comparison.contract.ts';
import { entry, trafficAt, trafficCost } from './ledger.traffic.contract.ts';

/** One store under test, empty at first. */
export interface LedgerStore {
  /** Opens a ledger on the store, as a gateway does at start. */
  open(now: () => number): Ledger | Promise<Ledger>;
  /** The entries in the store, read past the ledger. */
  kept(): KeptEntry[] | Promise<KeptEntry[]>;
  /** Starts a process that runs `runTraffic` on the store. */
  startTraffic(first: number): ChildProcess;
  remove(): void | Promise<void>;
}

export interface KeptEntry {
  exchange: string;
  tenant: string;
  period: string;
  costNanos: bigint;
}

type CreateStore = () => LedgerStore | Promise<LedgerStore>;

const now = () => trafficAt;
const limitNanos = 1000n;
const reserve = async (ledger: Ledger, amountNanos: number, tenant = 'marketing') => ledger.reserve({ tenant, amountNanos, limitNanos });

/** Reserves where that must succeed. */
async function held(ledger: Ledger, amountNanos: number): Promise<Hold> {
  const hold = await reserve(ledger, amountNanos);
  if (hold === undefined) throw new Error('the reservation was refused');
  return hold;
}

/** What every ledger must do, whatever it keeps its entries in. */
export function ledgerContract(name: string, createStore: CreateStore): void {
  describe(`${name} ledger`, () => {
    const stores: LedgerStore[] = [];
    afterEach(async () => {
      for (const store of stores.splice(0)) await store.remove();
    });
    const create = async (): Promise<LedgerStore> => {
      const store = await createStore();
      stores.push(store);
      return store;
    };
    reservations(create);
    entries(create);
    periods(create);
    crashes(create);
    interleavings(createStore);
  });
}

function reservations(create: CreateStore): void {
  test('reserves up to the limit and not a nano-dollar beyond', async () => {
    const ledger = await (await create()).open(now);
    await held(ledger, 999);
    expect(await reserve(ledger, 2)).toBeUndefined();
    await held(ledger, 1);
    expect(await reserve(ledger, 1)).toBeUndefined();
    expect([ledger.spent('marketing'), ledger.reserved('marketing')]).toEqual([0n, 1000n]);
    await ledger.close();
  });

  test('of requests that come at once, lets through only as many as the limit pays for', async () => {
    const ledger = await (await create()).open(now);
    const holds = await Promise.all(Array.from({ length: 50 }, () => reserve(ledger, 300)));
    expect(holds.filter((hold) => hold !== undefined)).toHaveLength(3);
    await ledger.close();
  });

  test('a settled hold is spent by what it cost, and the rest is free again', async () => {
    const ledger = await (await create()).open(now);
    const hold = await held(ledger, 1000);
    expect(hold.settle(entry({ tenant: 'marketing', costNanos: 400 }))).toBe(true);
    expect([ledger.spent('marketing'), ledger.reserved('marketing')]).toEqual([400n, 0n]);
    await held(ledger, 600);
    await ledger.close();
  });

  test('a released hold costs nothing and leaves no entry', async () => {
    const store = await create();
    const ledger = await store.open(now);
    expect((await held(ledger, 1000)).release()).toBe(true);
    expect([ledger.spent('marketing'), ledger.reserved('marketing')]).toEqual([0n, 0n]);
    await ledger.close();
    expect(await store.kept()).toEqual([]);
  });

  test('a hold ends once: whatever is called on it afterwards changes nothing and says so', async () => {
    const store = await create();
    const ledger = await store.open(now);
    const settled = await held(ledger, 100);
    settled.settle(entry({ tenant: 'marketing', costNanos: 100 }));
    expect([settled.settle(entry({ tenant: 'marketing', costNanos: 100 })), settled.release()]).toEqual([false, false]);
    const released = await held(ledger, 100);
    released.release();
    expect([released.settle(entry({ tenant: 'marketing', costNanos: 100 })), released.release()]).toEqual([false, false]);
    expect([ledger.spent('marketing'), ledger.reserved('marketing')]).toEqual([100n, 0n]);
    await ledger.close();
    expect(await store.kept()).toHaveLength(1);
  });

  test('books what an exchange cost even where that is more than was reserved, and then reserves no more', async () => {
    const ledger = await (await create()).open(now);
    (await held(ledger, 900)).settle(entry({ tenant: 'marketing', costNanos: 1100 }));
    expect(ledger.spent('marketing')).toBe(1100n);
    expect(await reserve(ledger, 0)).toBeUndefined();
    await ledger.close();
  });

  test("tenants do not spend each other's money", async () => {
    const ledger = await (await create()).open(now);
    await held(ledger, 1000);
    expect(await reserve(ledger, 1000, 'clinic')).toBeDefined();
    await ledger.close();
  });
}

function entries(create: CreateStore): void {
  test('keeps exchanges without a hold as well, and counts them as spent', async () => {
    const store = await create();
    const ledger = await store.open(now);
    ledger.record(entry({ exchange: 'one', tenant: 'free', costNanos: 7 }));
    expect(ledger.spent('free')).toBe(7n);
    await ledger.flush();
    expect(await store.kept()).toEqual([{ exchange: 'one', tenant: 'free', period: '2026-11', costNanos: 7n }]);
    await ledger.close();
  });

  test('keeps both of two exchanges that came with the same id', async () => {
    const store = await create();
    const ledger = await store.open(now);
    for (let count = 0; count < 2; count += 1) ledger.record(entry({ exchange: 'same', tenant: 'free', costNanos: 7 }));
    await ledger.close();
    expect(await store.kept()).toHaveLength(2);
  });

  test('keeps what was spent over a restart, and forgets the holds', async () => {
    const store = await create();
    const before = await store.open(now);
    (await held(before, 500)).settle(entry({ tenant: 'marketing', costNanos: 300 }));
    await held(before, 500);
    await before.close();
    const after = await store.open(now);
    expect([after.spent('marketing'), after.reserved('marketing')]).toEqual([300n, 0n]);
    expect(await reserve(after, 701)).toBeUndefined();
    await held(after, 700);
    await after.close();
  });

  test('adds up beyond what a float can count', async () => {
    const store = await create();
    const before = await store.open(now);
    for (let count = 0; count < 3; count += 1) before.record(entry({ tenant: 'vast', costNanos: Number.MAX_SAFE_INTEGER }));
    await before.close();
    const after = await store.open(now);
    expect(after.spent('vast')).toBe(27_021_597_764_222_973n);
    await after.close();
  });
}

function periods(create: CreateStore): void {
  const lastOfNovember = Date.UTC(2026, 10, 30, 23, 59, 59, 999);

  test('starts afresh with the month', async () => {
    let instant = lastOfNovember;
    const ledger = await (await create()).open(() => instant);
    (await held(ledger, 1000)).settle(entry({ tenant: 'marketing', costNanos: 1000 }));
    expect(await reserve(ledger, 1)).toBeUndefined();
    instant += 1;
    expect(ledger.spent('marketing')).toBe(0n);
    await held(ledger, 1000);
    await ledger.close();
  });

  test('books a hold in the month in which it was reserved, even after midnight of the first', async () => {
    let instant = lastOfNovember;
    const store = await create();
    const ledger = await store.open(() => instant);
    const hold = await held(ledger, 600);
    instant += 1;
    expect(ledger.reserved('marketing')).toBe(0n);
    hold.settle(entry({ exchange: 'late', tenant: 'marketing', costNanos: 500 }));
    expect(ledger.spent('marketing')).toBe(0n);
    instant -= 1;
    expect([ledger.spent('marketing'), ledger.reserved('marketing')]).toEqual([500n, 0n]);
    await ledger.close();
    expect(await store.kept()).toEqual([{ exchange: 'late', tenant: 'marketing', period: '2026-11', costNanos: 500n }]);
  });

  test('books an exchange without a hold in the month in which it began', async () => {
    const store = await create();
    const ledger = await store.open(() => lastOfNovember + 1);
    ledger.record(entry({ exchange: 'late', tenant: 'free', costNanos: 5, startedAt: lastOfNovember }));
    expect(ledger.spent('free')).toBe(0n);
    await ledger.close();
    const earlier = await store.open(() => lastOfNovember);
    expect(earlier.spent('free')).toBe(5n);
    await earlier.close();
  });
}

function crashes(create: CreateStore): void {
  test('a process killed in its traffic loses nothing it had flushed and charges nothing twice', { timeout: 60_000 }, async () => {
    const store = await create();
    let highest = 0;
    for (let kill = 1; kill <= 3; kill += 1) {
      const flushed = await trafficUntilKilled(store, highest + 1);
      const ledger = await store.open(now);
      const kept = await store.kept();
      const counts = kept.map(({ exchange }) => Number(exchange.replace('exchange-', '')));
      highest = Math.max(...counts);
      expect(flushed).toBeGreaterThan(0);
      expect(highest).toBeGreaterThanOrEqual(flushed);
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: highest }, (_, index) => index + 1));
      expect(kept.every(({ costNanos }, index) => costNanos === BigInt(trafficCost(counts[index] ?? 0)))).toBe(true);
      expect(ledger.spent('busy')).toBe(kept.reduce((sum, { costNanos }) => sum + costNanos, 0n));
      await ledger.close();
    }
  });
}

/** Kills the traffic after its fifth flush; returns the last number it called flushed. */
async function trafficUntilKilled(store: LedgerStore, first: number): Promise<number> {
  const child = store.startTraffic(first);
  const exited = once(child, 'exit');
  if (child.stdout === null) throw new Error('the traffic has no output');
  let flushes = 0;
  let flushed = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    flushed = Number(line.replace('flushed ', ''));
    flushes += 1;
    if (flushes === 5) child.kill('SIGKILL');
  }
  await exited;
  return flushed;
}

function interleavings(createStore: CreateStore): void {
  test('under any interleaving, restart and clock: never over the limit, and totals are the sum of the entries', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        const store = await createStore();
        try {
          const comparison = await Comparison.start(store);
          for (const step of steps) {
            await comparison.take(step);
            comparison.check();
          }
          await comparison.ledger.close();
          const byExchange = (a: KeptEntry, b: KeptEntry) => a.exchange.localeCompare(b.exchange);
          expect((await store.kept()).toSorted(byExchange)).toEqual(comparison.booked.toSorted(byExchange));
        } finally {
          await store.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
}
