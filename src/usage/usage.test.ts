import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entry, inPages } from './entry.fixture.ts';
import { groupUsage, maxGroups } from './group.ts';
import { dollarsOf, nanosOf } from './money.ts';
import { durationMsOf, momentOf } from './moment.ts';
import { newestEntries } from './newest.ts';
import { readUsageQuery } from './query.ts';
import { cellsOf, columnsOf, csvOf, reportJson } from './table.ts';
import type { LedgerEntry } from '../stores/entry.ts';

const now = Date.UTC(2026, 10, 21, 15);
const query = (parameters: Record<string, string> = {}) => readUsageQuery(Object.entries(parameters), now);
const grouped = (entries: readonly LedgerEntry[], parameters: Record<string, string>) => groupUsage(inPages(entries), query(parameters));
const valuesOf = async (entries: readonly LedgerEntry[], groupBy: string) => (await grouped(entries, { groupBy })).rows.map(({ values }) => values);

describe('a report', () => {
  test('adds up what each group used, and everything', async () => {
    const entries = [
      entry({ costNanos: 5 }),
      entry({ served: 'smart', costNanos: 100, estimated: true, usage: { ...entry().usage, inputTokens: 7, reasoningTokens: 3 } }),
      entry({ kind: 'attempt', costNanos: 1, unpriced: true }),
      entry({ kind: 'mirror', costNanos: 2 }),
    ];
    const { rows, total } = await grouped(entries, { groupBy: 'served' });
    expect(rows.map(({ values, sums }) => [values, sums.requests, sums.billedAttempts, sums.copies, sums.costNanos])).toEqual([
      [['smart'], 1, 0, 0, 100n],
      [['fast'], 1, 1, 1, 8n],
    ]);
    expect(total).toMatchObject({ requests: 2, inputTokens: 37, reasoningTokens: 3, outputTokens: 20, costNanos: 108n, estimated: 1, unpriced: 1 });
  });

  test('tells apart by whom, what, label, experiment and time', async () => {
    const odd = entry({ labels: { team: 'ads' }, experiments: ['tone:warm', 'size:big'], step: 'use', route: 'night', user: 'ada' });
    expect(
      await valuesOf([odd], 'tenant,outermost,user,label:team,label.none,experiment:size,experiment,step,route'.split(',').slice(0, 8).join()),
    ).toEqual([['search', 'acme', 'ada', 'ads', '', 'big', 'tone:warm size:big', 'use']]);
    const late = entry({ startedAt: Date.UTC(2026, 10, 20, 23, 30) });
    const { rows } = await grouped([late, entry()], { bucket: 'day', timeZone: 'Europe/Berlin', from: '2026-11-01' });
    expect(rows.map(({ bucket, sums }) => [bucket, sums.requests])).toEqual([['2026-11-21', 2]]);
    const utc = await grouped([late, entry()], { bucket: 'day', from: '2026-11-01' });
    expect(utc.rows.map(({ bucket }) => bucket)).toEqual(['2026-11-20', '2026-11-21']);
  });

  test('values that only differ in where one ends are different groups', async () => {
    expect(await valuesOf([entry({ user: 'a', model: 'b"c' }), entry({ user: 'a"b', model: 'c' })], 'user,model')).toHaveLength(2);
  });

  test('is refused where it would have more groups than anybody reads', async () => {
    const many = Array.from({ length: maxGroups + 1 }, (_, index) => entry({ user: `u${index}` }));
    await expect(grouped(many, { groupBy: 'user' })).rejects.toThrow('That makes more than 10000 rows: ask for a shorter time');
  });

  test('the rows add up to the total, whatever they are told apart by', async () => {
    const some = fc.record({
      model: fc.constantFrom('a', 'b'),
      user: fc.constantFrom('', 'x', 'y'),
      costNanos: fc.nat(),
      startedAt: fc.integer({ min: now - 86_400_000 * 60, max: now }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(some),
        fc.constantFrom('', 'model', 'model,user'),
        fc.constantFrom('', 'hour', 'week'),
        async (fields, groupBy, bucket) => {
          const entries = fields.map(entry);
          const { rows, total } = await grouped(entries, { groupBy, bucket });
          expect(rows.reduce((sum, { sums }) => sum + sums.costNanos, 0n)).toBe(total.costNanos);
          expect(total.costNanos).toBe(entries.reduce((sum, { costNanos }) => sum + BigInt(costNanos), 0n));
        },
      ),
    );
  });
});

describe('a question', () => {
  test('is about the last 30 days where it says nothing', () => {
    expect(query()).toMatchObject({ from: now - 30 * 86_400_000, to: now + 1, filter: {}, groupBy: [], bucket: undefined, timeZone: 'UTC' });
  });

  test('goes to the store as far as that can look, and the rest is looked for here', () => {
    const { filter, matches } = query({ tenant: 'acme', user: 'ada', model: 'fast', 'label.team': 'ads' });
    expect(filter).toEqual({ tenant: 'acme', user: 'ada' });
    const meant = entry({ user: 'ada', labels: { team: 'ads' } });
    expect([meant, entry({ user: 'ada' }), { ...meant, model: 'x' }, { ...meant, tenants: ['other'] as [string] }].map(matches)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(query({ user: 'ada' }).filter).toEqual({}); // a user is one of a tenant
  });

  test('takes a tenant for all that is within it', () => {
    expect([
      query({ tenant: 'acme' }).matches(entry()),
      query({ tenant: 'search' }).matches(entry()),
      query({ outermost: 'search' }).matches(entry()),
    ]).toEqual([true, true, false]);
  });

  test.each([
    [{ from: 'yesterday' }, /"from" must be a day such as 2026-11-01/],
    [{ from: '2026-02-30' }, /"from" must be a day/],
    [{ from: '2026-11-02', to: '2026-11-01' }, /"from" must be before "to"/],
    [{ bucket: 'year' }, /"bucket" must be one of hour, day, week, month/],
    [{ timeZone: 'Mars' }, /"timeZone" must be the name of a time zone/],
    [{ groupBy: 'colour' }, /"groupBy" knows no such name. Usage is told apart by tenant, /],
    [{ groupBy: 'a,b,c,d,e,f,g,h,i' }, /8 names at most/],
    [{ colour: 'red' }, /"colour" is no parameter/],
  ])('%j is refused with a sentence', (parameters, message) => {
    expect(() => query(parameters)).toThrow(message);
  });

  test('days are those of the time zone', () => {
    expect(new Date(query({ from: '2026-11-01', timeZone: 'Europe/Berlin' }).from).toISOString()).toBe('2026-10-31T23:00:00.000Z');
    expect(momentOf('2026-11-01T00:00:00+01:00', { now, timeZone: 'UTC' })).toBe(Date.UTC(2026, 9, 31, 23));
    expect([
      momentOf('1h', { now, timeZone: 'UTC' }),
      durationMsOf('0s'),
      durationMsOf('2w'),
      durationMsOf('1.5h'),
      durationMsOf('999999999y'),
    ]).toEqual([now - 3_600_000, 0, 14 * 86_400_000, undefined, undefined]);
  });
});

describe('money', () => {
  test.each([
    [0n, '0.00'],
    [1n, '0.000000001'],
    [250_000_000_000n, '250.00'],
    [-500_000_000n, '-0.50'],
    [1_234_500_000n, '1.2345'],
  ])('%s nano-dollars are %s', (nanos, text) => {
    expect([dollarsOf(nanos), nanosOf(text)]).toEqual([text, nanos]);
  });

  test('is exact both ways', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (nanos) => {
        expect(nanosOf(dollarsOf(nanos))).toBe(nanos);
      }),
    );
  });

  test.each(['', '1e3', '$5', '1,000', '0.0000000001', '.5', ' 5', '--5'])('%j is no amount', (text) => {
    expect(nanosOf(text)).toBeUndefined();
  });
});

