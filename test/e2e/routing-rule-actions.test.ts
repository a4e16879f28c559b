import { describe, expect, test } from 'vitest';
import { googleClient, post } from './beyond-chat.ts';
import { chat, setFleet, tenant, type Told } from './fleet.ts';
import { anthropicClient, keys, openaiClient } from './gateway.ts';
import { openaiSdk, rejection, say } from './sdks.ts';

const fleet = setFleet({ openai: 'openai', anthropic: 'anthropic', gemini: 'gemini', spare: 'openai' }, ({ to }) => ({
  models: {
    openai: { targets: [to('openai')] },
    anthropic: { targets: [to('anthropic')] },
    gemini: { targets: [to('gemini')] },
    thinker: { targets: [to('openai', { model: 'gpt-5-mini' })] },
    spare: { targets: [to('spare')] },
    small: { targets: [to('openai', { capabilities: { outputTokens: 1000 } })] },
    chain: { strategy: 'priority', targets: [to('openai'), to('openai', { model: 'gpt-4o-mini' }), to('anthropic')], fallback: ['spare'] },
    embed: { targets: [to('openai', { model: 'text-embedding-3-small' })] },
    none: { targets: [to('openai')] },
  },
  tenants: { open: tenant(keys.open), few: tenant('rk-few', { models: ['openai', 'chain'] }), embedder: tenant('rk-embedder') },
  rules: [
    { name: 'embedder', when: 'tenant == "embedder"', set: { maxTokens: 20 } },
    { name: 'limit', when: 'headers["x-set"] == "limit"', set: { maxTokens: 20, temperature: 0.25 } },
    { name: 'sampling', when: 'headers["x-set"] == "sampling"', set: { topP: 0.5 } },
    { name: 'effort', when: 'headers["x-set"] == "effort"', set: { maxTokens: 3000, reasoningEffort: 'low' } },
    { name: 'use', when: 'headers["x-use"] == "spare"', use: 'spare' },
    { name: 'use-and-more', when: 'headers["x-use"] == "anthropic"', use: 'anthropic', fallback: ['gemini', 'spare'], set: { maxTokens: 30 } },
    { name: 'fallback', when: 'headers["x-fallback"] == "yes"', fallback: ['gemini'] },
    { name: 'without-provider', when: 'headers["x-without"] == "provider"', without: ['openai'] },
    { name: 'without-deployment', when: 'headers["x-without"] == "deployment"', without: ['openai/gpt-4.1-mini'] },
    { name: 'without-all', when: 'headers["x-without"] == "all"', without: ['openai', 'anthropic', 'spare'] },
  ],
}));

const ask = (model: string, headers: Record<string, string> = {}, key: string = keys.open): Promise<Told> =>
  chat(fleet.gateway, model, { headers, key });
const failing = (...names: ('openai' | 'anthropic' | 'gemini' | 'spare')[]): void => {
  for (const name of names) fleet.fakes[name].behaveAlways({ refuse: { status: 503 } });
};

describe('use', () => {
  test('puts a model in the place of the one asked for, with that one’s fallback', async () => {
    expect(await ask('openai', { 'x-use': 'spare' })).toMatchObject({ by: 'spare', attempts: '1' });
    failing('anthropic');
    expect(await ask('openai', { 'x-use': 'anthropic' })).toMatchObject({ by: 'gemini', attempts: '2' });
    failing('gemini');
    expect(await ask('openai', { 'x-use': 'anthropic' })).toMatchObject({ by: 'spare', attempts: '3' });
    expect(fleet.lastSent('spare')).toMatchObject({ max_completion_tokens: 30 });
    expect(fleet.counts()).toMatchObject({ openai: 0 });
  });

  test('does not lead where the tenant may not go', async () => {
    const error = await rejection(openaiSdk.ask(fleet.gateway, say('openai'), { key: 'rk-few', headers: { 'x-use': 'spare' } }));
    expect(error).toMatchObject({ status: 403, code: 'not-permitted' });
    failing('openai');
    expect(await ask('openai', { 'x-fallback': 'yes' }, 'rk-few')).toMatchObject({ status: 503, by: 'openai', attempts: '1' });
    expect(fleet.counts()).toMatchObject({ spare: 0, gemini: 0 });
  });

  test('is not a way round a model that is not there', async () => {
    expect(await ask('nowhere', { 'x-use': 'spare' })).toMatchObject({ status: 404, error: 'model-not-found' });
  });
});

describe('fallback', () => {
  test('comes before the model’s own', async () => {
    failing('openai', 'anthropic');
    expect(await ask('chain', { 'x-fallback': 'yes' })).toMatchObject({ by: 'gemini', attempts: '4' });
    expect(await ask('chain')).toMatchObject({ by: 'spare', attempts: '4' });
    failing('gemini');
    expect(await ask('chain', { 'x-fallback': 'yes' })).toMatchObject({ by: 'spare', attempts: '5' });
  });

  test('is given to a model that has none', async () => {
    failing('openai');
    expect(await ask('none', { 'x-fallback': 'yes' })).toMatchObject({ by: 'gemini', attempts: '2' });
    expect(await ask('none')).toMatchObject({ status: 503, by: 'openai', attempts: '1' });
  });
});

