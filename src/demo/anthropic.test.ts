import Anthropic from '@anthropic-ai/sdk';
import type { MessageParam, ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFakeAnthropic } from './anthropic.ts';
import { collect } from './fakes.fixture.ts';
import type { FakeProvider } from './server.ts';

let fake: FakeProvider;
let client: Anthropic;
beforeAll(async () => {
  fake = await startFakeAnthropic();
  client = new Anthropic({ baseURL: fake.url, apiKey: fake.apiKey, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const model = 'claude-haiku-4-5';
const messages: MessageParam[] = [{ role: 'user', content: 'My address is zoë@example.org.' }];
const request = { model, max_tokens: 1000, messages };
const sentence = 'Hello from the demo Anthropic (claude-haiku-4-5). You said: "My address is zoë@example.org."';
const tool = (name: string): Anthropic.Tool => ({
  name,
  input_schema: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
});
const tools = [tool('get_weather'), tool('get_time')];
const asking: MessageParam[] = [{ role: 'user', content: 'use get_time "Bern" and get_weather "Chur"' }];

test('repeats what the user said', async () => {
  const message = await client.messages.create(request);
  expect(message).toMatchObject({ type: 'message', role: 'assistant', model, stop_reason: 'end_turn', stop_sequence: null });
  expect(message.content).toEqual([{ type: 'text', text: sentence, citations: null }]);
  expect(message.usage).toMatchObject({ input_tokens: Math.ceil((fake.requests[0]?.body.length ?? 0) / 4), cache_read_input_tokens: 0 });
  expect(message.usage.output_tokens).toBeGreaterThan(10);
});

test('streams the same message', async () => {
  const message = await client.messages.create(request);
  const events = await collect(await client.messages.create({ ...request, stream: true }));
  expect(await client.messages.stream(request).finalMessage()).toMatchObject({
    content: message.content,
    stop_reason: 'end_turn',
    usage: { output_tokens: message.usage.output_tokens },
  });
  expect(events[0]).toMatchObject({ type: 'message_start', message: { content: [], stop_reason: null, usage: { output_tokens: 1 } } });
  expect(events.at(-2)).toMatchObject({ type: 'message_delta', delta: { stop_reason: 'end_turn' } });
  expect(events.at(-1)).toEqual({ type: 'message_stop' });
});

test('names each event, and pings', async () => {
  const response = await client.messages.create({ ...request, stream: true }).asResponse();
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const events = (await response.text()).trimEnd().split('\n\n');
  for (const event of events) {
    const [, name, type] = /^event: (\w+)\ndata: \{"type":"(\w+)"/.exec(event) ?? [];
    expect(name).toBe(type);
  }
  expect(events[2]).toBe('event: ping\ndata: {"type":"ping"}');
});

test('calls the tools that the user names, in their order, with what is in quotes', async () => {
  const message = await client.messages.create({ ...request, messages: asking, tools });
  expect(message.stop_reason).toBe('tool_use');
  expect(message.content).toMatchObject([
    { type: 'tool_use', name: 'get_time', input: { city: 'Bern' } },
    { type: 'tool_use', name: 'get_weather', input: { city: 'Chur' } },
  ]);
});

test('streams tool input in fragments that the SDK puts together', async () => {
  const stream = client.messages.stream({ ...request, messages: asking, tools });
  const fragments = (await collect(stream)).filter((event) => event.type === 'content_block_delta' && event.index === 1);
  expect((await stream.finalMessage()).content).toMatchObject([{ input: { city: 'Bern' } }, { input: { city: 'Chur' } }]);
  expect(fragments.length).toBeGreaterThan(3);
});

test('obeys tool_choice', async () => {
  const named = async (tool_choice: Anthropic.ToolChoice, said = asking): Promise<unknown> =>
    (await client.messages.create({ ...request, messages: said, tools, tool_choice })).content.map((block) =>
      block.type === 'tool_use' ? block.name : block.type,
    );
  expect(await named({ type: 'auto', disable_parallel_tool_use: true })).toEqual(['get_time']);
  expect(await named({ type: 'none' })).toEqual(['text']);
  expect(await named({ type: 'any' }, messages)).toEqual(['get_weather']);
  expect(await named({ type: 'tool', name: 'get_weather' })).toEqual(['get_weather']);
});

test('repeats what the tools answered', async () => {
  const { content } = await client.messages.create({ ...request, messages: asking, tools });
  const results = content.flatMap((block): ToolResultBlockParam[] =>
    block.type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: block.id, content: 'ok' }] : [],
  );
  const after: MessageParam[] = [...asking, { role: 'assistant', content }, { role: 'user', content: results }];
  const message = await client.messages.create({ ...request, messages: after, tools });
  expect(message.stop_reason).toBe('end_turn');
  expect(message.content).toMatchObject([{ text: expect.stringContaining('get_time answered: "ok"\nget_weather answered: "ok"') as unknown }]);
});

test('stops at a stop sequence and at the limit', async () => {
  const stopped = await client.messages.create({ ...request, stop_sequences: ['address', '('] });
  expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: '(', content: [{ text: 'Hello from the demo Anthropic ' }] });
  const limited = await client.messages.create({ ...request, max_tokens: 3 });
  expect(limited).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 3 } });
});

