import { expect, test } from 'vitest';
import type { LedgerEntry } from './entry.ts';
import type { EntryFilter } from './quota.ts';
import { deadAfterMs } from './store.ts';
import type { OpenStore } from './store.contract.ts';
import { budget, createGateway, entry, move, rate, slots, storeAt } from './store.fixture.ts';

/** What is leased of quotas, and to whom. */
export function leaseContract(open: OpenStore): void {
  grants(open);
  budgets(open);
  countedEntries(open);
  rates(open);
  places(open);
  scarcity(open);
}

async function two(open: OpenStore) {
  const { store } = await open();
  return { store, one: createGateway(store, 'one'), two: createGateway(store, 'two') };
}

function grants(open: OpenStore): void {
  test('grants what is needed up to the last unit, and not one beyond', async () => {
    const { one } = await two(open);
    expect(await one.move(budget(), { need: 999, want: 999 })).toMatchObject({ granted: 999, leased: 999n, yours: 999, left: 1n });
    expect(await one.move(budget(), { need: 2, want: 2 })).toMatchObject({ granted: 0, leased: 999n, left: 1n });
    expect(await one.move(budget(), { need: 1, want: 1 })).toMatchObject({ granted: 1, leased: 1000n, yours: 1000, left: 0n });
  });

  test('grants what is wanted as far as it is half of what is left, divided by the gateways', async () => {
    const { one, two: other } = await two(open);
    expect((await one.move(budget(), { need: 10, want: 2000 })).granted).toBe(500);
    await other.sync();
    expect((await one.move(budget(), { need: 10, want: 2000 })).granted).toBe(125);
    expect((await other.move(budget(), { need: 10, want: 50 })).granted).toBe(50);
    expect((await other.move(budget(), { need: 200, want: 300 })).granted).toBe(200);
  });

  test('who needs nothing is granted nothing, and learns how the quota stands', async () => {
    const { one, two: other } = await two(open);
    await one.move(budget(), { need: 100, want: 100 });
    expect(await other.move(budget(), { want: 50 })).toEqual({
      granted: 0,
      spent: 0n,
      leased: 100n,
      yours: 0,
      dead: 0n,
      left: 900n,
      extra: 0n,
      idleElsewhere: 0n,
      isScarce: false,
    });
  });

  test('of processes that ask at once, only as many are granted what they need as there is enough for', async () => {
    const { store } = await open();
    const all = Array.from({ length: 20 }, (_, index) => createGateway(store, `gateway-${index}`));
    const states = await Promise.all(all.map((one) => one.move(budget(), { need: 300, want: 300 })));
    expect(states.filter(({ granted }) => granted === 300)).toHaveLength(3);
    expect(states.filter(({ granted }) => granted === 0)).toHaveLength(17);
  });

  test('one call moves several quotas, each for itself', async () => {
    const { one } = await two(open);
    const moves = [move(budget(), { need: 2000, want: 2000 }), move(rate(), { need: 100, want: 100 }), move(slots(), { need: 1, want: 1 })];
    expect((await one.sync({ moves })).states.map(({ granted }) => granted)).toEqual([0, 100, 1]);
  });

  test('what was leased is seen by whoever opens the store', async () => {
    const { store, another } = await open();
    await createGateway(store, 'one').move(budget(), { need: 600, want: 600 });
    const other = createGateway(await another(), 'two');
    expect(await other.move(budget(), { need: 401, want: 401 })).toMatchObject({ granted: 0, leased: 600n, left: 400n });
  });
}