describe('without', () => {
  test('takes a provider, or one deployment of it, out of the chain', async () => {
    expect(await ask('chain', { 'x-without': 'deployment' })).toMatchObject({ deployment: 'openai/gpt-4o-mini', attempts: '1' });
    expect(await ask('chain', { 'x-without': 'provider' })).toMatchObject({ by: 'anthropic', attempts: '1' });
    failing('anthropic');
    expect(await ask('chain', { 'x-without': 'provider' })).toMatchObject({ by: 'spare', attempts: '2' });
    expect(fleet.counts()).toMatchObject({ openai: 1 });
  });

  test('that leaves none is a refusal that names the rule', async () => {
    const refused = await ask('chain', { 'x-without': 'all' });
    expect(refused).toMatchObject({ status: 403, error: 'not-permitted' });
    expect(refused.body).toContain('the rule \\"without-all\\" leaves none');
    expect(fleet.counts()).toEqual({ openai: 0, anthropic: 0, gemini: 0, spare: 0 });
  });
});

/** One client of each protocol; each asks for other parameters than the rules set. Anthropic's takes no temperature in the latest version of its API. */
const clients = {
  openai: (model: string, set: string, own: { temperature?: number }) =>
    openaiClient(fleet.gateway).chat.completions.create(
      { model, max_completion_tokens: 500, ...own, messages: [{ role: 'user', content: 'Hello' }] },
      { headers: { 'x-set': set } },
    ),
  responses: (model: string, set: string, own: { temperature?: number }) =>
    openaiClient(fleet.gateway).responses.create({ model, max_output_tokens: 500, ...own, input: 'Hello' }, { headers: { 'x-set': set } }),
  anthropic: (model: string, set: string) =>
    anthropicClient(fleet.gateway).messages.create(
      { model, max_tokens: 500, messages: [{ role: 'user', content: 'Hello' }] },
      { headers: { 'x-set': set } },
    ),
  gemini: (model: string, set: string, own: { temperature?: number }) =>
    googleClient(fleet.gateway).models.generateContent({
      model,
      contents: 'Hello',
      config: { maxOutputTokens: 500, ...own, httpOptions: { headers: { 'x-set': set } } },
    }),
};

/** What a rule sets, in the words of each provider. The Claude of these tests takes one of temperature and top_p alone. */
const sent = {
  limit: {
    openai: { max_completion_tokens: 20, temperature: 0.25 },
    anthropic: { max_tokens: 20, temperature: 0.25 },
    gemini: { generationConfig: { maxOutputTokens: 20, temperature: 0.25 } },
  },
  sampling: {
    openai: { max_completion_tokens: 500, top_p: 0.5 },
    anthropic: { max_tokens: 500, top_p: 0.5 },
    gemini: { generationConfig: { maxOutputTokens: 500, topP: 0.5 } },
  },
} as const;

/** The same of how much to think. OpenAI's models that think are asked by Responses, unless the client speaks Chat Completions itself. */
const thinking = {
  openai: { max_output_tokens: 3000, reasoning: { effort: 'low' } },
  anthropic: { max_tokens: 3000, thinking: { type: 'enabled', budget_tokens: expect.any(Number) } },
  gemini: { generationConfig: { maxOutputTokens: 3000, thinkingConfig: { thinkingBudget: expect.any(Number) } } },
};

describe.each(['openai', 'responses', 'anthropic', 'gemini'] as const)('set, by a client of %s', (client) => {
  describe.each(['openai', 'anthropic', 'gemini'] as const)('for %s', (provider) => {
    test.each(['limit', 'sampling'] as const)('takes the place of what the client sent: %s', async (set) => {
      await clients[client](provider, set, { temperature: 0.75 });
      const isLatest = client === 'anthropic' && provider === 'anthropic';
      const isResponses = client === 'responses' && provider === 'openai';
      const { max_completion_tokens: limit, ...sampling } = sent[set].openai;
      const expected = isResponses ? { max_output_tokens: limit, ...sampling } : sent[set][provider];
      expect(fleet.lastSent(provider)).toMatchObject(isLatest ? { max_tokens: limit } : expected);
    });

    test('says how much to think in the way of the model, which can carry it out', async () => {
      await clients[client](provider === 'openai' ? 'thinker' : provider, 'effort', {});
      const isChat = client === 'openai' && provider === 'openai';
      expect(fleet.lastSent(provider)).toMatchObject(isChat ? { max_completion_tokens: 3000, reasoning_effort: 'low' } : thinking[provider]);
    });
  });
});

describe('what a rule sets', () => {
  test.each([
    ['temperature', 'thinker', 'limit', 'openai', { max_completion_tokens: 20 }],
    ['reasoning_effort', 'openai', 'effort', 'openai', { max_completion_tokens: 3000 }],
  ] as const)('and a model does not take is left out, and the answer says so: %s', async (field, model, set, provider, kept) => {
    const { status, headers } = await ask(model, { 'x-set': set });
    expect([status, headers.get('x-remora-warnings')]).toEqual([200, expect.stringContaining(field)]);
    expect(fleet.lastSent(provider)).toMatchObject(kept);
    expect(fleet.lastSent(provider)).not.toHaveProperty(field);
  });

  test('and a request has no place for is left out of it, and the answer says so', async () => {
    const response = await post(fleet.gateway, '/v1/embeddings', { model: 'embed', input: 'Hello' }, 'rk-embedder');
    expect([response.status, response.headers.get('x-remora-warnings')]).toEqual([200, expect.stringContaining('max_tokens')]);
    expect(fleet.lastSent('openai')).toEqual({ model: 'text-embedding-3-small', input: 'Hello' });
  });

  test('counts when it is asked what a deployment can do', async () => {
    const asking = { more: { max_completion_tokens: 2000 } };
    expect(await chat(fleet.gateway, 'small', asking)).toMatchObject({ status: 400, error: 'not-capable' });
    expect(await chat(fleet.gateway, 'small', { ...asking, headers: { 'x-set': 'limit' } })).toMatchObject({ status: 200, by: 'openai' });
  });
});
