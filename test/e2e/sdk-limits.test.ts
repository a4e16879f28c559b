import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { ApiError } from '@google/genai';
import { describe, expect, test } from 'vitest';
import { googleClient } from './beyond-chat.ts';
import { eventually, hashOf } from './gateway.ts';
import { rejection, say, sdks, type ClientOptions } from './sdks.ts';
import { extended, setStage } from './stage.ts';

// Limits and budgets that a request meets before any provider is called, as each official SDK shows them, and what its own retry makes of them.

const tenant = (name: string, more: object) => ({ keys: [{ name: 'test', hash: hashOf(`rk-${name}`) }], ...more });
const clients = ['openai', 'anthropic', 'google', 'aws'];
const names = (what: string): string[] => clients.flatMap((client) => [`${what}-${client}`, `${what}-${client}-stream`]);

const stage = setStage((world) =>
  extended(world, {
    tenants: {
      spent: tenant('spent', { budget: { amount: 0.000_001, per: 'month' } }),
      ...Object.fromEntries(names('paced').map((name) => [name, tenant(name, { limits: [{ requests: 1, per: 'second' }] })])),
      ...Object.fromEntries(names('single').map((name) => [name, tenant(name, { limits: [{ concurrent: 1 }] })])),
    },
  }),
);

/** Options of a client that would retry, and what it got. */
function patient(key: string): ClientOptions & { responses: Response[] } {
  const responses: Response[] = [];
  return { key, maxRetries: 3, responses, onResponse: (response) => void responses.push(response) };
}

describe.each(sdks.flatMap((sdk) => [false, true].map((stream) => ({ name: sdk.name, sdk, stream }))))(
  '$name (stream: $stream)',
  ({ sdk, stream }) => {
    const own = `${sdk.name === 'openai' ? 'openai' : 'anthropic'}${stream ? '-stream' : ''}`;
    const ask = (options: ClientOptions) => sdk.ask(stage.gateway, say('gpt', 'Hello', { stream }), options);

    test('a spent budget is its RateLimitError, which it does not retry', async () => {
      const options = patient('rk-spent');
      const error = await rejection(ask(options));
      expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
      expect(error.message).toContain('budget');
      expect(JSON.stringify(error['error'])).toContain('"budget-exceeded"');
      expect(options.responses.map(({ status, headers }) => [status, headers.get('x-should-retry')])).toEqual([[429, 'false']]);
    });

    test('a limit per time is its RateLimitError, and its own retry waits as long as it is told', async () => {
      const key = `rk-paced-${own}`;
      await ask({ key });
      const error = await rejection(ask({ key }));
      expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
      expect(JSON.stringify(error['error'])).toContain('"rate-limited"');
      expect((error['headers'] as Headers).get('retry-after')).toBe('1');
      expect((error['headers'] as Headers).has('x-should-retry')).toBe(false);
      const options = patient(key);
      await ask(options);
      expect(options.responses.at(-1)?.status).toBe(200);
      expect(options.responses.length).toBeLessThanOrEqual(2); // it waited a second once, not some tenths of one several times
    });

    test('as many requests as may be under way are its RateLimitError, until one is over', async () => {
      const key = `rk-single-${own}`;
      stage.world.openai.behave({ delayMs: 600_000 });
      const leaving = new AbortController();
      const first = fetch(`${stage.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'Hello' }] }),
        signal: leaving.signal,
      }).catch(() => undefined);
      await eventually(
        () => stage.world.openai.requests.length,
        (count) => count === 1,
      );
      const error = await rejection(ask({ key }));
      expect(error).toBeInstanceOf(sdk.errors.RateLimitError);
      expect(JSON.stringify(error['error'])).toContain('"too-many-requests"');
      expect(Number((error['headers'] as Headers).get('retry-after'))).toBeGreaterThan(0);
      leaving.abort();
      await first;
      const options = patient(key);
      await ask(options);
      expect(options.responses.at(-1)?.status).toBe(200);
    });
  },
);

describe.each([false, true])('@google/genai (stream: %s)', (stream) => {
  const own = `google${stream ? '-stream' : ''}`;
  const ask = async (key: string): Promise<void> => {
    const { models } = googleClient(stage.gateway, key);
    const question = { model: 'gpt', contents: 'Hello' };
    if (!stream) await models.generateContent(question);
    else for await (const _ of await models.generateContentStream(question));
  };

  test.each([
    ['a spent budget', 'rk-spent', 'budget-exceeded', 0],
    ['a limit per time', `rk-paced-${own}`, 'rate-limited', 1],
  ])('%s is its ApiError with status 429', async (_, key, code, before) => {
    for (let count = 0; count < before; count++) await ask(key);
    const error = await rejection(ask(key));
    expect(error).toBeInstanceOf(ApiError);
    expect(error['status']).toBe(429);
    const { error: body } = JSON.parse(error.message) as { error: Record<string, unknown> };
    expect(body).toMatchObject({ status: 'RESOURCE_EXHAUSTED', details: [{ reason: code }] });
  });
});

describe.each([false, true])('@aws-sdk/client-bedrock-runtime (stream: %s)', (stream) => {
  const own = `aws${stream ? '-stream' : ''}`;
  const ask = async (key: string, maxAttempts = 1): Promise<void> => {
    const client = new BedrockRuntimeClient({
      endpoint: stage.gateway.url,
      region: 'eu-central-1',
      token: { token: key },
      authSchemePreference: ['httpBearerAuth'],
      maxAttempts,
    });
    const question = { modelId: 'gpt', messages: [{ role: 'user' as const, content: [{ text: 'Hello' }] }] };
    try {
      if (!stream) await client.send(new ConverseCommand(question));
      else for await (const _ of (await client.send(new ConverseStreamCommand(question))).stream ?? []);
    } finally {
      client.destroy();
    }
  };

  test.each([
    ['a spent budget', 'rk-spent', 'budget', 0],
    ['a limit per time', `rk-paced-${own}`, 'limit', 1],
  ])('%s is its ThrottlingException', async (_, key, word, before) => {
    for (let count = 0; count < before; count++) await ask(key);
    const error = await rejection(ask(key));
    expect(error).toMatchObject({ name: 'ThrottlingException', message: expect.stringContaining(word), $metadata: { httpStatusCode: 429 } });
  });

  test('its own retry waits until a limit per time has room', async () => {
    const key = `rk-paced-${own}`;
    await ask(key, 10);
    await expect(ask(key, 10)).resolves.toBeUndefined();
  });
});
