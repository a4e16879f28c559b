import { readFileSync } from 'node:fs';
import { calcPrice, waitForUpdate } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noUsage, type Usage } from '../llm/usage.ts';
import { openai } from '../providers/openai.ts';
import type { Deployment } from '../routing/deployment.ts';
import { catalogueVersion } from './catalogue.ts';
import { createPrices } from './prices.ts';
import { deployment as deploymentAt, endpoint } from '../routing/deployment.fixture.ts';

const november = Date.UTC(2026, 10, 21, 12);
const prices = createPrices({ now: () => november });

function deployment(pricedAs: string | undefined, model: string, price?: Deployment['price'], discount?: number): Deployment {
  return deploymentAt(endpoint('here', { provider: { ...openai, pricedAs } }), model, { price, discount });
}

const tokens = (usage: Partial<Usage>): Usage => ({ ...noUsage, ...usage });

/** Usage whose counts of kinds are parts of their totals. Audio comes without cache: what is both, usage does not tell. */
const anyUsage = fc
  .record({
    fresh: fc.nat(300_000),
    inputParts: fc.oneof(
      fc.record({ cacheRead: fc.nat(300_000), cacheWrite: fc.nat(300_000), long: fc.double({ min: 0, max: 1, noNaN: true }), audio: fc.constant(0) }),
      fc.record({ cacheRead: fc.constant(0), cacheWrite: fc.constant(0), long: fc.constant(0), audio: fc.nat(300_000) }),
    ),
    visible: fc.nat(100_000),
    reasoning: fc.nat(100_000),
    audioOut: fc.oneof(fc.constant(0), fc.nat(100_000)),
  })
  .map(({ fresh, inputParts: { cacheRead, cacheWrite, long, audio }, visible, reasoning, audioOut }) => ({
    inputTokens: fresh + cacheRead + cacheWrite + audio,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    cacheWrite1hTokens: Math.floor(cacheWrite * long),
    outputTokens: visible + reasoning + audioOut,
    reasoningTokens: reasoning,
    inputAudioTokens: audio,
    outputAudioTokens: audioOut,
    serviceTier: '',
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

  test('charges cache writes for an hour at twice the input, at Anthropic and wherever else Claude is sold', () => {
    const usage = tokens({ inputTokens: 1000, cacheWriteTokens: 1000, cacheWrite1hTokens: 600 });
    const cost = (vendor: string, model: string) => prices.costNanos(deployment(vendor, model), usage);
    expect(cost('anthropic', 'claude-haiku-4-5')).toBe(400 * 1250 + 600 * 2000);
    expect(cost('aws', 'global.anthropic.claude-haiku-4-5-20251001-v1:0')).toBe(400 * 1250 + 600 * 2000);
    expect(cost('openai', 'gpt-5-mini')).toBe(250_000);
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

  test('charges the fee per request that a vendor asks', () => {
    // $12 per thousand requests, beside $1 per million tokens
    expect(prices.costNanos(deployment('perplexity', 'sonar'), tokens({ inputTokens: 1000 }))).toBe(12_000_000 + 1_000_000);
  });

  test('says of what version it is, which is that of the package', () => {
    const { version } = JSON.parse(readFileSync('node_modules/@pydantic/genai-prices/package.json', 'utf8')) as { version: string };
    expect(prices.quote(deployment('openai', 'gpt-5-mini'), november)?.versionFor('')).toBe(`catalogue ${version}`);
  });

  test('agrees with its own sums on every chat model of every vendor, whenever it is asked', async () => {
    const known = ((await waitForUpdate()) ?? [])
      .flatMap((provider) => provider.models.map((model) => ({ chat: deployment(provider.id, model.id), written: JSON.stringify(model.prices) })))
      .filter(({ chat }) => prices.quote(chat, november)?.hasRate('output') === true);
    const special = known.filter(({ written }) => /audio|reasoning|requests|tiers|constraint/.test(written));
    expect(known.length).toBeGreaterThan(1400);
    expect(special.length).toBeGreaterThan(50);
    const time = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2027, 5) });
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...known), fc.constantFrom(...special)), anyUsage, time, ({ chat, written }, any, at) => {
        // Of Claude elsewhere than at Anthropic the catalogue does not know what one-hour writes cost.
        const isLongKnown = written.includes('cache_write_1h') || !chat.model.includes('claude');
        const usage = isLongKnown ? any : { ...any, cacheWrite1hTokens: 0 };
        const theirNanos = catalogueNanos(chat, usage, at);
        const ours = prices.quote(chat, at)?.costNanos(usage) ?? Number.NaN;
        const floatError = theirNanos * 1e-12 + 1e-6;
        expect(ours).toBeGreaterThanOrEqual(theirNanos - floatError);
        expect(ours).toBeLessThan(theirNanos + 1 + floatError);
      }),
      { numRuns: 3000 },
    );
  });
});