describe('a table', () => {
  test('has a column for each thing, in CSV and in JSON', async () => {
    const asked = query({ groupBy: 'tenant', bucket: 'month' });
    const report = await groupUsage(inPages([entry({ costNanos: 1_500_000_000 })]), asked);
    const lines = csvOf([columnsOf(asked), ...report.rows.map(cellsOf)]).split('\r\n');
    expect(lines[0]).toBe(
      'bucket,tenant,requests,billedAttempts,copies,inputTokens,cacheReadTokens,cacheWriteTokens,cacheWrite1hTokens,inputAudioTokens,outputTokens,reasoningTokens,outputAudioTokens,estimated,unpriced,costNanos,costDollars',
    );
    expect(lines[1]).toBe('2026-11,search,1,0,0,10,0,0,0,0,5,0,0,0,0,1500000000,1.50');
    const json = reportJson(report, asked, 0);
    expect(json).toMatchObject({ groupBy: ['tenant'], rows: [{ bucket: '2026-11', tenant: 'search', requests: 1, costDollars: '1.50' }] });
    expect(Object.values(json.rows[0] ?? {}).join()).toBe(lines[1]);
  });

  test('cells are quoted, and none is a formula', () => {
    expect(csvOf([['a,b', 'say "x"', 'two\nlines', '=1+1', '-2', '@x', '+3', 7]])).toBe(`"a,b","say ""x""","two\nlines",'=1+1,'-2,'@x,'+3,7\r\n`);
  });
});

describe('single exchanges', () => {
  const ledgerOf = (entries: readonly LedgerEntry[]) => ({
    entries: ({ from, to }: { from: number; to: number }) =>
      inPages(entries.filter(({ startedAt }) => startedAt >= from && startedAt < to).toSorted((a, b) => a.startedAt - b.startedAt)),
  });

  test('come newest first, and every one exactly once over all pages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), async (hours, limit) => {
        const all = hours.map((hour, index) => entry({ id: `e${index}`, startedAt: now - hour * hour * 1_800_000 }));
        const read: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await newestEntries(ledgerOf(all), query({ from: '60d' }), { limit, cursor });
          expect(page.entries.length).toBeLessThanOrEqual(limit);
          expect(read.length).toBeLessThan(all.length + 1); // else it would never end
          read.push(...page.entries.map(({ id }) => id));
          ({ cursor } = page);
        } while (cursor !== undefined);
        const expected = all.toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
        expect(read).toEqual(expected);
      }),
    );
  });

  test('a cursor that is none is refused', async () => {
    await expect(newestEntries(ledgerOf([]), query(), { limit: 1, cursor: 'x' })).rejects.toThrow('"cursor" must be what the page before gave.');
  });
});
