import { calcPrice, waitForUpdate } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noUsage, type Usage } from '../llm/usage.ts';
import { openai } from '../providers/openai.ts';
import type { ConfiguredPrice, Deployment } from '../routing/deployment.ts';
import { createPrices } from './prices.ts';
import { deployment as deploymentAt, endpoint } from '../routing/deployment.fixture.ts';

const november = Date.UTC(2026, 10, 21, 12);
const prices = createPrices({ now: () => november });

function deployment(pricedAs: string | undefined, model: string, price?: ConfiguredPrice): Deployment {
  return deploymentAt(endpoint('here', { provider: { ...openai, pricedAs } }), model, { price });
}

const tokens = (usage: Partial<Usage>): Usage => ({ ...noUsage, ...usage });

/** Usage whose cache and reasoning counts are parts of their totals. */
const anyUsage = fc
  .record({ fresh: fc.nat(300_000), cacheRead: fc.nat(300_000), cacheWrite: fc.nat(300_000), visible: fc.nat(100_000), reasoning: fc.nat(100_000) })
  .map(({ fresh, cacheRead, cacheWrite, visible, reasoning }) => ({
    inputTokens: fresh + cacheRead + cacheWrite,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    outputTokens: visible + reasoning,
    reasoningTokens: reasoning,
    inputAudioTokens: 0,
    outputAudioTokens: 0,
  }));

