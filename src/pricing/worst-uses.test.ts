import { describe, expect, test } from 'vitest';
import { parseJson } from '../framing/json.ts';
import { quoteOf, type Quote } from './quote.ts';
import { rateOf } from './rate.ts';
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

const quote = (factors: Record<string, number>): Quote => {
  const rates = {
    input: rateOf(1),
    cacheRead: rateOf(0.1),
    cacheWrite: rateOf(1.25),
    cacheWrite1h: rateOf(2),
    inputAudio: undefined,
    output: rateOf(4),
    reasoning: undefined,
    outputAudio: undefined,
  };
  const serviceTiers = new Map(Object.entries(factors).map(([name, factor]) => [name, { rates, requestFemtos: 0n, factorMillionths: factor * 1e6 }]));
  const made = quoteOf({ rates, requestFemtos: 0n, paidMillionths: 1_000_000, version: 'config', serviceTiers });
  if (made === undefined) throw new Error('has no price');
  return made;
};

describe('of the tiers that a request may be served at', () => {
  test('the dearest that has a price is reserved for, whichever was asked for', () => {
    const tiers = quote({ flex: 0.5, priority: 2, fast: 1.5 });
    expect(['priority', 'auto', 'flex'].map((asked) => dearestTier(tiers, asked))).toEqual(['priority', 'priority', 'priority']);
    expect(dearestTier(quote({ flex: 0.5 }), 'flex')).toBe('');
    expect(dearestTier(quote({}), 'priority')).toBe('');
  });

  test('it is the usual one where none was asked for', () => {
    expect(dearestTier(quote({ priority: 2 }), '')).toBe('');
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
