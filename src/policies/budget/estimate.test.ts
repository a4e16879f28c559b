import { expect, test } from 'vitest';
import { cheap, dear, deployment, marketing, open, refusalOf, request, unpriced } from './budget.fixture.ts';

test('reserves a third of the bytes as input and the requested maximum as output, at the dearest deployment of the chain', async () => {
  const { reserved, chain } = open();
  await chain(request({ max_tokens: 50 }), [cheap, dear, cheap]);
  expect(reserved()).toBe(100 * 10_000 + 50 * 20_000);
});

test('reserves all output that cannot be seen while it runs, and caps it where the client sets no maximum', async () => {
  const { reserved, chain } = open();
  const sent = await chain(request(), [cheap]);
  expect(reserved()).toBe(100 * 1000 + 16_384 * 2000);
  expect(sent.facts.maxTokens).toBe(16_384);
});

test('caps nothing where the client has, or nobody pays', async () => {
  expect((await open().chain(request({ max_tokens: 50 }), [cheap])).facts.maxTokens).toBe(50);
  expect((await open({ of: marketing(undefined) }).chain(request(), [cheap])).facts.maxTokens).toBeUndefined();
});

test('reserves what the model may think besides', async () => {
  const { reserved, chain } = open();
  await chain(request({ reasoning_effort: 'low' }), [cheap]);
  expect(reserved()).toBe(100 * 1000 + (16_384 + 2048) * 2000);
});

test('reserves what writing to the prompt cache costs, where the request asks for that', async () => {
  const cached = deployment('cached', { input: 1, output: 2, cacheWrite: 1.25 });
  const plain = open();
  await plain.chain(request({ max_tokens: 50 }), [cached]);
  expect(plain.reserved()).toBe(100 * 1000 + 50 * 2000);
  const marked = open();
  await marked.chain(request({ max_tokens: 50, prompt_cache_key: 'k' }), [cached]);
  expect(marked.reserved()).toBe(100 * 1250 + 50 * 2000);
});

test('reserves what writing to it for an hour costs, where the request says so', async () => {
  const cached = deployment('cached', { input: 1, output: 2, cacheWrite: 1.25, cacheWrite1h: 2 });
  const reservedFor = async (ttl: string | undefined) => {
    const { chain, reserved } = open();
    await chain(request({ max_tokens: 50, cache_control: { type: 'ephemeral', ttl } }), [cached]);
    return reserved();
  };
  expect(await Promise.all([undefined, '1h', '30m'].map(reservedFor))).toEqual([1250, 2000, 2000].map((input) => 100 * input + 50 * 2000));
});

test('reserves the price of the dearest tier of service that has one, where the request asks for any but the usual one', async () => {
  const tiered = { ...cheap, serviceTiers: { flex: { factor: 0.5 }, priority: { factor: 2 } } };
  const reservedFor = async (service_tier: string) => {
    const { chain, reserved } = open();
    await chain(request({ max_tokens: 50, service_tier }), [tiered]);
    return reserved();
  };
  const usual = 100 * 1000 + 50 * 2000;
  expect(await Promise.all(['default', 'priority', 'auto', 'flex'].map(reservedFor))).toEqual([usual, 2 * usual, 2 * usual, 2 * usual]);
});

test('reserves of a stream what it usually has, and caps nothing', async () => {
  const { reserved, chain } = open();
  const sent = await chain(request({ stream: true }), [cheap]);
  expect(reserved()).toBe(100 * 1000 + 1000 * 2000);
  expect(sent.facts.maxTokens).toBeUndefined();
});

test('refuses a chain with a deployment of unknown price anywhere in it, and names it', async () => {
  const { reserved, chain } = open();
  const error = await refusalOf(chain(request(), [cheap, unpriced]));
  expect(error.code).toBe('unpriced-model');
  expect(error.message).toBe('The price of "house/llama-4" is not known, so no budget can pay for it. Give its target a "price" in the config.');
  expect(reserved()).toBe(0);
});
