import { request } from 'node:http';
import OpenAI, { AzureOpenAI } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSurroundings, type Surroundings } from './beyond-chat.ts';
import { keys, openaiClient } from './gateway.ts';

/** A chat model and one for vectors at Azure, by both of its APIs, and at another provider. */
const models = {
  azure: { targets: [{ provider: 'azure', model: 'gpt-4o-mini' }] },
  'azure-dated': { targets: [{ provider: 'azure-dated', model: 'gpt-4o-mini' }] },
  vectors: { targets: [{ provider: 'azure', model: 'text-embedding-3-small' }] },
  'vectors-dated': { targets: [{ provider: 'azure-dated', model: 'text-embedding-3-small' }] },
  ghost: { targets: [{ provider: 'azure', model: 'ghost' }] },
  'ghost-dated': { targets: [{ provider: 'azure-dated', model: 'ghost' }] },
  'vectors-gemini': { targets: [{ provider: 'gemini', model: 'gemini-embedding-001' }] },
};

let around: Surroundings;
beforeAll(async () => {
  around = await startSurroundings({ models });
});
afterAll(() => around.stop());
beforeEach(() => around.fakes.azure.clear());

const messages = [{ role: 'user' as const, content: 'Say: Moin' }];
const azureClient = (key: string = keys.open): AzureOpenAI =>
  new AzureOpenAI({ endpoint: around.gateway.url, apiKey: key, apiVersion: '2024-10-21', maxRetries: 0 });

/** The OpenAI client as Azure's versionless API wants it. */
const versionlessClient = (): OpenAI => openaiClient({ url: `${around.gateway.url}/openai` });

describe.each(['azure', 'azure-dated', 'gpt', 'claude'])('the AzureOpenAI client, and %s', (model) => {
  test('gets an answer', async () => {
    const { choices, usage } = await azureClient().chat.completions.create({ model, messages });
    expect(choices[0]?.message.content).toContain('Moin');
    expect(usage?.total_tokens).toBeGreaterThan(0);
  });

  test('gets a stream', async () => {
    const stream = azureClient().chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toContain('Moin');
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });
});

test.each(['azure', 'azure-dated', 'claude'])('the AzureOpenAI client gets a response of %s, and the models', async (model) => {
  const { output_text: text } = await azureClient().responses.create({ model, input: 'Say: Moin', store: false });
  expect(text).toContain('Moin');
  expect((await azureClient().models.list()).data.map(({ id }) => id)).toContain(model);
});

test.each(['vectors', 'vectors-dated', 'vectors-gemini'])('the AzureOpenAI client gets vectors of %s', async (model) => {
  const { data } = await azureClient().embeddings.create({ model, input: 'Moin', dimensions: 256 });
  expect(data[0]?.embedding).toHaveLength(256);
});

test.each([
  ['azure', '/openai/v1/chat/completions'],
  ['azure-dated', '/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21'],
])('%s is called at its own path with its own key, whatever version the client names', async (model, path) => {
  await new AzureOpenAI({ endpoint: around.gateway.url, apiKey: keys.open, apiVersion: '2099-01-01-preview' }).chat.completions.create({
    model,
    messages,
  });
  const sent = around.fakes.azure.requests.at(-1);
  expect(sent?.path).toBe(path);
  expect(sent?.headers['api-key']).toBe(around.fakes.azure.apiKey);
  expect(JSON.stringify(sent?.headers)).not.toContain(keys.open);
});

test('the deployment in the path is the model, also where the body names another or none', async () => {
  const response = await fetch(`${around.gateway.url}/openai/deployments/azure/chat/completions?api-version=2024-10-21`, {
    method: 'POST',
    headers: { 'api-key': keys.open, 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('x-remora-deployment')).toBe('azure/gpt-4o-mini');
});

test('a client whose base URL names the deployment gets its answer too', async () => {
  const client = new OpenAI({
    baseURL: `${around.gateway.url}/openai/deployments/azure-dated`,
    apiKey: keys.open,
    defaultQuery: { 'api-version': '2024-10-21' },
  });
  const { choices } = await client.chat.completions.create({ model: 'azure-dated', messages });
  expect(choices[0]?.message.content).toContain('Moin');
});

describe('/openai/v1', () => {
  test('serves chat, responses, vectors and models', async () => {
    const client = versionlessClient();
    expect((await client.chat.completions.create({ model: 'azure', messages })).choices[0]?.message.content).toContain('Moin');
    expect((await client.responses.create({ model: 'azure', input: 'Say: Moin', store: false })).output_text).toContain('Moin');
    expect((await client.embeddings.create({ model: 'vectors', input: 'Moin' })).data[0]?.embedding).toHaveLength(1536);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('azure-dated');
  });

  test('streams', async () => {
    let text = '';
    for await (const event of await versionlessClient().responses.create({ model: 'claude', input: 'Say: Moin', stream: true, store: false }))
      if (event.type === 'response.output_text.delta') text += event.delta;
    expect(text).toContain('Moin');
  });
});

describe('errors', () => {
  test('come in the client’s own classes', async () => {
    const ask = (model: string, key: string) => azureClient(key).chat.completions.create({ model, messages });
    await expect(ask('azure', 'rk-wrong')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(ask('none', keys.open)).rejects.toMatchObject({ status: 404, code: 'model-not-found' });
    await expect(azureClient().embeddings.create({ model: 'claude', input: 'x' })).rejects.toMatchObject({ status: 400, code: 'not-carried' });
  });

  test('of Azure keep their status and message', async () => {
    around.fakes.azure.behave({ refuse: { status: 429, headers: { 'retry-after': '7' } } });
    const asked = azureClient().chat.completions.create({ model: 'azure-dated', messages });
    await expect(asked).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 429, message: expect.stringContaining('rate limit') });
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toBe('7');
  });

  test.each(['ghost', 'ghost-dated'])('of %s, a deployment that Azure does not have, are a 404 that names it', async (model) => {
    const asked = azureClient().chat.completions.create({ model, messages });
    await expect(asked).rejects.toMatchObject({ status: 404, message: expect.stringContaining("'ghost'") });
  });
});

describe('a WebSocket', () => {
  /** What a client that asks for one is answered. */
  function upgrade(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const asked = request(`${around.gateway.url}${path}`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        ...headers,
      },
    });
    asked.on('response', (response) => {
      let body = '';
      response.on('data', (data: Buffer) => (body += data.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('upgrade', () => reject(new Error('it was upgraded')));
    asked.on('error', reject);
    asked.end();
    return promise;
  }

  test.each(['/v1/realtime?model=gpt', '/openai/v1/realtime?model=gpt', '/openai/realtime?deployment=gpt', '/v1/responses'])(
    'at %s is refused, with a reason',
    async (path) => {
      const { status, body } = await upgrade(path, { authorization: `Bearer ${keys.open}` });
      expect(status).toBe(404);
      expect(JSON.parse(body)).toMatchObject({ error: { code: 'unknown-endpoint', message: expect.stringContaining('There is no WebSocket here') } });
    },
  );
});