function budgets(open: OpenStore): void {
  test('what is spent comes out of the lease and stays spent; what is given back can be leased again', async () => {
    const { one, two: other } = await two(open);
    await one.move(budget(), { need: 1000, want: 1000 });
    expect(await one.move(budget(), { spent: 300, back: 600 })).toMatchObject({ spent: 300n, leased: 100n, left: 600n });
    expect(await other.move(budget(), { need: 601, want: 601 })).toMatchObject({ granted: 0 });
    expect(await other.move(budget(), { need: 600, want: 600 })).toMatchObject({ granted: 600, spent: 300n, leased: 700n, yours: 600, left: 0n });
  });

  test('what was used beyond the lease counts, whatever the limit says', async () => {
    const { one, two: other } = await two(open);
    await one.move(budget(), { need: 900, want: 900 });
    expect(await one.move(budget(), { overdraft: 300, spent: 1200 })).toMatchObject({ spent: 1200n, leased: 0n, left: 0n });
    expect(await other.move(budget(), { need: 1, want: 1 })).toMatchObject({ granted: 0, spent: 1200n, left: 0n });
  });

  test('what is only told to be spent counts at once, for whoever looks, and once', async () => {
    const { store, another } = await open();
    const [one, other] = [createGateway(store, 'one'), createGateway(await another(), 'two')];
    await one.move(budget(), { need: 1000, want: 1000, idle: 900 });
    const told = { entries: [entry({ costNanos: 300 })], spent: [{ quota: budget(), amount: 300 }] };
    expect((await one.sync(told)).states).toEqual([]);
    await one.repeat();
    for (const each of [store, await another()]) {
      expect(await each.budgets.list(storeAt)).toMatchObject([{ spent: 300n, leased: 700n, dead: 0n, left: 0n }]);
      expect(await Array.fromAsync(each.ledger.verify(storeAt))).toEqual([{ id: budget().id, spent: 300n, entries: 300n }]);
    }
    expect(await other.move(budget(), { need: 1, want: 1 })).toMatchObject({ granted: 0, spent: 300n, leased: 700n, idleElsewhere: 700n });
    await one.sync({ entries: [entry({ costNanos: 800 })], spent: [{ quota: budget(), amount: 800 }] });
    expect(await one.move(budget(), { spent: 50 })).toMatchObject({ spent: 1150n, leased: 0n, yours: 0 });
  });

  test('what is only told to be spent of a budget that nobody knows yet is part of it once it is known', async () => {
    const { one } = await two(open);
    const other = budget({ id: 'budget:acme', counts: { tenant: 'acme' } });
    await one.sync({ entries: [entry({ costNanos: 7 })] });
    await one.sync({ entries: [entry({ costNanos: 300 })], spent: [{ quota: other, amount: 300 }] });
    expect(await one.move(other)).toMatchObject({ spent: 307n, leased: 0n });
  });

  test('who leaves, or dies, has spent what it only told', async () => {
    const { store, one, two: other } = await two(open);
    for (const gateway of [one, other]) {
      await gateway.move(budget(), { need: 100, want: 100 });
      await gateway.sync({ entries: [entry({ costNanos: 30 })], spent: [{ quota: budget(), amount: 30 }] });
    }
    await one.sync({ leaving: true });
    expect(await store.budgets.list(storeAt)).toMatchObject([{ spent: 60n, leased: 70n, dead: 0n }]);
    const later = storeAt + deadAfterMs + 1;
    expect(await createGateway(store, 'three').move(budget(), {}, later)).toMatchObject({ spent: 60n, leased: 70n, dead: 70n });
  });

  test('a limit that changes holds from the next call on', async () => {
    const { one } = await two(open);
    await one.move(budget(), { need: 800, want: 800 });
    expect(await one.move(budget({ limit: 500n }), { need: 1, want: 1 })).toMatchObject({ granted: 0, leased: 800n, left: 0n });
    expect(await one.move(budget({ limit: 2000n }), { need: 1200, want: 1200 })).toMatchObject({ granted: 1200, leased: 2000n, left: 0n });
  });

  test('another period is another budget', async () => {
    const { one } = await two(open);
    await one.move(budget(), { need: 1000, want: 1000 });
    const december = budget({ id: 'budget:marketing:2026-12', from: Date.UTC(2026, 11, 1), to: Date.UTC(2027, 0, 1) });
    expect(await one.move(december, { need: 1000, want: 1000 })).toMatchObject({ granted: 1000 });
  });

  test('what an admin adds can be leased, and what an admin takes cannot', async () => {
    const { store, one } = await two(open);
    await one.move(budget(), { overdraft: 1000, spent: 1000 });
    expect(await store.budgets.topUp(budget().id, 500n)).toBe(true);
    expect(await one.move(budget(), { need: 500, want: 500 })).toMatchObject({ granted: 500, extra: 500n, spent: 1000n, leased: 500n, left: 0n });
    expect(await store.budgets.topUp(budget().id, -700n)).toBe(true);
    expect(await one.move(budget(), { back: 500 })).toMatchObject({ extra: -200n, left: 0n });
    expect(await store.budgets.topUp(budget().id, 201n)).toBe(true);
    expect(await one.move(budget())).toMatchObject({ extra: 1n, left: 1n });
  });

  test('every call is told when an admin has done something to a budget, or others came or went, and only then', async () => {
    const { store, one, two: other } = await two(open);
    const version = async (): Promise<number> => (await one.sync()).budgetVersion;
    await one.move(budget(), { need: 10, want: 10 });
    const versions = [await version(), await version()];
    await store.budgets.topUp(budget().id, 5n);
    versions.push(await version());
    await store.budgets.recount(budget());
    await store.budgets.topUp('nobody has this', 5n);
    versions.push(await version());
    await one.sync({ entries: [entry({ costNanos: 8 })] });
    await store.budgets.recount(budget());
    versions.push(await version());
    await store.budgets.releaseDead(budget().id);
    versions.push(await version());
    await other.sync();
    versions.push(await version());
    await other.sync();
    versions.push(await version());
    await other.sync({ leaving: true });
    versions.push(await version());
    const [first, second, toppedUp, notKnown, recounted, released, joined, synced, left] = versions;
    expect([second, notKnown, synced]).toEqual([first, toppedUp, joined]);
    expect(new Set([first, toppedUp, recounted, released, joined, left]).size).toBe(6);
  });

  test('a recount raises what is spent to what the entries say, and never lowers it', async () => {
    const { store, one } = await two(open);
    await one.move(budget(), { need: 10, want: 10 });
    await one.sync({ entries: [entry({ costNanos: 700 })] }); // by an exchange that did not know of the budget
    expect(await one.move(budget())).toMatchObject({ spent: 0n });
    await store.budgets.recount(budget());
    expect(await one.move(budget())).toMatchObject({ spent: 700n, leased: 10n });
    await one.move(budget(), { overdraft: 50, spent: 50 });
    await store.budgets.recount(budget());
    expect(await one.move(budget())).toMatchObject({ spent: 750n });
    await store.budgets.recount(budget({ id: 'nobody has this' }));
    expect((await store.budgets.list(storeAt)).map(({ id }) => id)).toEqual([budget().id]);
  });

  test('nothing can be added to what is not known or is no budget', async () => {
    const { store, one } = await two(open);
    await one.sync({ moves: [move(rate()), move(slots())] });
    for (const id of ['nothing', rate().id, slots().id]) {
      expect([await store.budgets.topUp(id, 1n), await store.budgets.releaseDead(id)]).toEqual([false, false]);
    }
  });

  test('adds up beyond what a float can count, to the last unit', async () => {
    const { store, one } = await two(open);
    const vast = budget({ limit: 10n ** 18n });
    await one.move(vast);
    await store.budgets.topUp(vast.id, 10n ** 18n);
    for (let count = 0; count < 3; count += 1) {
      const need = Number.MAX_SAFE_INTEGER;
      expect(await one.move(vast, { need, want: need })).toMatchObject({ granted: need });
      await one.move(vast, { spent: need });
    }
    const spent = 27_021_597_764_222_973n;
    expect(await one.move(vast, { overdraft: 1 })).toMatchObject({ spent, leased: 1n, left: 2n * 10n ** 18n - spent - 1n, extra: 10n ** 18n });
    expect(await store.budgets.list(storeAt)).toMatchObject([{ spent, limit: 10n ** 18n, extra: 10n ** 18n }]);
  });

  test('admins see the budgets that are in their period', async () => {
    const { store, one } = await two(open);
    const october = budget({ id: 'budget:marketing:2026-10', from: Date.UTC(2026, 9, 1), to: Date.UTC(2026, 10, 1) });
    const total = budget({
      id: 'budget:acme:total',
      unit: 'tokens',
      counts: { tenant: 'acme', served: 'fast' },
      from: 0,
      to: Number.MAX_SAFE_INTEGER,
    });
    await one.sync({ moves: [move(october), move(budget(), { need: 100, want: 100 }), move(total), move(rate()), move(slots())] });
    await one.move(budget({ limit: 900n }), { spent: 60 });
    const standings = (await store.budgets.list(storeAt)).toSorted((a, b) => b.id.localeCompare(a.id));
    const common = { dead: 0n, extra: 0n };
    const { kind: _, ...november } = budget({ limit: 900n });
    const { kind: __, ...ever } = total;
    expect(standings).toEqual([
      { ...november, ...common, spent: 60n, leased: 40n, left: 800n },
      { ...ever, ...common, spent: 0n, leased: 0n, left: 1000n },
    ]);
    expect((await store.budgets.list(budget().to)).map(({ id }) => id)).toEqual([total.id]);
  });
}

