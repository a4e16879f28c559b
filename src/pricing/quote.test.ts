import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noUsage, type Usage } from '../llm/usage.ts';
import { quoteOf, tokenKinds, type Price, type Quote, type Rates, type TokenKind } from './quote.ts';
import { rateFor, rateOf, toFemtos, type DollarsPerMillion, type Rate } from './rate.ts';
import { noRates } from './rates.fixture.ts';

const dollars = fc.oneof(
  fc.nat(2000).map((cents) => cents / 100),
  fc.nat(1_000_000_000).map((billionths) => Number(`${billionths}e-9`)),
  fc.nat(1_000_000_000),
);
const start = fc.oneof(fc.constantFrom(0, 1, 1000, 128_000, 200_000), fc.nat(300_000));
const tokenPrice: fc.Arbitrary<DollarsPerMillion> = fc.oneof(
  dollars,
  fc.record({ base: dollars, tiers: fc.array(fc.record({ start, price: dollars }), { minLength: 1, maxLength: 3 }) }),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const count = fc.oneof(fc.nat(10), fc.nat(300_000), fc.constantFrom(0, 999, 1001, 200_000, 200_001, 2 ** 40, Number.MAX_SAFE_INTEGER));

const anyRates: fc.Arbitrary<Rates> = fc
  .tuple(...tokenKinds.map(() => maybe(tokenPrice)))
  .map((prices) => Object.fromEntries(tokenKinds.map((kind, index) => [kind, rateOf(prices[index])])) as Record<TokenKind, Rate | undefined>);

const anyPrice: fc.Arbitrary<Price> = fc.record({
  rates: anyRates,
  requestFemtos: fc.oneof(fc.constant(0n), dollars.map(toFemtos)),
  paidMillionths: fc.oneof(fc.constant(1_000_000), fc.integer({ min: 0, max: 1_000_000 })),
  version: fc.constant('config'),
  serviceTiers: fc
    .tuple(anyRates, fc.integer({ min: 0, max: 100_000_000 }))
    .map(([rates, factorMillionths]) => new Map([['flex', { rates, requestFemtos: 1n, factorMillionths }]])),
});

const anyUsage: fc.Arbitrary<Usage> = fc.record({
  inputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  cacheWrite1hTokens: count,
  inputAudioTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  outputAudioTokens: count,
  serviceTier: fc.constantFrom('', 'flex', 'unpriced'),
});

/** The sum as it is meant: in integers of any size, rounded up once. */
function meant(price: Price, usage: Usage): number | undefined {
  if (price.rates.input === undefined && price.rates.output === undefined) return undefined;
  const usual = { rates: price.rates, requestFemtos: price.requestFemtos, factorMillionths: 1_000_000 };
  const { rates, requestFemtos, factorMillionths } = price.serviceTiers.get(usage.serviceTier) ?? usual;
  const kinds: [number, Rate | undefined][] = [
    [usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens - usage.inputAudioTokens, rates.input],
    [usage.cacheReadTokens, rates.cacheRead ?? rates.input],
    [usage.cacheWriteTokens - usage.cacheWrite1hTokens, rates.cacheWrite ?? rates.input],
    [usage.cacheWrite1hTokens, rates.cacheWrite1h ?? rates.cacheWrite ?? rates.input],
    [usage.inputAudioTokens, rates.inputAudio ?? rates.input],
    [usage.outputTokens - usage.reasoningTokens - usage.outputAudioTokens, rates.output],
    [usage.reasoningTokens, rates.reasoning ?? rates.output],
    [usage.outputAudioTokens, rates.outputAudio ?? rates.output],
  ];
  const used = kinds.filter(([tokens]) => tokens > 0);
  if (used.some(([, rate]) => rate === undefined)) return undefined;
  const fee = usage.inputTokens > 0 || usage.outputTokens > 0 ? requestFemtos : 0n;
  const femtos = used.reduce((sum, [tokens, rate]) => sum + BigInt(tokens) * (rate === undefined ? 0n : rateFor(rate, usage.inputTokens)), 0n);
  const unit = 1_000_000_000_000_000_000n;
  const parts = (femtos * BigInt(factorMillionths) + fee * 1_000_000n) * BigInt(price.paidMillionths);
  const nanos = (parts + unit - 1n) / unit;
  return nanos > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nanos);
}

function quote(prices: Partial<Record<TokenKind, DollarsPerMillion>>, fields: Partial<Price> = {}): Quote {
  const rates = Object.fromEntries(tokenKinds.map((kind) => [kind, rateOf(prices[kind])])) as Record<TokenKind, Rate | undefined>;
  const made = quoteOf({ rates, requestFemtos: 0n, paidMillionths: 1_000_000, version: 'config', serviceTiers: new Map(), ...fields });
  if (made === undefined) throw new Error('has no price');
  return made;
}

const tokens = (usage: Partial<Usage>): Usage => ({ ...noUsage, ...usage });

test('costs what the sum in integers of any size does, whatever price and usage', () => {
  fc.assert(
    fc.property(anyPrice, anyUsage, (price, usage) => {
      expect(quoteOf(price)?.costNanos(usage)).toBe(meant(price, usage));
    }),
    { numRuns: 5000 },
  );
});

