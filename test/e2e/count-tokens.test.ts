import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { googleClient, lastSent, post, startSurroundings, type Surroundings } from './beyond-chat.ts';
import { anthropicClient, eventually, hashOf, keys, openaiClient } from './gateway.ts';

const price = { input: 1_000_000, output: 1_000_000 };
const target = (provider: string, model: string) => ({ targets: [{ provider, model, price }] });

/** Models whose providers count, and those that do not. */
const counting = {
  anthropic: target('anthropic', 'claude-haiku-4-5'),
  openai: target('openai', 'gpt-5-mini'),
  gemini: target('gemini', 'gemini-2.5-flash'),
  vertex: target('vertex', 'gemini-2.5-flash'),
  bedrock: target('bedrock', 'eu.anthropic.claude-haiku-4-5-20251001-v1:0'),
};
const guessing = {
  vllm: target('vllm', 'Qwen/Qwen3-8B'),
  azure: target('azure', 'gpt-4o-mini'),
  'vertex-claude': target('vertex', 'claude-haiku-4-5'),
};
const countingNames = Object.keys(counting) as (keyof typeof counting)[];

let around: Surroundings;
beforeAll(async () => {
  const tenants = { broke: { keys: [{ name: 'test', hash: hashOf('rk-broke') }], budget: { amount: 0, per: 'month' } } };
  around = await startSurroundings({
    models: { ...counting, ...guessing, 'gemini-then-openai': { ...counting.gemini, fallback: ['openai'] } },
    tenants,
  });
});
afterAll(() => around.stop());
beforeEach(() => {
  for (const fake of [around.world.openai, around.world.anthropic, ...Object.values(around.fakes)]) fake.clear();
});

const fakeOf = (model: keyof typeof counting) => (model === 'anthropic' || model === 'openai' ? around.world[model] : around.fakes[model]);

const text = 'How many remoras does it take to clean a shark?';
const system = 'Be brief.';
const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };

/** Asks each SDK for the count of one conversation with a tool; gives the count, and how it was come by. */
const ask = {
  async anthropic(model: string, key?: string) {
    const { data, response } = await anthropicClient(around.gateway, key)
      .messages.countTokens({ model, system, messages: [{ role: 'user', content: text }], tools: [{ name: 'weather', input_schema: schema }] })
      .withResponse();
    return { count: data.input_tokens, warnings: response.headers.get('x-remora-warnings') };
  },
  async openai(model: string, key?: string) {
    const { data, response } = await openaiClient(around.gateway, key)
      .responses.inputTokens.count({
        model,
        instructions: system,
        input: text,
        tools: [{ type: 'function', name: 'weather', parameters: schema, strict: false }],
      })
      .withResponse();
    expect(data.object).toBe('response.input_tokens');
    return { count: data.input_tokens, warnings: response.headers.get('x-remora-warnings') };
  },
  async google(model: string, key?: string) {
    const { totalTokens, sdkHttpResponse } = await googleClient(around.gateway, key).models.countTokens({ model, contents: text });
    return { count: totalTokens ?? -1, warnings: sdkHttpResponse?.headers?.['x-remora-warnings'] ?? null };
  },
};
const sdks = Object.keys(ask) as (keyof typeof ask)[];

describe.each(sdks)('%s’s SDK', (sdk) => {
  test.each(countingNames)('gets the count of %s itself, which sees the text', async (model) => {
    const { count, warnings } = await ask[sdk](model);
    const { requests } = fakeOf(model);
    expect(requests).toHaveLength(1);
    const [request] = requests;
    expect(request?.body.toString()).toContain(text);
    if (sdk !== 'google') expect(request?.body.toString()).toContain('weather');
    expect(count).toBeGreaterThanOrEqual(Math.floor(text.length / 4));
    expect(count).toBeLessThanOrEqual(Math.ceil((request?.body.length ?? 0) / 4));
    expect(warnings).toBeNull();
  });

  test.each(Object.keys(guessing))('is given an estimate for %s, and told so', async (model) => {
    const { count, warnings } = await ask[sdk](model);
    expect(count).toBeGreaterThan(text.length / 4);
    expect(count).toBeLessThan(200);
    expect(warnings).toMatch(/^input_tokens .*estimated/);
  });

  test('counts for nothing: the budget may be spent, and nothing is booked or counted as used', async () => {
    const before = await around.gateway.metric('remora_tokens_total');
    for (const model of countingNames) await ask[sdk](model, 'rk-broke');
    await ask[sdk]('vllm', 'rk-broke');
    const { entries } = await eventually(
      () => around.gateway.ledger(),
      (ledger) => ledger.entries.filter(({ tenant }) => tenant === 'broke').length >= countingNames.length,
    );
    for (const entry of entries) expect(entry).toMatchObject({ cost_nanos: 0, input_tokens: 0, output_tokens: 0, estimated: 0, unpriced: 0 });
    expect(await around.gateway.metric('remora_tokens_total')).toEqual(before);
  });
});

test('personal data is not in what is counted', async () => {
  const messages = [{ role: 'user' as const, content: 'Mail ada@example.com' }];
  for (const model of countingNames) {
    await anthropicClient(around.gateway, keys.private).messages.countTokens({ model, messages });
    const sent = fakeOf(model).requests.at(-1)?.body.toString() ?? '';
    expect(sent).toContain('Mail [EMAIL_1]');
    expect(sent).not.toContain('ada@');
  }
});

test('instruction and tools are counted where Google’s clients send them', async () => {
  const request = { contents: [{ role: 'user', parts: [{ text }] }], systemInstruction: { parts: [{ text: system }] } };
  const body = { generateContentRequest: { model: 'models/any', ...request } };
  for (const model of ['gemini', 'vertex', 'anthropic'] as const) {
    const response = await post(around.gateway, `/v1beta/models/${model}:countTokens`, body);
    expect(await response.json()).toMatchObject({ totalTokens: expect.any(Number) });
    expect(JSON.stringify(lastSent(fakeOf(model)))).toContain(system);
  }
});

test('another provider counts where the first is overloaded', async () => {
  around.fakes.gemini.behave({ refuse: { status: 503 } });
  const { data, response } = await anthropicClient(around.gateway)
    .messages.countTokens({ model: 'gemini-then-openai', messages: [{ role: 'user', content: text }] })
    .withResponse();
  expect(data.input_tokens).toBeGreaterThan(0);
  expect(response.headers.get('x-remora-deployment')).toBe('openai/gpt-5-mini');
});

test('errors come in each SDK’s own class', async () => {
  await expect(ask.anthropic('anthropic', 'rk-wrong')).rejects.toMatchObject({ status: 401, error: { error: { type: 'authentication_error' } } });
  await expect(ask.openai('openai', 'rk-wrong')).rejects.toMatchObject({ status: 401, code: 'invalid-key' });
  await expect(ask.google('gemini', 'rk-wrong')).rejects.toMatchObject({ status: 401 });
  await expect(ask.google('none')).rejects.toMatchObject({ status: 404 });
  await expect(anthropicClient(around.gateway).messages.countTokens({ model: 'openai', messages: [] })).rejects.toMatchObject({ status: 400 });
});