test('writes to the cache what is marked, and reads what comes again', async () => {
  const system = [{ type: 'text' as const, text: 'Be brief. '.repeat(100), cache_control: { type: 'ephemeral' as const } }];
  const first = await client.messages.create({ ...request, system });
  const written = first.usage.cache_creation_input_tokens ?? 0;
  expect(written).toBeGreaterThan(200);
  const stream = client.messages.stream({ ...request, system, messages: asking });
  expect((await stream.finalMessage()).usage).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: written });
  const total = Math.ceil((fake.requests[1]?.body.length ?? 0) / 4);
  expect((await stream.finalMessage()).usage.input_tokens).toBe(total - written);
});

test('refuses, thinks and pauses where a test says so', async () => {
  fake.behave(
    { say: { refusal: 'No.' } },
    { say: { reasoning: 'let me see' } },
    { say: { finish: 'pause_turn' } },
    { say: { reasoning: 'let me see' } },
  );
  expect(await client.messages.create(request)).toMatchObject({ stop_reason: 'refusal', stop_details: { type: 'refusal' } });
  const thought = await client.messages.create(request);
  expect(thought.content).toMatchObject([{ type: 'thinking', thinking: 'let me see' }, { type: 'text' }]);
  expect((await client.messages.create(request)).stop_reason).toBe('pause_turn');
  expect((await client.messages.stream(request).finalMessage()).content).toEqual(thought.content);
  const back = await client.messages.create({ ...request, messages: [...messages, { role: 'assistant', content: thought.content }, ...messages] });
  expect(back.stop_reason).toBe('end_turn');
});

const thinking = { ...request, max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 1024 } } as const;
const goOn = (content: Anthropic.ContentBlock[]): MessageParam[] => [...messages, { role: 'assistant', content }, ...messages];

test('thinks where it is asked to, and takes its thinking back as it was', async () => {
  const { content } = await client.messages.create(thinking);
  expect(content).toMatchObject([
    { type: 'thinking', thinking: 'Let me think about what was said.' },
    { type: 'text', text: sentence },
  ]);
  expect((await client.messages.stream(thinking).finalMessage()).content).toEqual(content);
  expect((await client.messages.create({ ...thinking, messages: goOn(content) })).stop_reason).toBe('end_turn');
  const changed = content.map((block) => (block.type === 'thinking' ? { ...block, thinking: 'Something else.' } : block));
  await expect(client.messages.create({ ...thinking, messages: goOn(changed) })).rejects.toThrow(/messages\.1\.content\.0: the signature/);
});

test('gives a signature alone where thinking is not to be shown', async () => {
  const hidden = { ...thinking, thinking: { ...thinking.thinking, display: 'omitted' } } as const;
  const { content } = await client.messages.create(hidden);
  expect(content[0]).toEqual({ type: 'thinking', thinking: '', signature: expect.stringMatching(/.{40}/) as unknown });
  const events = await collect(await client.messages.create({ ...hidden, stream: true }));
  expect(events.filter((event) => event.type === 'content_block_delta' && event.index === 0)).toMatchObject([{ delta: { type: 'signature_delta' } }]);
  expect((await client.messages.create({ ...hidden, messages: goOn(content) })).stop_reason).toBe('end_turn');
  const latest = await client.messages.create({ ...request, model: 'claude-opus-5', thinking: { type: 'adaptive' } });
  expect(latest.content[0]).toMatchObject({ type: 'thinking', thinking: '' });
});

test('redacts thinking where a test says so, and takes it back as it was', async () => {
  fake.behave({ say: { hiddenReasoning: 'let me see' } }, { say: { hiddenReasoning: 'let me see' } });
  const { content } = await client.messages.create(thinking);
  expect(content).toMatchObject([{ type: 'redacted_thinking', data: expect.stringMatching(/.{40}/) as unknown }, { type: 'text' }]);
  expect((await client.messages.stream(thinking).finalMessage()).content).toEqual(content);
  expect((await client.messages.create({ ...thinking, messages: goOn(content) })).stop_reason).toBe('end_turn');
  const changed = content.map((block) => (block.type === 'redacted_thinking' ? { ...block, data: `${block.data.slice(0, -4)}AAAA` } : block));
  await expect(client.messages.create({ ...thinking, messages: goOn(changed) })).rejects.toThrow(/messages\.1\.content\.0: the data/);
});

