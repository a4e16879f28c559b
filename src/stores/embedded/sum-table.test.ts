import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LedgerEntry } from '../entry.ts';
import type { EntryFilter } from '../quota.ts';
import { entry, storeAt } from '../store.fixture.ts';
import { amountOf, isMeant } from './entry-filter.ts';
import { createEntryTable } from './entry-table.ts';
import { migrations } from './migrations.ts';
import { createSumTable, quarterMs } from './sum-table.ts';

const anyName = fc.constantFrom('a', 'b', 'ab', ',', '"', 'é\n');
const anyTime = fc.nat(8 * quarterMs).map((ms) => storeAt + ms);
const anyEdge = fc.oneof(
  fc.nat(8).map((quarters) => storeAt + quarters * quarterMs),
  anyTime,
);
const anyEntry: fc.Arbitrary<Partial<LedgerEntry>> = fc.record({
  tenants: fc.uniqueArray(anyName, { minLength: 1, maxLength: 3 }).map(([first = 'a', ...rest]): readonly [string, ...string[]] => [first, ...rest]),
  key: anyName,
  user: fc.constantFrom('', 'a', 'b'),
  served: anyName,
  provider: anyName,
  costNanos: fc.nat(1000),
  startedAt: anyTime,
});
const anyFilter: fc.Arbitrary<EntryFilter> = fc.record(
  { tenant: anyName, key: anyName, user: fc.constantFrom('', 'a', 'b'), served: anyName, provider: anyName },
  { requiredKeys: [] },
);

test('the total of a period is what its entries add up to, whatever is counted', () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 40 }),
      anyFilter,
      fc.constantFrom('nanos', 'tokens'),
      fc.tuple(anyEdge, anyEdge),
      (fields, counts, unit, [from, to]) => {
        const database = new DatabaseSync(':memory:');
        for (const sql of migrations) database.exec(sql);
        const sums = createSumTable(database);
        const table = createEntryTable(database);
        const entries = fields.map((one) => entry(one));
        for (const half of [entries.slice(0, entries.length / 2), entries.slice(entries.length / 2)]) sums.add(table.append(half));
        const meant = entries.filter((one) => one.startedAt >= from && one.startedAt < to && isMeant(one, counts));
        expect(sums.total({ counts, unit, from, to })).toBe(BigInt(meant.reduce((sum, one) => sum + amountOf(one, unit), 0)));
        database.close();
      },
    ),
  );
});
