import Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { googleClient } from './beyond-chat.ts';
import { anthropicClient, hashOf, keys, openaiClient, startGateway, startWorld, type RunningGateway, type World } from './gateway.ts';

const all = ['gpt', 'claude', 'gpt-then-claude', 'claude-then-gpt', 'house/llama:8b'];

let world: World;
let gateway: RunningGateway;
beforeAll(async () => {
  world = await startWorld({
    models: { 'house/llama:8b': { targets: [{ provider: 'openai', model: 'gpt-5-mini' }] } },
    tenants: { narrow: { keys: [{ name: 'test', hash: hashOf('rk-narrow') }], models: ['claude', 'house/llama:8b'] } },
  });
  gateway = await startGateway(world.config);
});
afterAll(async () => {
  await gateway.stop();
  await world.stop();
});

async function collect<Item>(items: AsyncIterable<Item>, nameOf: (item: Item) => string | undefined): Promise<(string | undefined)[]> {
  const names: (string | undefined)[] = [];
  for await (const item of items) names.push(nameOf(item));
  return names;
}

/** What each SDK does with models: all their names by its own paging, the name of one, and the class of its refusals. */
const sdks = [
  {
    name: 'OpenAI’s SDK',
    list: (key: string) => collect(openaiClient(gateway, key).models.list(), ({ id }) => id),
    one: async (model: string, key: string) => (await openaiClient(gateway, key).models.retrieve(model)).id,
    unauthorized: OpenAI.AuthenticationError,
    notFound: OpenAI.NotFoundError,
  },
  {
    name: 'Anthropic’s SDK',
    list: (key: string) => collect(anthropicClient(gateway, key).models.list(), ({ id }) => id),
    one: async (model: string, key: string) => (await anthropicClient(gateway, key).models.retrieve(model)).id,
    unauthorized: Anthropic.AuthenticationError,
    notFound: Anthropic.NotFoundError,
  },
  {
    name: 'Google’s SDK',
    list: async (key: string) => collect(await googleClient(gateway, key).models.list(), ({ name }) => name?.replace(/^models\//, '')),
    one: async (model: string, key: string) => (await googleClient(gateway, key).models.get({ model })).name?.replace(/^models\//, ''),
    unauthorized: ApiError,
    notFound: ApiError,
  },
] as const;

describe.each(sdks)('$name', ({ list, one, unauthorized, notFound }) => {
  test('lists the models of its key, and no others', async () => {
    expect(await list(keys.open)).toEqual(all);
    expect(await list('rk-narrow')).toEqual(['claude', 'house/llama:8b']);
  });

  test('looks at one of them', async () => {
    expect(await one('claude', 'rk-narrow')).toBe('claude');
  });

  test('looks at one whose name would be a path', async () => {
    expect(await one('house/llama:8b', 'rk-narrow')).toBe('house/llama:8b');
  });

  test('is told that there is no such model for its key, in its own class of errors', async () => {
    for (const [model, key] of [
      ['none', keys.open],
      ['gpt', 'rk-narrow'],
    ] as const) {
      const asked = one(model, key);
      await expect(asked).rejects.toBeInstanceOf(notFound);
      await expect(asked).rejects.toMatchObject({ status: 404, message: expect.stringContaining('There is no model') });
    }
  });

  test('is told that its key is not known, in its own class of errors', async () => {
    const asked = list('rk-wrong');
    await expect(asked).rejects.toBeInstanceOf(unauthorized);
    await expect(asked).rejects.toMatchObject({ status: 401 });
    await expect(one('claude', 'rk-wrong')).rejects.toBeInstanceOf(unauthorized);
  });
});

test('nothing of it reaches a provider', () => {
  expect([...world.openai.requests, ...world.anthropic.requests]).toEqual([]);
});
