import OpenAI from 'openai';
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { collect } from './fakes.fixture.ts';
import { startFakeOpenAI } from './openai.ts';
import type { FakeProvider } from './server.ts';

let fake: FakeProvider;
let client: OpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI({ now: () => 1_700_000_000_999 });
  client = new OpenAI({ baseURL: fake.url, apiKey: fake.apiKey, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const model = 'gpt-4o-mini';
const messages = [{ role: 'user' as const, content: 'My address is zoë@example.org.' }];
const sentence = 'Hello from the demo OpenAI (gpt-4o-mini). You said: "My address is zoë@example.org."';
const tool = (name: string): ChatCompletionTool => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] } },
});
const tools = [tool('get_weather'), tool('get_time')];
const asking: ChatCompletionMessageParam[] = [{ role: 'user', content: 'use get_time "Bern" and get_weather "Chur"' }];

test('repeats what the user said', async () => {
  const completion = await client.chat.completions.create({ model, messages });
  expect(completion).toMatchObject({ object: 'chat.completion', model, created: 1_700_000_000 });
  expect(completion.choices).toEqual([
    { index: 0, message: { role: 'assistant', content: sentence, refusal: null, annotations: [] }, logprobs: null, finish_reason: 'stop' },
  ]);
});

test('counts a token per four bytes of the request and one per piece of the answer', async () => {
  const { usage } = await client.chat.completions.create({ model, messages });
  const prompt_tokens = Math.ceil((fake.requests[0]?.body.length ?? 0) / 4);
  expect(usage).toMatchObject({ prompt_tokens, total_tokens: prompt_tokens + (usage?.completion_tokens ?? 0) });
  expect(usage?.completion_tokens).toBeGreaterThan(10);
});

test('streams the same words, with usage last', async () => {
  const chunks = await collect(await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } }));
  expect(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? '').join('')).toBe(sentence);
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null });
  expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: chunks.length - 3 } });
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
});

test('says nothing of usage in a stream unless asked, and ends with [DONE]', async () => {
  const response = await client.chat.completions.create({ model, messages, stream: true }).asResponse();
  const text = await response.text();
  expect(text).not.toContain('usage');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
});

test('leaves obfuscation out where it is told to', async () => {
  const [padded] = await collect(await client.chat.completions.create({ model, messages, stream: true }));
  expect(padded).toHaveProperty('obfuscation');
  const [plain] = await collect(
    await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_obfuscation: false } }),
  );
  expect(plain).not.toHaveProperty('obfuscation');
});

test('calls the tools that the user names, in their order, with what is in quotes', async () => {
  const { choices } = await client.chat.completions.create({ model, messages: asking, tools });
  expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
  expect(choices[0]?.message.tool_calls).toMatchObject([
    { type: 'function', function: { name: 'get_time', arguments: '{"city":"Bern"}' } },
    { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Chur"}' } },
  ]);
});

test('streams tool calls in fragments that the SDK puts together', async () => {
  const stream = client.chat.completions.stream({ model, messages: asking, tools });
  const chunks = await collect(stream);
  const { choices } = await stream.finalChatCompletion();
  expect(choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments)).toEqual([
    '{"city":"Bern"}',
    '{"city":"Chur"}',
  ]);
  expect(chunks.filter((chunk) => chunk.choices[0]?.delta.tool_calls?.[0]?.index === 1).length).toBeGreaterThan(2);
});

test('obeys tool_choice and parallel_tool_calls', async () => {
  const named = async (rest: object): Promise<unknown> => {
    const { choices } = await client.chat.completions.create({ model, messages: asking, tools, ...rest });
    return [choices[0]?.finish_reason, ...(choices[0]?.message.tool_calls ?? []).map((call) => call.type === 'function' && call.function.name)];
  };
  expect(await named({ parallel_tool_calls: false })).toEqual(['tool_calls', 'get_time']);
  expect(await named({ tool_choice: 'none' })).toEqual(['stop']);
  expect(await named({ tool_choice: 'required', messages })).toEqual(['tool_calls', 'get_weather']);
  expect(await named({ tool_choice: { type: 'function', function: { name: 'get_weather' } } })).toEqual(['stop', 'get_weather']);
});

