import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { ConfiguredPrice, DatedPrice } from '../routing/deployment.ts';
import { discountSchema, priceSchema, pricesSchema, serviceTiersSchema } from './schema-price.ts';

/** What is wrong with a value: the first message of each issue, those of a union's likeliest form. */
function wrong(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).flatMap(messages);
}

function messages(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'invalid_union') return [`${issue.path.join('.')}: ${issue.message}`];
  const meant = issue.errors.find((errors) => errors.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')) ?? [];
  return meant.flatMap((inner) => messages({ ...inner, path: [...issue.path, ...inner.path] }));
}

const isRefused = (value: unknown): boolean => !priceSchema.safeParse(value).success;

describe('a price', () => {
  test('is one for each kind of token, with tiers where they are stepped', () => {
    const price: ConfiguredPrice = {
      input: 3,
      output: 15,
      cacheRead: 0.3,
      cacheWrite: 3.75,
      cacheWrite1h: 6,
      inputAudio: 40,
      reasoning: 15,
      outputAudio: 80,
      perRequest: 0.001,
      tiers: [
        { above: 200_000, input: 6, output: 22.5, cacheRead: 0.6 },
        { above: 1_000_000, input: 9 },
      ],
    };
    expect(priceSchema.parse(price)).toEqual(price);
  });

  test('may be nothing, and may not be less', () => {
    expect(isRefused({ input: 0, output: 0 })).toBe(false);
    expect(isRefused({ input: -1, output: 0 })).toBe(true);
    expect(isRefused({ input: 1, output: 0, tiers: [{ above: 1, input: -1 }] })).toBe(true);
  });

  test('has both input and output, and no field that is not known', () => {
    expect([{ input: 1 }, { output: 1 }, { input: 1, output: 1, batch: 0.5 }, [], 'free', 0].map(isRefused)).toEqual(Array(6).fill(true));
  });

  test('has its tiers in ascending order', () => {
    const tiers = [
      { above: 200_000, input: 2 },
      { above: 200_000, input: 3 },
    ];
    expect(wrong(priceSchema, { input: 1, output: 1, tiers })).toEqual([
      'tiers.1.above: must be above the tier before it: tiers stand in ascending order',
    ]);
  });
});

describe('versions of a price', () => {
  const since = (from: string, input = 1) => ({ from, input, output: 1 });

  test('begin at midnight of their day, in UTC', () => {
    const versions: DatedPrice[] = [
      { from: Date.UTC(2026, 0, 1), input: 1, output: 1 },
      { from: Date.UTC(2026, 11, 1), input: 2, output: 1 },
    ];
    expect(priceSchema.parse([since('2026-01-01'), since('2026-12-01', 2)])).toEqual(versions);
  });

  test('stand in ascending order', () => {
    const message = '1.from: must be after the version before it: versions stand in ascending order';
    expect(wrong(priceSchema, [since('2026-12-01'), since('2026-01-01')])).toEqual([message]);
    expect(wrong(priceSchema, [since('2026-12-01'), since('2026-12-01')])).toEqual([message]);
  });

  test.each(['2026-02-30', '2026-13-01', '2026-1-1', '2026-12-01T00:00:00Z', 'tomorrow', ''])('do not begin on %j', (day) => {
    expect(wrong(priceSchema, [since(day)])).toEqual(['0.from: must be a day, such as 2026-12-01']);
  });
});

test('a discount is a share with its sign', () => {
  expect(discountSchema.parse('12.5%')).toBe(0.125);
  expect([0.12, '12', '120%', '-5%'].map((value) => discountSchema.safeParse(value).success)).toEqual([false, false, false, false]);
});

describe('a tier of service', () => {
  test('has a factor or a price', () => {
    const tiers = { flex: { factor: 0.5 }, priority: { input: 5, output: 30, cacheRead: 0.5 }, 'on-sale': { factor: 0 } };
    expect(serviceTiersSchema.parse(tiers)).toEqual(tiers);
    expect(
      [{ factor: -1 }, { factor: 0.5, input: 1 }, {}, { input: 1 }, 0.5].map((tier) => serviceTiersSchema.safeParse({ flex: tier }).success),
    ).toEqual(Array(5).fill(false));
  });

  test.each(['default', 'standard', 'auto'])('is none where answers say %j: that is the price itself', (name) => {
    expect(wrong(serviceTiersSchema, { [name]: { factor: 2 } })).not.toEqual([]);
  });

  test.each(['Flex', 'ON_DEMAND_FLEX', 'on_demand_flex', 'a b', ''])('is not named %j', (name) => {
    expect(serviceTiersSchema.safeParse({ [name]: { factor: 2 } }).success).toBe(false);
  });
});

describe('prices in one place', () => {
  test('are told by provider and model', () => {
    const prices = {
      'openai/gpt-5-mini': { price: { input: 0.2, output: 1.6 } },
      'openai/*': { discount: '10%' },
      'vllm/org/model:latest': { price: { input: 0, output: 0 }, discount: '0%' },
    };
    expect(pricesSchema.parse(prices)).toMatchObject({ 'openai/gpt-5-mini': prices['openai/gpt-5-mini'], 'openai/*': { discount: 0.1 } });
  });

  test.each(['openai', 'openai/', '/gpt', 'Open AI/gpt', '*'])('are not told by %j', (name) => {
    expect(pricesSchema.safeParse({ [name]: { discount: '10%' } }).success).toBe(false);
  });
});