function countedEntries(open: OpenStore): void {
  const tokens = (inputTokens: number, outputTokens: number): Partial<LedgerEntry> => ({ usage: { ...entry().usage, inputTokens, outputTokens } });
  const november = budget().from;
  const booked: LedgerEntry[] = [
    entry({ costNanos: 1, ...tokens(1, 0) }),
    entry({ costNanos: 2, ...tokens(1, 1), tenants: ['acme'] }),
    entry({ costNanos: 4, ...tokens(2, 2), tenants: ['marketing'], user: 'ann' }),
    entry({ costNanos: 8, ...tokens(8, 0), tenants: ['acme', 'marketing', 'website'], key: 'key_other', user: 'ann' }),
    entry({ costNanos: 16, ...tokens(0, 16), tenants: ['clinic'], served: 'opus', provider: 'anthropic', user: 'ann' }),
    entry({ costNanos: 32, ...tokens(30, 2), tenants: ['acme', 'marketing', 'website'], served: 'opus', provider: 'anthropic' }),
    entry({ costNanos: 64, ...tokens(60, 4), tenants: ['acme', 'market', 'marketing-2'], startedAt: november }),
    entry({ costNanos: 128, ...tokens(100, 28), startedAt: november }),
    entry({ costNanos: 256, startedAt: november - 1 }),
    entry({ costNanos: 512, startedAt: budget().to }),
    entry({ costNanos: 1024, ...tokens(1000, 24), startedAt: budget().to - 1, kind: 'attempt' }),
  ];
  const cases: [what: string, counts: EntryFilter, nanos: bigint][] = [
    ['all', {}, 1279n],
    ['a tenant, anywhere in the chain', { tenant: 'marketing' }, 1197n],
    ['the outermost tenant', { tenant: 'acme' }, 1259n],
    ['a tenant that has none', { tenant: 'nobody' }, 0n],
    ['a key', { key: 'key_other' }, 8n],
    ['a user of a tenant', { tenant: 'marketing', user: 'ann' }, 12n],
    ['a model', { served: 'opus' }, 48n],
    ['a provider', { provider: 'anthropic' }, 48n],
    ["a tenant's share of a model", { tenant: 'marketing', served: 'opus' }, 32n],
    ["a key's share of a provider", { key: 'key_website', provider: 'openai' }, 1223n],
    ['all that is named', { tenant: 'acme', key: 'key_other', user: 'ann', served: 'gpt-5-mini', provider: 'openai' }, 8n],
  ];
  test.for(cases)('a new budget begins with the entries that it counts: %s', async ([, counts, nanos]) => {
    const { one } = await two(open);
    await one.sync({ entries: booked });
    expect(await one.move(budget({ counts, limit: 2000n }), { need: 1, want: 1 })).toMatchObject({ spent: nanos, granted: 1, left: 1999n - nanos });
    expect(await one.move(budget({ id: 'tokens', counts, unit: 'tokens' }))).toMatchObject({
      spent: booked.reduce(
        (sum, { costNanos, usage }) => ((nanos & BigInt(costNanos)) === 0n ? sum : sum + BigInt(usage.inputTokens + usage.outputTokens)),
        0n,
      ),
    });
  });

  test('a period that begins and ends at any millisecond counts to the millisecond', async () => {
    const { one } = await two(open);
    const times = [0, 1, 899_999, 900_000, 1_800_000, 1_800_001, 2_700_000];
    await one.sync({ entries: times.map((time, index) => entry({ startedAt: november + time, costNanos: 2 ** index })) });
    const spent = async (from: number, to: number): Promise<bigint> =>
      (await one.move(budget({ id: `${from}-${to}`, from: november + from, to: november + to }))).spent;
    expect(await spent(1, 1_800_001)).toBe(2n + 4n + 8n + 16n);
    expect(await spent(0, 1)).toBe(1n);
    expect(await spent(5, 10)).toBe(0n);
    expect(await spent(899_999, 900_001)).toBe(4n + 8n);
    expect(await spent(900_000, 2_700_000)).toBe(8n + 16n + 32n);
  });

  test('a budget that is new together with what it spent counts that once', async () => {
    const { one } = await two(open);
    await one.sync({ entries: [entry({ costNanos: 7 })] });
    const { states } = await one.sync({ entries: [entry({ costNanos: 5 })], moves: [move(budget(), { overdraft: 5, spent: 5 })] });
    expect(states[0]).toMatchObject({ spent: 12n, leased: 0n });
  });

  test('entries that come later change a known budget only by what is said to be spent', async () => {
    const { one } = await two(open);
    await one.move(budget(), { need: 10, want: 10 });
    const { states } = await one.sync({ entries: [entry({ costNanos: 10 })], moves: [move(budget(), { spent: 10 })] });
    expect(states[0]).toMatchObject({ spent: 10n, leased: 0n, left: 990n });
  });
}