describe('the catalogue', () => {
  test('prices a known model to the nano-dollar', () => {
    const usage = tokens({ inputTokens: 1000, cacheReadTokens: 400, outputTokens: 100 });
    // 600 x $0.25 + 400 x $0.025 + 100 x $2 per million
    expect(prices.costNanos(deployment('openai', 'gpt-5-mini'), usage)).toBe(600 * 250 + 400 * 25 + 100 * 2000);
  });

  test.each([
    ['openai', 'gpt-4o-2024-08-06', 'gpt-4o'],
    ['anthropic', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
  ])('knows the dated id %s/%s', (provider, dated, plain) => {
    const usage = tokens({ inputTokens: 1000, outputTokens: 10 });
    const cost = prices.costNanos(deployment(provider, plain), usage);
    expect(cost).toBeGreaterThan(0);
    expect(prices.costNanos(deployment(provider, dated), usage)).toBe(cost);
  });

  test('charges cache writes dearer than fresh input, and cache reads cheaper', () => {
    const claude = deployment('anthropic', 'claude-haiku-4-5');
    const cost = (usage: Partial<Usage>) => prices.costNanos(claude, tokens({ inputTokens: 1000, ...usage }));
    expect([cost({ cacheReadTokens: 1000 }), cost({}), cost({ cacheWriteTokens: 1000 })]).toEqual([100_000, 1_000_000, 1_250_000]);
  });

  test('charges a whole request at the price of its step once the input is longer than the step', () => {
    const claude = deployment('anthropic', 'claude-sonnet-4-5');
    expect(prices.costNanos(claude, tokens({ inputTokens: 200_000, outputTokens: 10 }))).toBe(200_000 * 3000 + 10 * 15_000);
    expect(prices.costNanos(claude, tokens({ inputTokens: 200_001, outputTokens: 10 }))).toBe(200_001 * 6000 + 10 * 22_500);
  });

  test('gives the price of the day, also to a deployment it has priced before', () => {
    let now = Date.parse('2025-06-09T23:59:59.999Z');
    const o3 = deployment('openai', 'o3');
    const dated = createPrices({ now: () => now });
    expect(dated.costNanos(o3, tokens({ inputTokens: 1 }))).toBe(10_000);
    now += 1;
    expect(dated.costNanos(o3, tokens({ inputTokens: 1 }))).toBe(2000);
  });

  test.each([[deployment('openai', 'no-such-model')], [deployment('no-such-provider', 'gpt-5-mini')], [deployment(undefined, 'gpt-5-mini')]])(
    'has no price for a model it does not know, not even for no tokens',
    (unknown) => {
      expect(prices.costNanos(unknown, tokens({ inputTokens: 10 }))).toBeUndefined();
      expect(prices.costNanos(unknown, noUsage)).toBeUndefined();
    },
  );

  test('has no price for a kind of token that the model has no rate for', () => {
    const embedding = deployment('openai', 'text-embedding-3-small');
    expect(prices.costNanos(embedding, tokens({ inputTokens: 1000 }))).toBe(20_000);
    expect(prices.costNanos(embedding, tokens({ inputTokens: 1000, outputTokens: 1 }))).toBeUndefined();
  });

  test('agrees with the sums of the catalogue itself on every chat model of OpenAI, Anthropic and Google', async () => {
    const chatModels = ((await waitForUpdate()) ?? [])
      .filter(({ id }) => ['openai', 'anthropic', 'google'].includes(id))
      .flatMap((provider) => provider.models.map(({ id }) => deployment(provider.id, id)))
      .filter((candidate) => prices.costNanos(candidate, tokens({ outputTokens: 1 })) !== undefined);
    expect(chatModels.length).toBeGreaterThan(100);
    fc.assert(
      fc.property(fc.constantFrom(...chatModels), anyUsage, (model, usage) => {
        const theirs = calcPrice(
          {
            input_tokens: usage.inputTokens,
            cache_read_tokens: usage.cacheReadTokens,
            cache_write_tokens: usage.cacheWriteTokens,
            output_tokens: usage.outputTokens,
          },
          model.model,
          { providerId: String(model.endpoint.provider.pricedAs), timestamp: new Date(november) },
        );
        const theirNanos = (theirs?.total_price ?? Number.NaN) * 1e9;
        const ours = prices.costNanos(model, usage) ?? Number.NaN;
        const floatError = theirNanos * 1e-12 + 1e-6;
        expect(ours).toBeGreaterThanOrEqual(theirNanos - floatError);
        expect(ours).toBeLessThan(theirNanos + 1 + floatError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a price in the config', () => {
  test('wins over the catalogue', () => {
    expect(prices.costNanos(deployment('openai', 'gpt-5-mini', { input: 1, output: 2 }), tokens({ inputTokens: 10, outputTokens: 10 }))).toBe(30_000);
  });

  test('makes an unknown model known', () => {
    expect(prices.costNanos(deployment(undefined, 'llama-4', { input: 0.1, output: 0.3 }), tokens({ inputTokens: 3, outputTokens: 1 }))).toBe(600);
  });

  test('charges cached tokens as input where it has no price for them', () => {
    const usage = tokens({ inputTokens: 100, cacheReadTokens: 50, cacheWriteTokens: 20 });
    expect(prices.costNanos(deployment(undefined, 'llama-4', { input: 1, output: 1 }), usage)).toBe(100_000);
    expect(prices.costNanos(deployment(undefined, 'llama-4', { input: 1, output: 1, cacheRead: 0, cacheWrite: 2 }), usage)).toBe(30_000 + 40_000);
  });

  test('of zero costs nothing', () => {
    expect(prices.costNanos(deployment(undefined, 'llama-4', { input: 0, output: 0 }), tokens({ inputTokens: 9, outputTokens: 9 }))).toBe(0);
  });

  test('is taken as the decimal that was written', () => {
    const costPerMillion = fc.nat({ max: 1_000_000_000 }).map((micros) => ({ micros, price: Number(`${micros}e-6`) }));
    fc.assert(
      fc.property(costPerMillion, fc.nat({ max: 1_000_000 }), ({ micros, price }, count) => {
        const exactNanos = (BigInt(micros) * BigInt(count) + 999n) / 1000n;
        expect(prices.costNanos(deployment(undefined, 'any', { input: price, output: 0 }), tokens({ inputTokens: count }))).toBe(Number(exactNanos));
      }),
    );
  });
});

test('rounds up once, not per kind of token', () => {
  // 0.0001 dollars per million tokens is a tenth of a nano-dollar per token
  const cheap = deployment(undefined, 'any', { input: 0.0001, output: 0.0001 });
  expect(prices.costNanos(cheap, tokens({ inputTokens: 1 }))).toBe(1);
  expect(prices.costNanos(cheap, tokens({ inputTokens: 5, outputTokens: 5 }))).toBe(1);
  expect(prices.costNanos(cheap, tokens({ inputTokens: 6, outputTokens: 5 }))).toBe(2);
});

test('charges a price beyond nine decimals rounded up, never down', () => {
  expect(prices.costNanos(deployment(undefined, 'any', { input: 1e-10, output: 0 }), tokens({ inputTokens: 1_000_000 }))).toBe(1);
});

test('no usage costs nothing', () => {
  expect(prices.costNanos(deployment('openai', 'gpt-5-mini'), noUsage)).toBe(0);
});

test('charges cached tokens in full where a provider counts more of them than input', () => {
  expect(prices.costNanos(deployment('anthropic', 'claude-haiku-4-5'), tokens({ inputTokens: 10, cacheReadTokens: 100 }))).toBe(10_000);
});

test('an absurd count costs more than any budget, and is still a safe integer', () => {
  const usage = tokens({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: Number.MAX_SAFE_INTEGER });
  expect(prices.costNanos(deployment('openai', 'gpt-5-mini'), usage)).toBe(Number.MAX_SAFE_INTEGER);
});
