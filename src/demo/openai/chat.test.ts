import OpenAI from 'openai';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
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

const request = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Say "Bern" as JSON' }] };
const create = (fields: Partial<ChatCompletionCreateParamsNonStreaming>) => client.chat.completions.create({ ...request, ...fields });

const schema = {
  type: 'object',
  properties: { city: { $ref: '#/$defs/city' }, days: { type: 'array', items: { type: 'integer' } } },
  required: ['city', 'days'],
  additionalProperties: false,
  $defs: { city: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false } },
};
const json_schema = { name: 'weather', strict: true, schema };

test('answers in the JSON that a schema asks for, whole and streamed', async () => {
  const expected = { city: { name: 'Bern' }, days: [1] };
  const { choices } = await create({ response_format: { type: 'json_schema', json_schema } });
  expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual(expected);
  const stream = client.chat.completions.stream({ ...request, response_format: { type: 'json_schema', json_schema } });
  expect(JSON.parse((await stream.finalContent()) ?? '')).toEqual(expected);
});

test('answers in some JSON where any will do', async () => {
  const { choices } = await create({ response_format: { type: 'json_object' } });
  expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual({ said: 'Bern' });
});

test('gives logprobs where they are asked for, whole and streamed', async () => {
  const { choices } = await create({ logprobs: true, top_logprobs: 2 });
  const tokens = choices[0]?.logprobs?.content ?? [];
  expect(tokens.map(({ token }) => token).join('')).toBe(choices[0]?.message.content);
  expect(tokens[0]).toMatchObject({ token: 'Hell', bytes: [72, 101, 108, 108], top_logprobs: [{ token: 'Hell' }, {}] });
  const chunks = await collect(await client.chat.completions.create({ ...request, logprobs: true, stream: true }));
  expect(chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? []).map(({ token }) => token)).toEqual(tokens.map(({ token }) => token));
});

test('counts what of a prediction came true', async () => {
  fake.behave({ say: { text: 'one two' } });
  const { usage } = await create({ prediction: { type: 'content', content: 'one two six' } });
  expect(usage).toMatchObject({ completion_tokens: 3, completion_tokens_details: { accepted_prediction_tokens: 2, rejected_prediction_tokens: 1 } });
});

test('says which tier served', async () => {
  expect((await create({ service_tier: 'flex' })).service_tier).toBe('flex');
  expect((await create({ service_tier: 'auto' })).service_tier).toBe('default');
});

test('tells what it wrote to the cache where that is paid for', async () => {
  const messages = [{ role: 'system' as const, content: 'Be brief. '.repeat(500) }, ...request.messages];
  expect((await create({ model: 'gpt-6-sol', messages })).usage?.prompt_tokens_details?.cache_write_tokens).toBeGreaterThan(1000);
  expect((await create({ messages })).usage?.prompt_tokens_details).not.toHaveProperty('cache_write_tokens');
});

test('takes images, files and audio', async () => {
  const content = [
    { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=', detail: 'low' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGk=' } },
    { type: 'input_audio', input_audio: { data: 'aGk=', format: 'wav' } },
    { type: 'text', text: 'Hi' },
  ] as const;
  expect((await create({ messages: [{ role: 'user', content: [...content] }] })).choices[0]?.message.content).toContain('"Hi"');
});
