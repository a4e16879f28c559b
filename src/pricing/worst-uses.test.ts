import { describe, expect, test } from 'vitest';
import { parseJson } from '../framing/json.ts';
import { quoteOf, type Quote, type Rates, type TierPrice } from './quote.ts';
import { rateOf } from './rate.ts';
import { noRates } from './rates.fixture.ts';
import { askedTier, dearestTier, worstUses } from './worst-uses.ts';

const asks = (body: string): string => askedTier({ body: parseJson(Buffer.from(body)) });

describe('a request asks for a tier of service', () => {
  test.each([
    ['{"service_tier":"priority"}', 'priority'],
    ['{"service_tier":"auto"}', 'auto'],
    ['{"serviceTier":"flex"}', 'flex'],
    ['{"serviceTier":{"type":"flex"}}', 'flex'],
    ['{"service_tier":"auto","speed":"fast"}', 'auto'],
    ['{"service_tier":"standard_only","speed":"fast"}', 'fast'],
    ['{"service_tier":"\\u0070riority"}', 'priority'],
  ])('%s', (body, tier) => expect(asks(body)).toBe(tier));

  test('or for the usual one, or for none', () => {
    const bodies = ['{}', '{"service_tier":"default"}', '{"service_tier":"standard_only"}', '{"service_tier":null}', '{"service_tier":7}', '[]'];
    expect(bodies.map(asks)).toEqual(bodies.map(() => ''));
    expect(asks('{"messages":[{"service_tier":"priority"}]}')).toBe('');
  });

  test('or for any, where it names two', () => {
    expect(asks('{"service_tier":"default","service_tier":"priority"}')).toBe('auto');
  });
});

const usual: Rates = { ...noRates, input: rateOf(1), cacheRead: rateOf(0.1), cacheWrite: rateOf(1.25), cacheWrite1h: rateOf(2), output: rateOf(4) };

const dearest = (of: Quote, asked: string, inputTokens = 1000): string => dearestTier(of, { inputTokens, outputTokens: 10, askedTier: asked });

const quote = (factors: Record<string, number>, rates = usual, more: Iterable<[string, TierPrice]> = []): Quote => {
  const byFactor = Object.entries(factors).map(([name, factor]): [string, TierPrice] => [
    name,
    { rates, requestFemtos: 0n, factorMillionths: factor * 1e6 },
  ]);
  const serviceTiers = new Map([...byFactor, ...more]);
  const made = quoteOf({ rates, requestFemtos: 0n, paidMillionths: 1_000_000, version: 'config', serviceTiers });
  if (made === undefined) throw new Error('has no price');
  return made;
};

describe('of the tiers that a request may be served at', () => {
  test('the dearest that has a price is reserved for, whichever was asked for', () => {
    const tiers = quote({ flex: 0.5, priority: 2, fast: 1.5 });
    expect(['priority', 'auto', 'flex'].map((asked) => dearest(tiers, asked))).toEqual(['priority', 'priority', 'priority']);
    expect(dearest(quote({ flex: 0.5 }), 'flex')).toBe('');
    expect(dearest(quote({}), 'priority')).toBe('');
  });

  test('it is the usual one where none was asked for', () => {
    expect(dearest(quote({ priority: 2 }), '')).toBe('');
  });

  test('it is the dearest for so many tokens: a price of its own may be above the usual one of short inputs, and below that of long ones', () => {
    const rates = { ...noRates, input: rateOf({ base: 3, tiers: [{ start: 200_000, price: 9 }] }), output: rateOf(4) };
    const own = { rates: { ...noRates, input: rateOf(5), output: rateOf(4) }, requestFemtos: 0n, factorMillionths: 1e6 };
    const tiers = quote({}, rates, new Map([['priority', own]]));
    expect([1000, 300_000].map((inputTokens) => dearest(tiers, 'auto', inputTokens))).toEqual(['priority', '']);
    const worst = { outputTokens: 0, mayWriteCache: false, mayWriteCacheFor1h: false, askedTier: 'auto' };
    const most = (inputTokens: number): number =>
      Math.max(...worstUses(tiers, { ...worst, inputTokens }).map((usage) => tiers.costNanos(usage) ?? 0));
    expect([1000, 300_000].map(most)).toEqual([5_000_000, 2_700_000_000]);
  });
});

describe('of the uses of so many tokens one is the dearest', () => {
  const most = (fields: Partial<Parameters<typeof worstUses>[1]>): number => {
    const tiers = quote({ priority: 2 });
    const worst = { inputTokens: 1000, outputTokens: 10, mayWriteCache: false, mayWriteCacheFor1h: false, askedTier: '', ...fields };
    return Math.max(...worstUses(tiers, worst).map((usage) => tiers.costNanos(usage) ?? Number.NaN));
  };

  test('with what is written to the cache, for an hour where the request may ask for that', () => {
    expect(most({})).toBe(1_040_000);
    expect(most({ mayWriteCache: true })).toBe(1_290_000);
    expect(most({ mayWriteCache: true, mayWriteCacheFor1h: true })).toBe(2_040_000);
  });

  test('at the dearest tier', () => {
    expect(most({ askedTier: 'priority' })).toBe(2_080_000);
    expect(most({ askedTier: 'auto', mayWriteCache: true, mayWriteCacheFor1h: true })).toBe(4_080_000);
  });
});
