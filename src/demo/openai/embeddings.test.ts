import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFakeOpenAI } from '../openai.ts';
import type { FakeProvider } from '../server.ts';

let fake: FakeProvider;
let client: OpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
  client = new OpenAI({ baseURL: fake.url, apiKey: fake.apiKey, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const model = 'text-embedding-3-small';
const vectorsOf = async (params: Partial<OpenAI.EmbeddingCreateParams>): Promise<number[][]> =>
  (await client.embeddings.create({ model, input: 'Hi', ...params })).data.map(({ embedding }) => embedding);

test('gives the same text the same vector, of length one', async () => {
  const [one, two, other] = await vectorsOf({ input: ['Hi', 'Hi', 'Ho'] });
  expect(one).toEqual(two);
  expect(one).not.toEqual(other);
  expect([one?.length, Math.hypot(...(one ?? []))]).toEqual([1536, expect.closeTo(1, 5)]);
});

test('gives the same numbers as floats and in base64', async () => {
  expect(await vectorsOf({ encoding_format: 'float' })).toEqual(await vectorsOf({}));
  const raw = await client.embeddings.create({ model, input: 'Hi', encoding_format: 'base64' });
  expect(raw.data[0]?.embedding).toBeTypeOf('string');
});

test('gives as many numbers as the model has, or as are asked for', async () => {
  expect((await vectorsOf({ model: 'text-embedding-3-large' }))[0]).toHaveLength(3072);
  expect((await vectorsOf({ dimensions: 7 }))[0]).toHaveLength(7);
});

test('takes tokens, and counts what it read', async () => {
  expect(await vectorsOf({ input: [[1, 2], [3]] })).toHaveLength(2);
  expect(await vectorsOf({ input: [1, 2] })).toHaveLength(1);
  const { usage } = await client.embeddings.create({ model, input: ['abcdefgh', 'abcd'] });
  expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
});

test.each<[name: string, fields: Record<string, unknown>, status: number]>([
  ['an unknown field', { task: 'x' }, 400],
  ['no input', { input: undefined }, 400],
  ['an empty text', { input: '' }, 400],
  ['an empty list', { input: [] }, 400],
  ['a text among tokens', { input: [1, 'a'] }, 400],
  ['a chat model', { model: 'gpt-4o' }, 400],
  ['an unknown model', { model: 'nothing' }, 404],
  ['more dimensions than there are', { dimensions: 2000 }, 400],
  ['dimensions of a model without', { model: 'text-embedding-ada-002', dimensions: 2 }, 400],
])('refuses %s', async (_name, fields, status) => {
  await expect(client.post('/embeddings', { body: { model, input: 'Hi', ...fields } })).rejects.toMatchObject({ status });
});

test('meets behaviours as chats do', async () => {
  fake.behave({ refuse: { status: 429 } });
  await expect(vectorsOf({})).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  await expect(vectorsOf({ model: 'fail-503' })).rejects.toMatchObject({ status: 503 });
});