/** The catalogue's own sum. */
function catalogueNanos({ model, endpoint: { provider } }: Deployment, usage: Usage, at: number): number {
  const asked = {
    input_tokens: usage.inputTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    input_audio_tokens: usage.inputAudioTokens,
    output_tokens: usage.outputTokens,
    output_reasoning_tokens: usage.reasoningTokens,
    output_audio_tokens: usage.outputAudioTokens,
  };
  const found = calcPrice(asked, model, { providerId: String(provider.pricedAs), timestamp: new Date(at) });
  return (found?.total_price ?? Number.NaN) * 1e9;
}

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

  test('has kinds of their own price, and the rest costs what it is part of', () => {
    const price = { input: 1, output: 2, reasoning: 3, inputAudio: 10, outputAudio: 20, perRequest: 0.001 };
    const usage = tokens({
      inputTokens: 100,
      inputAudioTokens: 10,
      cacheReadTokens: 5,
      outputTokens: 100,
      reasoningTokens: 40,
      outputAudioTokens: 1,
    });
    const expected = 85 * 1000 + 5 * 1000 + 10 * 10_000 + 59 * 2000 + 40 * 3000 + 20_000 + 1_000_000;
    expect(prices.costNanos(deployment(undefined, 'llama-4', price), usage)).toBe(expected);
  });

  test('may be stepped by the length of the input, for all tokens of the request', () => {
    const price = { input: 1, output: 3, cacheRead: 0.1, tiers: [{ above: 200_000, input: 2, output: 6 }] };
    const usage = { cacheReadTokens: 1000, outputTokens: 10 };
    const cost = (inputTokens: number) => prices.costNanos(deployment(undefined, 'llama-4', price), tokens({ ...usage, inputTokens }));
    expect([cost(200_000), cost(200_001)]).toEqual([199_000 * 1000 + 1000 * 100 + 10 * 3000, 199_001 * 2000 + 1000 * 100 + 10 * 6000]);
  });

  test('keeps in a tier what it has in the one before, and charges a kind without a price as what it is part of in that tier', () => {
    const tiers = [
      { above: 10, reasoning: 9 },
      { above: 20, input: 2 },
      { above: 30, output: 4, cacheRead: 1 },
    ];
    const price = { input: 1, output: 3, tiers };
    const own = deployment(undefined, 'llama-4', price);
    const cost = (inputTokens: number) => [
      prices.costNanos(own, tokens({ inputTokens, cacheReadTokens: inputTokens })),
      Number(prices.costNanos(own, tokens({ inputTokens, outputTokens: 1, reasoningTokens: 1 }))) -
        Number(prices.costNanos(own, tokens({ inputTokens }))),
    ];
    expect([10, 20, 30, 40].map(cost)).toEqual([
      [10_000, 3000],
      [20_000, 9000],
      [60_000, 9000],
      [40_000, 9000],
    ]);
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

describe('versions of a price', () => {
  const versions = [
    { from: Date.UTC(2026, 0, 1), input: 1, output: 1 },
    { from: Date.UTC(2026, 11, 1), input: 2, output: 2 },
  ];
  const mini = deployment('openai', 'gpt-5-mini', versions);
  const at = (instant: string) => prices.quote(mini, Date.parse(instant));
  const one = tokens({ inputTokens: 1 });

  test('hold from their day on, and before the first the catalogue does', () => {
    const days = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00Z', '2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00Z', '2030-01-01T00:00:00Z'];
    expect(days.map((day) => [at(day)?.versionFor(''), at(day)?.costNanos(one)])).toEqual([
      [`catalogue ${catalogueVersion}`, 250],
      ['config 2026-01-01', 1000],
      ['config 2026-01-01', 1000],
      ['config 2026-12-01', 2000],
      ['config 2026-12-01', 2000],
    ]);
  });

  test('leave a model that the catalogue does not know without a price before the first', () => {
    const own = deployment(undefined, 'llama-4', versions);
    expect(prices.quote(own, Date.UTC(2025, 0))).toBeUndefined();
    expect(prices.quote(own, november)?.costNanos(one)).toBe(1000);
  });

  test('do not change what an exchange under way pays', () => {
    const begun = at('2026-11-30T23:59:00Z');
    at('2026-12-01T00:00:00Z');
    expect([begun?.versionFor(''), begun?.costNanos(one)]).toEqual(['config 2026-01-01', 1000]);
  });
});

describe('a discount', () => {
  const cost = (discount: number | undefined, price?: Deployment['price']) => {
    const quote = prices.quote(deployment('openai', 'gpt-5-mini', price, discount), november);
    return [quote?.versionFor(''), quote?.costNanos(tokens({ inputTokens: 1000 }))];
  };

  test('is taken off the price of the catalogue and off one of the config', () => {
    expect(cost(0.12)).toEqual([`catalogue ${catalogueVersion} -12%`, 220_000]);
    expect(cost(0.5, { input: 1, output: 1 })).toEqual(['config -50%', 500_000]);
    expect(cost(0.1, [{ from: 0, input: 1, output: 1 }])).toEqual(['config 1970-01-01 -10%', 900_000]);
    expect(cost(1)).toEqual([`catalogue ${catalogueVersion} -100%`, 0]);
  });

  test('of nothing goes unsaid', () => {
    expect([cost(0), cost(undefined)]).toEqual([
      [`catalogue ${catalogueVersion}`, 250_000],
      [`catalogue ${catalogueVersion}`, 250_000],
    ]);
  });

  test('is taken off exactly, to a ten-thousandth of a percent', () => {
    const steps = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(steps, fc.nat({ max: 10_000_000 }), (millionths, inputTokens) => {
        const percent = Number(`${millionths}e-4`);
        const own = deployment(undefined, 'any', { input: 1, output: 0 }, percent / 100); // as the config reads it
        const exactNanos = (BigInt(inputTokens) * 1000n * BigInt(1_000_000 - millionths) + 999_999n) / 1_000_000n;
        expect(prices.costNanos(own, tokens({ inputTokens }))).toBe(Number(exactNanos));
      }),
    );
  });

  test('takes nothing off a price that is not known', () => {
    expect(prices.quote(deployment('openai', 'no-such-model', undefined, 0.1), november)).toBeUndefined();
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
