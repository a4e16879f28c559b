import OpenAI, { AzureOpenAI } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFakeAzureOpenAI } from './azure-openai.ts';
import { collect, errorOf } from './fakes.fixture.ts';
import type { FakeProvider } from './server.ts';

let fake: FakeProvider;
let client: AzureOpenAI;
const apiVersion = '2024-10-21';
const token = 'entra-token';
beforeAll(async () => {
  fake = await startFakeAzureOpenAI({ token, deployments: { house: 'gpt-4o-mini', thinker: 'gpt-5-mini', vectors: 'text-embedding-3-small' } });
  client = new AzureOpenAI({ endpoint: fake.url, apiKey: fake.apiKey, apiVersion, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const messages = [{ role: 'user' as const, content: 'Hi' }];
const chat = '/openai/deployments/house/chat/completions';
const send = (path: string, headers: Record<string, string>, body: object = { messages }): Promise<Response> =>
  fetch(fake.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

test('answers at a deployment with the model behind it', async () => {
  const completion = await client.chat.completions.create({ model: 'house', messages });
  expect(completion).toMatchObject({ model: 'gpt-4o-mini', choices: [{ content_filter_results: { hate: { filtered: false } } }] });
  expect(completion.choices[0]?.message.content).toBe('Hello from the demo Azure OpenAI (gpt-4o-mini). You said: "Hi"');
  expect(fake.requests[0]?.path).toBe(`${chat}?api-version=${apiVersion}`);
});

test('starts a stream with a chunk that has no choice', async () => {
  const chunks = await collect(await client.chat.completions.create({ model: 'house', messages, stream: true }));
  expect(chunks[0]).toMatchObject({ choices: [], prompt_filter_results: [{}] });
  expect(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? '').join('')).toMatch(/You said: "Hi"$/);
});

test('gives embeddings and responses', async () => {
  const { data } = await client.embeddings.create({ model: 'vectors', input: 'Hi' });
  expect(data[0]?.embedding).toHaveLength(1536);
  const response = await client.responses.create({ model: 'thinker', input: 'Hi' });
  expect(response).toMatchObject({ model: 'gpt-5-mini', output_text: expect.stringContaining('Azure') as unknown });
  expect(await client.responses.retrieve(response.id)).toMatchObject({ id: response.id });
});

test('speaks the version 1 API to the plain client', async () => {
  const plain = new OpenAI({ baseURL: `${fake.url}/openai/v1`, apiKey: fake.apiKey, maxRetries: 0 });
  expect((await plain.chat.completions.create({ model: 'house', messages })).model).toBe('gpt-4o-mini');
  expect((await plain.responses.create({ model: 'house', input: 'Hi' })).output_text).toContain('Hi');
});

test('takes a key in api-key, and a token as Bearer', async () => {
  const path = `${chat}?api-version=${apiVersion}`;
  const status = async (headers: Record<string, string>, at = path): Promise<number> => (await send(at, headers)).status;
  expect(await status({ 'api-key': fake.apiKey })).toBe(200);
  expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
  expect(await status({ authorization: `Bearer ${fake.apiKey}` })).toBe(401);
  expect(await status({ 'api-key': token })).toBe(401);
  expect(await status({})).toBe(401);
  const entra = new AzureOpenAI({ endpoint: fake.url, azureADTokenProvider: () => Promise.resolve(token), apiVersion, maxRetries: 0 });
  expect((await entra.chat.completions.create({ model: 'house', messages })).object).toBe('chat.completion');
});

test.each([
  ['no api-version', chat],
  ['an api-version that is no date', `${chat}?api-version=latest`],
  ['the path of OpenAI', '/v1/chat/completions'],
  ['responses under a deployment', `/openai/deployments/house/responses?api-version=${apiVersion}`],
  ['chat without a deployment', `/openai/chat/completions?api-version=${apiVersion}`],
])('finds nothing for %s', async (_name, path) => {
  expect(await errorOf(await send(path, { 'api-key': fake.apiKey }))).toEqual({ status: 404, code: '404', message: expect.any(String) as unknown });
});

test('knows its deployments alone', async () => {
  await expect(client.chat.completions.create({ model: 'gpt-4o-mini', messages })).rejects.toMatchObject({ status: 404, code: 'DeploymentNotFound' });
  await expect(client.embeddings.create({ model: 'nowhere', input: 'x' })).rejects.toMatchObject({ status: 404, code: 'DeploymentNotFound' });
  await expect(client.chat.completions.create({ model: 'fail-503', messages })).rejects.toMatchObject({ status: 503 });
});

test('refuses what the model behind the deployment refuses', async () => {
  await expect(client.chat.completions.create({ model: 'thinker', messages, max_tokens: 9 })).rejects.toMatchObject({
    status: 400,
    code: 'unsupported_parameter',
  });
});