function rates(open: OpenStore): void {
  test('a bucket is full at first, and fills again over its time', async () => {
    const { one } = await two(open);
    expect(await one.move(rate(), { need: 100, want: 100 })).toMatchObject({ granted: 100, left: 0n, spent: 0n });
    await one.move(rate(), { spent: 100 });
    expect(await one.move(rate(), {}, storeAt + 999)).toMatchObject({ left: 0n });
    expect(await one.move(rate(), {}, storeAt + 1000)).toMatchObject({ left: 1n });
    expect(await one.move(rate(), { need: 10, want: 10 }, storeAt + 10_500)).toMatchObject({ granted: 10, left: 0n });
    expect(await one.move(rate(), { spent: 10 }, storeAt + 11_000)).toMatchObject({ left: 1n });
    expect(await one.move(rate(), {}, storeAt + 900_000)).toMatchObject({ left: 100n });
  });

  test('looking often at a bucket does not keep it from filling', async () => {
    const { one } = await two(open);
    const slow = rate({ limit: 7n, refillMs: 1000 });
    await one.move(slow, { overdraft: 7, spent: 7 });
    for (let ms = 1; ms < 1000; ms += 1) expect((await one.move(slow, {}, storeAt + ms)).left).toBe(BigInt(Math.floor((7 * ms) / 1000)));
    expect(await one.move(slow, {}, storeAt + 1000)).toMatchObject({ left: 7n });
  });

  test('what is leased of a bucket and not used keeps its place in it', async () => {
    const { one, two: other } = await two(open);
    const fast = rate({ refillMs: 1000 });
    await one.move(fast, { need: 60, want: 60 });
    await other.move(fast, { need: 40, want: 40 });
    await other.move(fast, { spent: 40 });
    expect(await other.move(fast, {}, storeAt + 10_000)).toMatchObject({ left: 40n, leased: 60n, yours: 0 });
    expect(await one.move(fast, { back: 60 }, storeAt + 10_000)).toMatchObject({ left: 100n, leased: 0n });
  });

  test('what was used beyond the lease has to fill first', async () => {
    const { one } = await two(open);
    await one.move(rate(), { need: 100, want: 100 });
    expect(await one.move(rate(), { overdraft: 50, spent: 150 })).toMatchObject({ left: 0n, leased: 0n });
    expect(await one.move(rate(), { need: 1, want: 1 }, storeAt + 50_999)).toMatchObject({ granted: 0, left: 0n });
    expect(await one.move(rate(), { need: 1, want: 1 }, storeAt + 51_000)).toMatchObject({ granted: 1, left: 0n });
  });

  test('a clock that goes back takes nothing and gives nothing', async () => {
    const { one } = await two(open);
    await one.move(rate(), { overdraft: 100, spent: 100 });
    expect(await one.move(rate(), {}, storeAt + 10_000)).toMatchObject({ left: 10n });
    expect(await one.move(rate(), {}, storeAt)).toMatchObject({ left: 10n });
    expect(await one.move(rate(), {}, storeAt + 10_000)).toMatchObject({ left: 10n });
    expect(await one.move(rate(), {}, storeAt + 11_000)).toMatchObject({ left: 11n });
  });

  test('a bucket whose size changes holds no more than its new size', async () => {
    const { one } = await two(open);
    await one.move(rate(), { overdraft: 50, spent: 50 });
    expect(await one.move(rate({ limit: 10n }))).toMatchObject({ left: 10n });
    expect(await one.move(rate({ limit: 200n, refillMs: 1000 }), {}, storeAt + 500)).toMatchObject({ left: 110n });
  });
}

