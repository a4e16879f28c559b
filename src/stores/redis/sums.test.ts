import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../entry.ts';
import type { BudgetQuota, EntryFilter } from '../quota.ts';
import { budget, createGateway, entry, move, storeAt } from '../store.fixture.ts';
import { doesCount, tokensOf } from './entry-row.ts';
import { useRealRedis } from './real-redis.fixture.ts';
import { redisMissing } from './server.fixture.ts';

const [minuteMs, quarterMs, dayMs] = [60_000, 900_000, 86_400_000];
const november = Date.UTC(2026, 10, 1);

describe.skipIf(redisMissing !== undefined)('sums of entries in a Redis', { timeout: 60_000 }, () => {
  const redis = useRealRedis();

  // Times near the edges of days, quarters of an hour and minutes.
  const anyTime = fc
    .tuple(fc.nat(2), fc.constantFrom(0, 1, 50, 95), fc.constantFrom(0, 7, 14), fc.constantFrom(0, 1, minuteMs - 1))
    .map(([day, quarter, minute, ms]) => november + day * dayMs + quarter * quarterMs + minute * minuteMs + ms);
  const amount = fc.oneof(fc.nat(1000), fc.constantFrom(0, 10 ** 15, Number.MAX_SAFE_INTEGER - 1));
  const name = fc.constantFrom('a', 'b', '"1\n');
  const anyEntry = fc
    .record({
      startedAt: anyTime,
      costNanos: amount,
      tenants: fc.tuple(name, name, name).map((all): LedgerEntry['tenants'] => [all[0], ...all.slice(1)]),
      key: name,
      user: fc.oneof(fc.constant(''), name),
      served: name,
      provider: name,
      inputTokens: fc.nat(1000),
    })
    .map(({ inputTokens, ...fields }) => entry({ ...fields, usage: { ...entry().usage, inputTokens } }));
  const optional = fc.option(name, { nil: undefined, freq: 1 });
  const anyFilter = fc
    .record({
      tenant: optional,
      key: optional,
      user: fc.option(fc.oneof(fc.constant(''), name), { nil: undefined, freq: 1 }),
      served: optional,
      provider: optional,
    })
    .map((fields): EntryFilter => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
  const anyBudget = fc
    .record({
      counts: anyFilter,
      unit: fc.constantFrom('nanos' as const, 'tokens' as const),
      times: fc.tuple(anyTime, anyTime),
      isTotal: fc.boolean(),
    })
    .map(({ counts, unit, times: [a, b], isTotal }) => ({
      counts,
      unit,
      ...(isTotal ? { from: 0, to: Number.MAX_SAFE_INTEGER } : { from: Math.min(a, b), to: Math.max(a, b) + 1 }),
    }));
  const sumOf = (entries: readonly LedgerEntry[], { counts, from, to, unit }: Pick<BudgetQuota, 'counts' | 'from' | 'to' | 'unit'>): bigint =>
    entries
      .filter((one) => one.startedAt >= from && one.startedAt < to && doesCount(one, counts))
      .reduce((sum, one) => sum + BigInt(unit === 'nanos' ? one.costNanos : tokensOf(one)), 0n);

  test('a new budget begins with what the entries of its period add up to, whatever it counts and whenever it begins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEntry, { maxLength: 60 }), fc.array(anyBudget, { minLength: 1, maxLength: 20 }), async (entries, budgets) => {
        await redis.client().flushall();
        const gateway = createGateway(redis.open(), 'one');
        for (let index = 0; index < entries.length; index += 7) await gateway.sync({ entries: entries.slice(index, index + 7) });
        const { states } = await gateway.sync({ moves: budgets.map((fields, index) => move(budget({ ...fields, id: `${index}` }))) });
        expect(states.map(({ spent }) => spent)).toEqual(budgets.map((fields) => sumOf(entries, fields)));
      }),
      { numRuns: 60 },
    );
  });

  test('budgets that begin while another gateway books begin with exactly what is booked at that moment', async () => {
    const [booker, starter] = [createGateway(redis.open(), 'booker'), createGateway(redis.open(), 'starter')];
    let [sent, answered] = [0, 0];
    async function book(): Promise<void> {
      for (; sent < 50; answered = sent) {
        const booked = entry({ costNanos: 2 ** sent, startedAt: storeAt + sent * minuteMs });
        sent += 1;
        await booker.sync({ entries: [booked] });
      }
    }
    const booking = book();
    for (let count = 0; answered < 50; count += 1) {
      const before = answered;
      const { spent } = await starter.move(budget({ id: `budget-${count}` }));
      // Each entry is twice the one before it: their sum tells which there were.
      const there = spent.toString(2).replaceAll('0', '').length;
      expect(spent).toBe(2n ** BigInt(there) - 1n);
      expect(there).toBeGreaterThanOrEqual(before);
      expect(there).toBeLessThanOrEqual(sent);
    }
    await booking;
  });

  test('the ledger can be verified while gateways book', async () => {
    const store = redis.open();
    await createGateway(store, 'first').move(budget());
    let isOver = false;
    async function book(holder: string): Promise<void> {
      const gateway = createGateway(redis.open(), holder);
      for (let count = 0; !isOver; count += 1) {
        const booked = entry({ costNanos: 3, startedAt: storeAt + (count % 5) * minuteMs });
        await gateway.sync({ entries: [booked], moves: [move(budget(), { overdraft: 3, spent: 3 })] });
        await new Promise((resolve) => void setTimeout(resolve, 2));
      }
    }
    const bookers = [book('one'), book('two')];
    try {
      for (let round = 0; round < 20; round += 1) {
        for await (const { spent, entries } of store.ledger.verify(storeAt)) expect(entries).toBe(spent);
      }
    } finally {
      isOver = true;
      await Promise.all(bookers);
    }
    expect((await Array.fromAsync(store.ledger.verify(storeAt)))[0]?.spent).toBeGreaterThan(0n);
  });

  test('more entries than fit into one look are verified as well', async () => {
    const store = redis.open();
    const one = createGateway(store, 'one');
    for (let count = 0; count < 12; count += 1) {
      const entries = Array.from({ length: 250 }, () => entry({ costNanos: 3, startedAt: storeAt + (count % 2) * minuteMs }));
      await one.sync({ entries, moves: [move(budget(), { overdraft: 750, spent: 750 })] });
    }
    expect(await Array.fromAsync(store.ledger.verify(storeAt))).toEqual([{ id: budget().id, spent: 9000n, entries: 9000n }]);
  });

  test('what is kept has its end: entries and their sums after the retention, places and rates after days, past budgets after a week', async () => {
    const keepEntriesMs = 30 * dayMs;
    const store = redis.open({ keepEntriesMs });
    const december = Date.UTC(2026, 11, 1);
    await createGateway(store, 'one').sync({
      entries: [entry()],
      moves: [move(budget(), { need: 1, want: 1 }), move(budget({ id: 'total', to: Number.MAX_SAFE_INTEGER }))],
    });
    const client = redis.client();
    const lasts = async (key: string): Promise<number> => Math.round((await client.pttl(`{remora}:${key}`)) / minuteMs) * minuteMs;
    const minute = storeAt / minuteMs;
    expect(await lasts(`entries:${minute}`)).toBe(keepEntriesMs + minuteMs);
    expect(await lasts(`sums:q${storeAt / quarterMs}`)).toBe(keepEntriesMs + quarterMs);
    expect(await lasts(`sums:d${Math.floor(storeAt / dayMs)}`)).toBe(keepEntriesMs + dayMs / 2);
    expect(await lasts(`minutes:${Math.floor(storeAt / dayMs)}`)).toBe(keepEntriesMs + dayMs / 2);
    expect(await lasts(`quota:${budget().id}`)).toBe(december - storeAt + 7 * dayMs);
    expect(await client.pttl('{remora}:quota:total')).toBe(-1);
  });

  test('budgets whose first entries are gone are not compared any more', async () => {
    const keepEntriesMs = 10 * dayMs;
    const total = budget({ id: 'total', from: 0, to: Number.MAX_SAFE_INTEGER });
    const one = createGateway(redis.open({ keepEntriesMs }), 'one');
    await one.sync({ entries: [entry({ startedAt: storeAt - 5 * dayMs })], moves: [move(total), move(budget())] });
    const idsAt = async (at: number): Promise<string[]> =>
      (await Array.fromAsync(redis.open({ keepEntriesMs, now: () => at }).ledger.verify(at))).map(({ id }) => id).toSorted();
    expect(await idsAt(storeAt)).toEqual([budget().id, 'total'].toSorted());
    expect(await idsAt(storeAt + 6 * dayMs)).toEqual([]);
    // The day is past, and forgotten with the next one that gets entries.
    await one.sync({ now: storeAt + 7 * dayMs, entries: [entry({ startedAt: storeAt + 7 * dayMs })] });
    expect(await idsAt(storeAt + 7 * dayMs)).toEqual([]);
    expect(await redis.client().zrange('{remora}:days', '0', '-1')).toEqual([String(Math.floor(storeAt / dayMs) + 7)]);
  });
});