test('is exact where a float holds the sum and only just', () => {
  // A price of 1e-9 dollars per million tokens is a femto-dollar per token: 1e6 of them are a nano-dollar.
  const near = fc
    .integer({ min: 1, max: 50 })
    .chain((millionths) => fc.tuple(fc.constant(millionths), fc.integer({ min: 2 ** 53 - 2_000_000, max: 2 ** 53 - 1 })));
  fc.assert(
    fc.property(near, ([billionths, inputTokens]) => {
      const price: Price = {
        rates: { ...noRates, input: rateOf(Number(`${billionths}e-9`)) },
        requestFemtos: 0n,
        paidMillionths: 1_000_000,
        version: '',
        serviceTiers: new Map(),
      };
      expect(quoteOf(price)?.costNanos(tokens({ inputTokens }))).toBe(meant(price, tokens({ inputTokens })));
    }),
  );
});

test('there is no quote without a price of input or output', () => {
  const price = { requestFemtos: 1n, paidMillionths: 1_000_000, version: '', serviceTiers: new Map() };
  expect(quoteOf({ ...price, rates: noRates })).toBeUndefined();
  expect(quoteOf({ ...price, rates: { ...noRates, reasoning: rateOf(1) } })).toBeUndefined();
});

describe('a quote tells which kinds of tokens it has a price for', () => {
  test('a kind is priced as what it is part of', () => {
    const input = quote({ input: 1, cacheRead: 0.1 });
    expect(tokenKinds.filter((kind) => input.hasRate(kind))).toEqual(['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'inputAudio']);
    const output = quote({ output: 1 });
    expect(tokenKinds.filter((kind) => output.hasRate(kind))).toEqual(['output', 'reasoning', 'outputAudio']);
  });

  test('a price of nothing is a price', () => {
    expect(quote({ input: 0, output: 0 }).hasRate('reasoning')).toBe(true);
  });
});

test('a fee per request is charged once for each that used tokens', () => {
  const fee = quote({ input: 1, output: 2 }, { requestFemtos: toFemtos(0.002) });
  expect([noUsage, tokens({ inputTokens: 10 }), tokens({ outputTokens: 1 })].map(fee.costNanos)).toEqual([0, 2_000_000 + 10_000, 2_000_000 + 2000]);
});

test('what is taken off is taken off the sum, which is rounded up once', () => {
  const cheap = quote({ input: 0.001, output: 0.001 }, { paidMillionths: 880_000 });
  // 0.88 nano-dollars per token
  expect([1, 2, 25].map((inputTokens) => cheap.costNanos(tokens({ inputTokens })))).toEqual([1, 2, 22]);
  expect(cheap.costNanos(tokens({ inputTokens: 5, outputTokens: 5 }))).toBe(9);
  expect(quote({ input: 3, output: 15 }, { paidMillionths: 0 }).costNanos(tokens({ inputTokens: 1_000_000 }))).toBe(0);
});

test('each kind of token has its own tiers, and the input decides for all', () => {
  const tiered = quote({ input: { base: 1, tiers: [{ start: 100, price: 2 }] }, output: { base: 10, tiers: [{ start: 200, price: 20 }] } });
  const cost = (inputTokens: number) => tiered.costNanos(tokens({ inputTokens, outputTokens: 1 }));
  expect([100, 101, 200, 201].map(cost)).toEqual([110_000, 212_000, 410_000, 422_000]);
});

test('what is written to the cache for an hour has its own price, else that of what is written for less', () => {
  const usage = tokens({ inputTokens: 100, cacheWriteTokens: 60, cacheWrite1hTokens: 20 });
  const cost = (prices: Partial<Record<TokenKind, DollarsPerMillion>>) => quote({ input: 1, output: 1, ...prices }).costNanos(usage);
  expect(cost({ cacheWrite: 1.25, cacheWrite1h: 2 })).toBe(40 * 1000 + 40 * 1250 + 20 * 2000);
  expect(cost({ cacheWrite: 1.25 })).toBe(40 * 1000 + 60 * 1250);
  expect(cost({})).toBe(100_000);
});

describe('a tier of service', () => {
  const rates = (price: number) => ({ ...noRates, input: rateOf(price), output: rateOf(price) });
  const tiered = quote(
    { input: 1, output: 2, cacheRead: 0.1 },
    {
      requestFemtos: toFemtos(0.001),
      paidMillionths: 900_000,
      serviceTiers: new Map([
        ['flex', { rates: rates(1), requestFemtos: 0n, factorMillionths: 500_000 }],
        ['scale', { rates: rates(7), requestFemtos: toFemtos(0.002), factorMillionths: 1_000_000 }],
      ]),
    },
  );
  const cost = (serviceTier: string) => tiered.costNanos(tokens({ inputTokens: 1000, outputTokens: 1000, serviceTier }));

  test('has its own price, from which the discount is taken as well', () => {
    expect(cost('flex')).toBe(900_000);
    expect(cost('scale')).toBe((2000 * 7000 + 2_000_000) * 0.9);
  });

  test('without a price is charged as the usual one, and the version says so', () => {
    expect([cost('priority'), cost('constructor')]).toEqual([cost(''), cost('')]);
    expect(['', 'flex', 'priority'].map((tier) => tiered.versionFor(tier))).toEqual(['config', 'config flex', 'config (usual price for priority)']);
  });
});