function places(open: OpenStore): void {
  test('places are taken and given back', async () => {
    const { one, two: other } = await two(open);
    expect(await one.move(slots(), { need: 10, want: 10 })).toMatchObject({ granted: 10, left: 0n, leased: 10n });
    expect(await other.move(slots(), { need: 1, want: 1 })).toMatchObject({ granted: 0 });
    await one.move(slots(), { back: 4 });
    expect(await other.move(slots(), { need: 1, want: 1 }, storeAt + 1)).toMatchObject({ granted: 1, left: 3n, leased: 7n, spent: 0n });
  });

  test('places beyond the lease are leased as well', async () => {
    const { one } = await two(open);
    await one.move(slots(), { need: 10, want: 10 });
    expect(await one.move(slots(), { overdraft: 2 })).toMatchObject({ left: 0n, leased: 12n });
    expect(await one.move(slots(), { back: 3 })).toMatchObject({ left: 1n, leased: 9n });
  });
}

function scarcity(open: OpenStore): void {
  test('says what others hold and could give back', async () => {
    const { one, two: other } = await two(open);
    await one.move(slots(), { need: 8, want: 8, idle: 5 });
    expect(await one.move(slots(), { idle: 5 })).toMatchObject({ idleElsewhere: 0n });
    expect(await other.move(slots())).toMatchObject({ idleElsewhere: 5n });
    await one.move(slots(), { idle: 3 });
    expect(await other.move(slots())).toMatchObject({ idleElsewhere: 3n });
  });

  test('nobody can give back more than it holds, whatever it says', async () => {
    const { one, two: other } = await two(open);
    await one.move(slots(), { need: 8, want: 20, idle: 20 });
    expect(await other.move(slots())).toMatchObject({ idleElsewhere: 8n });
    await one.move(rate({ limit: 5n }), { need: 6, want: 12, idle: 12 });
    expect(await other.move(rate({ limit: 5n }))).toMatchObject({ idleElsewhere: 0n });
  });

  test.for([budget({ limit: 10n }), rate({ limit: 10n, refillMs: 86_400_000 }), slots()])(
    'tells those who hold idle leases that another cannot have what it needs: $kind',
    async (quota) => {
      const { one, two: other } = await two(open);
      await one.move(quota, { need: 10, want: 10, idle: 10 });
      expect(await one.move(quota, { idle: 9 })).toMatchObject({ isScarce: false });
      expect(await other.move(quota, { need: 1, want: 1 })).toMatchObject({ granted: 0, isScarce: false });
      expect(await one.move(quota, { idle: 9 })).toMatchObject({ isScarce: true });
      await one.move(quota, { back: 5, idle: 4 });
      expect(await other.move(quota, { need: 1, want: 1 })).toMatchObject({ granted: 1 });
    },
  );

  test('nothing is scarce any more when nobody has been refused for some seconds', async () => {
    const { one, two: other } = await two(open);
    await one.move(slots(), { need: 10, want: 10, idle: 9 });
    await other.move(slots(), { need: 1, want: 1 });
    expect(await one.move(slots(), { idle: 9 }, storeAt + 500)).toMatchObject({ isScarce: true });
    expect(await one.move(slots(), { idle: 9 }, storeAt + 4000)).toMatchObject({ isScarce: false });
  });
}
