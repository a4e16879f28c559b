import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { collect } from '../fakes.fixture.ts';
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

const model = 'gpt-3.5-turbo-instruct';
const request = { model, prompt: 'Hi Zoë', max_tokens: 1000 };
const sentence = 'Hello from the demo OpenAI (gpt-3.5-turbo-instruct). You said: "Hi Zoë"';

test('continues a prompt', async () => {
  const completion = await client.completions.create(request);
  expect(completion).toMatchObject({ object: 'text_completion', model });
  expect(completion.choices).toEqual([{ index: 0, text: sentence, logprobs: null, finish_reason: 'stop' }]);
  expect(completion.usage?.completion_tokens).toBeGreaterThan(10);
});

test('streams the same text, with usage last where it is asked for', async () => {
  const chunks = await collect(await client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }));
  expect(chunks.map(({ choices: [choice] }) => choice?.text ?? '').join('')).toBe(sentence);
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: chunks.length - 2 } });
  const text = await (await client.completions.create({ ...request, stream: true }).asResponse()).text();
  expect(text).not.toContain('usage');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
});

test('writes 16 tokens where nobody says how many', async () => {
  const { choices, usage } = await client.completions.create({ model, prompt: 'Hi' });
  expect([choices[0]?.finish_reason, usage?.completion_tokens]).toEqual(['length', 16]);
});

test('gives each prompt so many choices, and repeats the prompt where it is told to', async () => {
  const { choices } = await client.completions.create({ ...request, prompt: ['one', 'two'], n: 2, echo: true });
  expect(choices.map(({ index, text }) => [index, text.slice(0, 9), /You said: "(\w+)"/.exec(text)?.[1]])).toEqual([
    [0, 'oneHello ', 'one'],
    [1, 'oneHello ', 'one'],
    [2, 'twoHello ', 'two'],
    [3, 'twoHello ', 'two'],
  ]);
});

test('stops where it is told to', async () => {
  const { choices } = await client.completions.create({ ...request, stop: [' You'] });
  expect(choices[0]).toMatchObject({ text: 'Hello from the demo OpenAI (gpt-3.5-turbo-instruct).', finish_reason: 'stop' });
});

test('gives logprobs where they are asked for', async () => {
  const { choices } = await client.completions.create({ ...request, logprobs: 2 });
  const logprobs = choices[0]?.logprobs;
  expect(logprobs?.tokens?.join('')).toBe(sentence);
  expect(logprobs?.text_offset?.slice(0, 2)).toEqual([0, 4]);
  expect(Object.keys(logprobs?.top_logprobs?.[0] ?? {})).toEqual(['Hell', 'Hell~1']);
});

test.each<[name: string, fields: Record<string, unknown>, status: number]>([
  ['an unknown field', { messages: [] }, 400],
  ['no prompt', { prompt: undefined }, 400],
  ['texts and tokens in one list', { prompt: ['a', 1] }, 400],
  ['a chat model', { model: 'gpt-4o' }, 404],
  ['an unknown model', { model: 'gpt-99' }, 404],
  ['more logprobs than five', { logprobs: 6 }, 400],
  ['best_of below n', { n: 3, best_of: 2 }, 400],
  ['a suffix for a model without', { model: 'davinci-002', suffix: 'x' }, 400],
  ['stream_options without a stream', { stream_options: { include_usage: true } }, 400],
])('refuses %s', async (_name, fields, status) => {
  await expect(client.post('/completions', { body: { ...request, ...fields } })).rejects.toMatchObject({ status });
});

test('takes tokens for a prompt', async () => {
  expect((await client.completions.create({ ...request, prompt: [1, 2] })).choices[0]?.text).toContain('"1 2"');
});
