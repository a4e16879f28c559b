import { describe, expect, test } from 'vitest';
import type { Budget, Limit, Terms } from '../policies/terms.ts';
import { budgetQuota, quotasOf, rateQuota, slotsQuota } from './quotas-of.ts';

const november = Date.UTC(2026, 10, 21);

const monthly: Budget = {
  amount: 5_000_000_000_000n,
  unit: 'nanos',
  per: 'month',
  timeZone: 'Europe/Berlin',
  model: undefined,
  provider: undefined,
  grace: 0,
  ladder: [],
};
const perMinute: Limit = { of: 'requests', amount: 60, per: 'minute', model: undefined, provider: undefined };
const atOnce: Limit = { of: 'concurrent', amount: 4, per: undefined, model: 'fast', provider: undefined };

test('a budget is a quota of its owner, unit, period and filter', () => {
  expect(budgetQuota('tenant:marketing', { ...monthly, model: 'fast', provider: 'openai' }, november)).toEqual({
    kind: 'budget',
    id: 'budget|tenant:marketing|usd|month|2026-11|Europe/Berlin|model=fast|provider=openai',
    limit: 5_000_000_000_000n,
    unit: 'nanos',
    counts: { tenant: 'marketing', served: 'fast', provider: 'openai' },
    from: Date.UTC(2026, 9, 31, 23),
    to: Date.UTC(2026, 10, 30, 23),
  });
});

test('its id is the same whatever may be spent, and another in another period', () => {
  const { id } = budgetQuota('tenant:marketing', monthly, november);
  expect(budgetQuota('tenant:marketing', { ...monthly, amount: 1n, grace: 0.1 }, november).id).toBe(id);
  expect(budgetQuota('tenant:marketing', monthly, Date.UTC(2026, 11, 1)).id).not.toBe(id);
  expect(budgetQuota('tenant:marketing', { ...monthly, unit: 'tokens' }, november).id).not.toBe(id);
});

test('total budgets have one period', () => {
  expect(budgetQuota('key:key_1', { ...monthly, per: 'total' }, november)).toMatchObject({
    id: 'budget|key:key_1|usd|total',
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
  });
});

test.for<[grace: number, limit: bigint]>([
  [0, 1001n],
  [0.05, 1051n],
  [0.1, 1101n],
  [1, 2002n],
])('a grace of %d is added, rounded down', ([grace, limit]) => {
  expect(budgetQuota('tenant:a', { ...monthly, amount: 1001n, grace }, november).limit).toBe(limit);
});

test.for([
  ['tenant:acme', { tenant: 'acme' }],
  ['key:key_4f', { key: 'key_4f' }],
  ['user:acme/ann/b:c', { tenant: 'acme', user: 'ann/b:c' }],
  ['model:fast', { served: 'fast' }],
  ['provider:openai', { provider: 'openai' }],
] as const)('counts the entries of its owner: %s', ([owner, counts]) => {
  expect(budgetQuota(owner, monthly, november).counts).toEqual(counts);
});

test('rates and places are quotas of their owner', () => {
  expect(rateQuota('key:key_1', perMinute)).toEqual({ kind: 'rate', id: 'rate|key:key_1|requests|minute', limit: 60n, refillMs: 60_000 });
  expect(rateQuota('key:key_1', { ...perMinute, of: 'tokens', per: 'day', provider: 'openai' })).toMatchObject({
    id: 'rate|key:key_1|tokens|day|provider=openai',
    refillMs: 86_400_000,
  });
  expect(slotsQuota('key:key_1', atOnce)).toEqual({ kind: 'slots', id: 'slots|key:key_1|model=fast', limit: 4n });
});

describe('ids of different owners differ', () => {
  test('whatever characters their names have', () => {
    const named = (owner: string, model?: string) => rateQuota(owner, { ...perMinute, model }).id;
    expect(named('user:a/b|model=c')).not.toBe(named('user:a/b', 'c'));
    expect(named('user:a/b%7Cc')).not.toBe(named('user:a/b|c'));
  });

  test('however long they are, and the ids stay short', () => {
    const [one, other] = [rateQuota(`user:a/${'x'.repeat(10_000)}y`, perMinute).id, rateQuota(`user:a/${'x'.repeat(10_000)}z`, perMinute).id];
    expect(one).not.toBe(other);
    expect(one.length).toBeLessThan(300);
  });
});

describe('the quotas of terms', () => {
  const terms: Terms = { owner: 'tenant:a', limits: [perMinute, atOnce], budgets: [monthly, { ...monthly, per: 'day' }] };

  test('are those of its limits and budgets, in their order', () => {
    expect(quotasOf(terms).limits).toEqual([rateQuota('tenant:a', perMinute), slotsQuota('tenant:a', atOnce)]);
    expect(quotasOf(terms).budgets(november)).toEqual(terms.budgets.map((budget) => budgetQuota('tenant:a', budget, november)));
  });

  test('are the same objects until a period ends, also when the clock was set back', () => {
    expect(quotasOf(terms)).toBe(quotasOf(terms));
    const first = quotasOf(terms).budgets(november);
    expect(quotasOf(terms).budgets(november + 3_600_000)).toBe(first);
    const next = quotasOf(terms).budgets(november + 86_400_000);
    expect([next[0]?.id === first[0]?.id, next[1]?.id === first[1]?.id]).toEqual([true, false]);
    expect(quotasOf(terms).budgets(november)).toEqual(first);
  });
});