test('repeats what the tools answered', async () => {
  const first = await client.chat.completions.create({ model, messages: asking, tools });
  const [message] = first.choices.map((choice) => choice.message);
  const results = (message?.tool_calls ?? []).map((call): ChatCompletionMessageParam => ({
    role: 'tool',
    tool_call_id: call.id,
    content: `${call.id} "ok"`,
  }));
  const { choices } = await client.chat.completions.create({ model, messages: [...asking, ...(message ? [message] : []), ...results], tools });
  expect(choices[0]?.finish_reason).toBe('stop');
  expect(choices[0]?.message.content).toMatch(/get_time answered: "call_demo_\d+_0 "ok""\nget_weather answered: "call_demo_\d+_1 "ok""/);
});

test('stops at a stop sequence and at the limit', async () => {
  const stopped = await client.chat.completions.create({ model, messages, stop: ['address', '('] });
  expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Hello from the demo OpenAI ' } });
  const limited = await client.chat.completions.create({ model, messages, max_completion_tokens: 3 });
  expect(limited.choices[0]?.finish_reason).toBe('length');
  expect(limited.usage?.completion_tokens).toBe(3);
});

test('gives as many choices as asked for, in JSON and streamed', async () => {
  const { choices, usage } = await client.chat.completions.create({ model, messages, n: 3 });
  expect(choices.map(({ index, message }) => [index, message.content])).toEqual([0, 1, 2].map((index) => [index, sentence]));
  expect((usage?.completion_tokens ?? 0) % 3).toBe(0);
  const texts = ['', '', ''];
  for await (const { choices: deltas } of await client.chat.completions.create({ model, messages, n: 3, stream: true })) {
    for (const { index, delta } of deltas) texts[index] += delta.content ?? '';
  }
  expect(texts).toEqual([sentence, sentence, sentence]);
});

test('reports what it has cached of a long prompt that comes again', async () => {
  const system = { role: 'system' as const, content: 'Be brief. '.repeat(500) };
  const cached = async (): Promise<number | undefined> =>
    (await client.chat.completions.create({ model, messages: [system, ...messages] })).usage?.prompt_tokens_details?.cached_tokens;
  expect(await cached()).toBe(0);
  expect(await cached()).toBeGreaterThan(1024);
});

test('refuses, filters and reasons where a test says so', async () => {
  fake.behave(
    { say: { refusal: 'No.' } },
    { say: { text: 'Well', finish: 'content_filter' } },
    { say: { reasoning: 'let me see' } },
    { say: { refusal: 'No.' } },
  );
  const create = () => client.chat.completions.create({ model, messages });
  expect((await create()).choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: null, refusal: 'No.' } });
  expect((await create()).choices[0]?.finish_reason).toBe('content_filter');
  expect((await create()).usage?.completion_tokens_details?.reasoning_tokens).toBe(3);
  const stream = client.chat.completions.stream({ model, messages });
  expect((await stream.finalMessage()).refusal).toBe('No.');
});

test('gives errors that the SDK knows', async () => {
  const create = () => client.chat.completions.create({ model, messages });
  fake.behave({ refuse: { status: 429 } }, { refuse: { status: 503 } });
  await expect(create()).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded', name: 'Error' });
  await expect(create()).rejects.toBeInstanceOf(OpenAI.InternalServerError);
  await expect(new OpenAI({ baseURL: fake.url, apiKey: 'sk-no', maxRetries: 0 }).chat.completions.create({ model, messages })).rejects.toMatchObject({
    status: 401,
    code: 'invalid_api_key',
  });
  await expect(client.chat.completions.create({ model: 'gpt-99', messages })).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
});

test('breaks a stream with an error that the SDK throws', async () => {
  fake.behave({ errorEvent: { after: 4, status: 500, message: 'The engine is on fire.' } });
  const heard: string[] = [];
  const listen = async (): Promise<void> => {
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
      heard.push(chunk.choices[0]?.delta.content ?? '');
  };
  await expect(listen()).rejects.toThrow('The engine is on fire.');
  expect(heard).toHaveLength(4);
});

test.each([{ writeBytes: 1 }, { lineEnd: '\r\n' as const, writeBytes: 3 }, { lineEnd: '\r' as const }, { strangers: true }])(
  'is understood by the SDK with %j',
  async (behaviour) => {
    fake.behave(behaviour);
    const text = async (): Promise<string> => {
      const chunks = await collect(await client.chat.completions.create({ model, messages, stream: true }));
      return chunks.map(({ choices: [choice] }) => choice?.delta.content ?? '').join('');
    };
    expect(await text()).toBe(sentence);
  },
);