test('answers in the JSON that a schema asks for', async () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, warm: { type: 'boolean' } },
    required: ['city'],
    additionalProperties: false,
  };
  const format = { type: 'json_schema', schema } as const;
  const said: MessageParam[] = [{ role: 'user', content: 'Say "Bern"' }];
  const { content } = await client.messages.create({ ...request, messages: said, output_config: { format } });
  expect(content).toMatchObject([{ text: '{"city":"Bern"}' }]);
  const beta = await client.beta.messages.create({ ...request, messages: said, output_format: format, betas: ['structured-outputs-2025-11-13'] });
  expect(beta.content).toMatchObject([{ text: '{"city":"Bern"}' }]);
});

test('reads documents in all their forms', async () => {
  const sources: Anthropic.DocumentBlockParam['source'][] = [
    { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
    { type: 'url', url: 'https://example.org/a.pdf' },
    { type: 'text', media_type: 'text/plain', data: 'words' },
    { type: 'content', content: [{ type: 'text', text: 'words' }] },
  ];
  const content = [...sources.map((source) => ({ type: 'document' as const, source, title: 'a' })), { type: 'text' as const, text: 'Hi' }];
  expect((await client.messages.create({ ...request, messages: [{ role: 'user', content }] })).content).toMatchObject([
    { text: expect.stringContaining('"Hi"') as unknown },
  ]);
});

test('says for how long it keeps what it wrote to the cache', async () => {
  const cached = async (ttl: '5m' | '1h'): Promise<unknown> => {
    const system = [{ type: 'text' as const, text: `${ttl} `.repeat(100), cache_control: { type: 'ephemeral' as const, ttl } }];
    return (await client.messages.create({ ...request, system })).usage.cache_creation;
  };
  expect(await cached('5m')).toEqual({ ephemeral_5m_input_tokens: expect.any(Number) as unknown, ephemeral_1h_input_tokens: 0 });
  expect(await cached('1h')).toMatchObject({ ephemeral_5m_input_tokens: 0 });
});

test('counts tokens of what Messages would take', async () => {
  const { model: name, messages: said } = request;
  const { input_tokens } = await client.messages.countTokens({ model: name, messages: said, tools });
  expect(input_tokens).toBe(Math.ceil((fake.requests[0]?.body.length ?? 0) / 4));
  await expect(client.messages.countTokens({ model: 'claude-99', messages: said })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  await expect(client.messages.countTokens({ model: name, messages: [] })).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  await expect(client.post('/v1/messages/count_tokens', { body: { ...request } })).rejects.toThrow(/max_tokens: no such field/);
});

test('lists its models, page by page, and shows each', async () => {
  const all = await collect(client.models.list({ limit: 4 }));
  expect(all.map(({ id }) => id)).toContain(model);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(await client.models.retrieve(model)).toMatchObject({ id: model, type: 'model' });
  await expect(client.models.retrieve('claude-99')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  await expect(new Anthropic({ baseURL: fake.url, apiKey: 'no', maxRetries: 0 }).models.list()).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
});

test('gives errors that the SDK knows', async () => {
  fake.behave({ refuse: { status: 529 } }, { refuse: { status: 429 } });
  await expect(client.messages.create(request)).rejects.toMatchObject({ status: 529, error: { error: { type: 'overloaded_error' } } });
  await expect(client.messages.create(request)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
  await expect(new Anthropic({ baseURL: fake.url, apiKey: 'no', maxRetries: 0 }).messages.create(request)).rejects.toBeInstanceOf(
    Anthropic.AuthenticationError,
  );
  await expect(client.messages.create({ ...request, model: 'claude-99' })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
});

test('breaks a stream with an error that the SDK throws', async () => {
  fake.behave({ errorEvent: { after: 5, status: 529 } });
  await expect(client.messages.stream(request).finalMessage()).rejects.toThrow(/overloaded_error/);
});

test.each([{ writeBytes: 1 }, { lineEnd: '\r\n' as const, writeBytes: 3 }, { lineEnd: '\r' as const }, { strangers: true }])(
  'is understood by the SDK with %j',
  async (behaviour) => {
    fake.behave(behaviour);
    expect((await client.messages.stream(request).finalMessage()).content).toMatchObject([{ text: sentence }]);
  },
);
