import { describe, expect, test } from 'vitest';
import { priceTerms, type PriceSources } from './compile-price.ts';

const one = { input: 1, output: 1 };
const two = { input: 2, output: 2 };
const three = { input: 3, output: 3 };

const sources: PriceSources = {
  prices: {
    'openai/gpt-5-mini': { price: two },
    'openai/gpt-5': { discount: 0.3, serviceTiers: { flex: { factor: 0.2 } } },
    'openai/*': { price: three, discount: 0.2, serviceTiers: { flex: { factor: 0.1 }, priority: { factor: 2 } } },
  },
  providers: { openai: { discount: 0.1 }, anthropic: { discount: 0.05 }, vllm: {} },
};

describe('of several prices the most particular one holds', () => {
  test("the target's own, then the model's, then that of all models of the provider", () => {
    expect(priceTerms('openai', 'gpt-5-mini', sources, { price: one }).price).toBe(one);
    expect(priceTerms('openai', 'gpt-5-mini', sources).price).toBe(two);
    expect(priceTerms('openai', 'gpt-5', sources).price).toBe(three);
    expect(priceTerms('vllm', 'llama', sources).price).toBeUndefined();
  });

  test('and so of tiers of service, each by itself', () => {
    const own = { scale: one, flex: { factor: 0.3 } };
    expect(priceTerms('openai', 'gpt-5', sources).serviceTiers).toEqual({ flex: { factor: 0.2 }, priority: { factor: 2 } });
    expect(priceTerms('openai', 'gpt-5', sources, { serviceTiers: own }).serviceTiers).toEqual({ ...own, priority: { factor: 2 } });
    expect(priceTerms('anthropic', 'claude-haiku-4-5', sources).serviceTiers).toEqual({});
  });

  test('and so of discounts, with the provider last', () => {
    expect(priceTerms('openai', 'gpt-5', sources, { discount: 0 }).discount).toBe(0);
    expect(priceTerms('openai', 'gpt-5', sources).discount).toBe(0.3);
    expect(priceTerms('openai', 'gpt-5-mini', sources).discount).toBe(0.2);
    expect(priceTerms('anthropic', 'claude-haiku-4-5', sources).discount).toBe(0.05);
    expect(priceTerms('vllm', 'llama', sources).discount).toBeUndefined();
  });
});

test('a model named as something that every object has finds no price', () => {
  expect(priceTerms('constructor', 'x', { prices: {}, providers: {} })).toEqual({ price: undefined, discount: undefined, serviceTiers: {} });
});
