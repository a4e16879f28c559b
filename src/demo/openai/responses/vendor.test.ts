import OpenAI from 'openai';
import type { FunctionTool, Response, ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { collect } from '../../fakes.fixture.ts';
import { startFakeOpenAI } from '../../openai.ts';
import type { FakeProvider } from '../../server.ts';

let fake: FakeProvider;
let client: OpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI({ now: () => 1_700_000_000_999 });
  client = new OpenAI({ baseURL: fake.url, apiKey: fake.apiKey, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const model = 'gpt-5-mini';
const input = 'My address is zoë@example.org.';
const sentence = 'Hello from the demo OpenAI (gpt-5-mini). You said: "My address is zoë@example.org."';
const tool = (name: string): FunctionTool => ({
  type: 'function',
  name,
  strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
});
const tools = [tool('get_weather'), tool('get_time')];
const asking = 'use get_time "Bern" and get_weather "Chur"';
const stateful: Pick<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model' | 'reasoning' | 'include' | 'store'> = {
  model,
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
  store: false,
};

/** What a client sends back of an answer. */
const back = ({ output }: Response): ResponseInputItem[] => output as ResponseInputItem[];

const streamOf = async (params: OpenAI.Responses.ResponseCreateParamsNonStreaming): Promise<ResponseStreamEvent[]> =>
  collect(await client.responses.create({ ...params, stream: true }));

test('repeats what the user said', async () => {
  const response = await client.responses.create({ model, input });
  expect(response).toMatchObject({ object: 'response', model, status: 'completed', created_at: 1_700_000_000, error: null, output_text: sentence });
  expect(response.output).toEqual([
    {
      id: expect.stringMatching(/^msg_/) as unknown,
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: sentence, annotations: [], logprobs: [] }],
    },
  ]);
  const input_tokens = Math.ceil((fake.requests[0]?.body.length ?? 0) / 4);
  expect(response.usage).toMatchObject({ input_tokens, total_tokens: input_tokens + (response.usage?.output_tokens ?? 0) });
});

test('streams the same response, event by event in the order of the API', async () => {
  const events = await streamOf({ model, input });
  const names = events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
  expect(names).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  expect(events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : [])).join('')).toBe(sentence);
  expect(events.at(-1)).toMatchObject({ response: { status: 'completed', usage: { output_tokens: expect.any(Number) as unknown } } });
  const final = await client.responses.stream({ model, input }).finalResponse();
  expect(final).toMatchObject({ status: 'completed', output_text: sentence });
});

test('names each event in its data, and says nothing after the last', async () => {
  const text = await (await client.responses.create({ model, input, stream: true }).asResponse()).text();
  for (const event of text.trimEnd().split('\n\n')) expect(event).toMatch(/^event: ([\w.]+)\ndata: \{"type":"\1"/);
  expect(text).not.toContain('[DONE]');
});

test('leaves obfuscation out where it is told to', async () => {
  const deltas = async (stream_options?: { include_obfuscation: boolean }): Promise<boolean[]> =>
    (await collect(await client.responses.create({ model, input, stream: true, ...(stream_options && { stream_options }) })))
      .filter(({ type }) => type === 'response.output_text.delta')
      .map((event) => 'obfuscation' in event);
  expect(new Set(await deltas())).toEqual(new Set([true]));
  expect(new Set(await deltas({ include_obfuscation: false }))).toEqual(new Set([false]));
});

test('calls tools, in JSON and streamed', async () => {
  const { output } = await client.responses.create({ model, input: asking, tools });
  expect(output).toMatchObject([
    { type: 'function_call', name: 'get_time', arguments: '{"city":"Bern"}', status: 'completed' },
    { type: 'function_call', name: 'get_weather', arguments: '{"city":"Chur"}' },
  ]);
  const stream = client.responses.stream({ model, input: asking, tools });
  const events = await collect(stream);
  expect(events.filter(({ type }) => type === 'response.function_call_arguments.delta').length).toBeGreaterThan(4);
  expect((await stream.finalResponse()).output).toMatchObject([{ arguments: '{"city":"Bern"}' }, { arguments: '{"city":"Chur"}' }]);
});

test('repeats what the tools answered, with the items sent back or referred to', async () => {
  const first = await client.responses.create({ model, input: asking, tools });
  const outputs = first.output.flatMap((item): ResponseInputItem[] =>
    item.type === 'function_call' ? [{ type: 'function_call_output', call_id: item.call_id, output: 'ok' }] : [],
  );
  const expected = 'get_time answered: "ok"\nget_weather answered: "ok"';
  const whole = await client.responses.create({ model, tools, input: [{ role: 'user', content: asking }, ...back(first), ...outputs] });
  expect(whole.output_text).toContain(expected);
  const continued = await client.responses.create({ model, tools, previous_response_id: first.id, input: outputs });
  expect(continued).toMatchObject({ previous_response_id: first.id, output_text: expect.stringContaining(expected) as unknown });
  const references = first.output.map(({ id = '' }): ResponseInputItem => ({ type: 'item_reference', id }));
  const referring = await client.responses.create({ model, tools, input: [{ role: 'user', content: asking }, ...references, ...outputs] });
  expect(referring.output_text).toContain(expected);
});

test('obeys tool_choice and parallel_tool_calls', async () => {
  const named = async (rest: object): Promise<unknown> =>
    (await client.responses.create({ model, input: asking, tools, ...rest })).output.map((item) => ('name' in item ? item.name : item.type));
  expect(await named({ parallel_tool_calls: false })).toEqual(['get_time']);
  expect(await named({ tool_choice: 'none' })).toEqual(['message']);
  expect(await named({ tool_choice: 'required', input })).toEqual(['get_weather']);
  expect(await named({ tool_choice: { type: 'function', name: 'get_weather' } })).toEqual(['get_weather']);
  expect(await named({ tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'get_time' }] } })).toEqual([
    'get_time',
    'get_weather',
  ]);
});

test('answers in the JSON that a schema asks for', async () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, warm: { type: 'boolean' } },
    required: ['city', 'warm'],
    additionalProperties: false,
  };
  const format = { type: 'json_schema', name: 'weather', strict: true, schema } as const;
  const { output_text } = await client.responses.create({ model, input: 'Say "Bern"', text: { format } });
  expect(JSON.parse(output_text)).toEqual({ city: 'Bern', warm: true });
  const object = await client.responses.create({ model, input: 'JSON please: "Bern"', text: { format: { type: 'json_object' } } });
  expect(JSON.parse(object.output_text)).toEqual({ said: 'Bern' });
});

test('reasons where it is asked to, and takes the state of it back', async () => {
  fake.behave({ say: { reasoning: 'let me see', toolCalls: [{ name: 'get_time', arguments: { city: 'Bern' }, id: 'call_1' }] } });
  const first = await client.responses.create({ ...stateful, input: asking, tools });
  expect(first.output).toMatchObject([
    { type: 'reasoning', id: expect.stringMatching(/^rs_/) as unknown, summary: [{ type: 'summary_text', text: 'let me see' }] },
    { type: 'function_call' },
  ]);
  expect(first.usage?.output_tokens_details.reasoning_tokens).toBe(3);
  const outputs: ResponseInputItem[] = [{ type: 'function_call_output', call_id: 'call_1', output: 'noon' }];
  const second = await client.responses.create({ ...stateful, tools, input: [{ role: 'user', content: asking }, ...back(first), ...outputs] });
  expect(second.output).toMatchObject([{ type: 'reasoning', summary: [{ text: 'Let me think about what was said.' }] }, { type: 'message' }]);
});

test('streams a summary of its reasoning, and the state of it when it is done', async () => {
  fake.behave({ say: { reasoning: 'let me see', text: 'Yes.' } });
  const events = await streamOf({ ...stateful, input });
  expect(events.slice(2, 10).map(({ type }) => type)).toEqual([
    'response.output_item.added',
    'response.reasoning_summary_part.added',
    ...Array.from({ length: 3 }, () => 'response.reasoning_summary_text.delta'),
    'response.reasoning_summary_text.done',
    'response.reasoning_summary_part.done',
    'response.output_item.done',
  ]);
  const stateIn = (event: ResponseStreamEvent | undefined): string => {
    const item = event && 'item' in event && event.item.type === 'reasoning' ? event.item : undefined;
    return item?.encrypted_content ?? '';
  };
  const [begun, done] = [stateIn(events[2]), stateIn(events[9])];
  const item = { type: 'reasoning' as const, id: events[9] && 'item' in events[9] ? (events[9].item.id ?? '') : '', summary: [] };
  const answer = { role: 'assistant' as const, content: 'Yes.' };
  const send = (encrypted_content: string) =>
    client.responses.create({
      ...stateful,
      input: [{ role: 'user', content: input }, { ...item, encrypted_content }, answer, { role: 'user', content: 'go on' }],
    });
  expect((await send(done)).status).toBe('completed');
  await expect(send(begun)).rejects.toMatchObject({ status: 400, code: 'invalid_encrypted_content' });
});

test('shows no summary and no state that was not asked for', async () => {
  fake.behave({ say: { reasoning: 'let me see' } }, { say: { hiddenReasoning: 'let me see' } });
  const { output } = await client.responses.create({ model, input });
  expect(output[0]).toEqual({ type: 'reasoning', id: expect.any(String) as unknown, summary: [] });
  const hidden = await client.responses.create({ ...stateful, input });
  expect(hidden.output[0]).toMatchObject({ type: 'reasoning', summary: [], encrypted_content: expect.any(String) as unknown });
});

test('keeps a response until it is deleted, unless it is told not to', async () => {
  const response = await client.responses.create({ model, input, instructions: 'Be brief.' });
  expect(await client.responses.retrieve(response.id)).toMatchObject({ id: response.id, output_text: sentence, instructions: 'Be brief.' });
  const { data } = await client.responses.inputItems.list(response.id);
  expect(data).toMatchObject([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }]);
  await client.responses.delete(response.id);
  await expect(client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 });
  await expect(client.responses.delete(response.id)).rejects.toMatchObject({ status: 404 });
  const { id } = await client.responses.create({ model, input, store: false });
  await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(client.responses.create({ model, input, previous_response_id: id })).rejects.toMatchObject({
    status: 400,
    code: 'previous_response_not_found',
  });
});

test('pages through the input', async () => {
  const turns = ['one', 'two', 'three'].map((content): ResponseInputItem => ({ role: 'user', content }));
  const { id } = await client.responses.create({ model, input: turns });
  const page = await client.responses.inputItems.list(id, { limit: 2, order: 'asc' });
  expect([page.data.length, page.has_more]).toEqual([2, true]);
  expect(await collect(client.responses.inputItems.list(id, { limit: 2, order: 'asc' }))).toHaveLength(3);
});

test('stored conversations go on, and keep nothing of the instructions', async () => {
  const first = await client.responses.create({ model, input: 'I am Zoë', instructions: 'x'.repeat(100) });
  const second = await client.responses.create({ model, input: 'And I?', previous_response_id: first.id });
  expect(second).toMatchObject({ instructions: null, output_text: expect.stringContaining('And I?') as unknown });
  const counted = await client.responses.inputTokens.count({ model, input: 'And I?', previous_response_id: first.id });
  expect(counted.input_tokens).toBeGreaterThan((await client.responses.inputTokens.count({ model, input: 'And I?' })).input_tokens);
});

test('is incomplete at the limit, and says why', async () => {
  const response = await client.responses.create({ model, input, max_output_tokens: 16 });
  expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, usage: { output_tokens: 16 } });
  expect(response.output.at(-1)).toMatchObject({ status: 'incomplete' });
  expect((await streamOf({ model, input, max_output_tokens: 16 })).at(-1)).toMatchObject({ type: 'response.incomplete' });
});

test('refuses, filters and fails where a test says so', async () => {
  fake.behave(
    { say: { refusal: 'No.' } },
    { say: { text: 'Well', finish: 'content_filter' } },
    { say: { text: '', finish: 'failed' } },
    { say: { refusal: 'No.' } },
  );
  expect((await client.responses.create({ model, input })).output[0]).toMatchObject({ content: [{ type: 'refusal', refusal: 'No.' }] });
  expect(await client.responses.create({ model, input })).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
  expect((await streamOf({ model, input })).at(-1)).toMatchObject({ type: 'response.failed', response: { error: { code: 'server_error' } } });
  const names = (await streamOf({ model, input })).map(({ type }) => type);
  expect(names).toContain('response.refusal.delta');
  expect(names).toContain('response.refusal.done');
});

test('breaks a stream with an error that the SDK throws', async () => {
  fake.behave({ errorEvent: { after: 4, status: 500, message: 'The engine is on fire.' } }, { errorEvent: { after: 4, status: 500 } });
  await expect(streamOf({ model, input })).rejects.toThrow('The engine is on fire.');
  const text = await (await client.responses.create({ model, input, stream: true }).asResponse()).text();
  expect(text).toMatch(/event: error\ndata: \{"type":"error","code":"server_error","message":"[^"]+","param":null,"sequence_number":4\}\n\n$/);
});

test('gives logprobs where they are asked for', async () => {
  const { output } = await client.responses.create({ model: 'gpt-4o-mini', input: 'Hi', include: ['message.output_text.logprobs'], top_logprobs: 2 });
  expect(output[0]).toMatchObject({ content: [{ logprobs: expect.arrayContaining([expect.objectContaining({ token: 'Hell' })]) as unknown }] });
});

test('reports what it has cached, and what it wrote where that is paid for', async () => {
  const details = async (of: string): Promise<unknown> =>
    (await client.responses.create({ model: of, input, instructions: 'Be brief. '.repeat(500) })).usage?.input_tokens_details;
  expect(await details(model)).toEqual({ cached_tokens: 0, cache_write_tokens: 0 });
  expect(await details(model)).toEqual({ cached_tokens: expect.any(Number) as unknown, cache_write_tokens: 0 });
  expect(await details('gpt-6-sol')).toMatchObject({ cached_tokens: 0, cache_write_tokens: expect.any(Number) as unknown });
});

test.each([{ writeBytes: 1 }, { lineEnd: '\r\n' as const, writeBytes: 3 }, { strangers: true }])(
  'is understood by the SDK with %j',
  async (behaviour) => {
    fake.behave(behaviour);
    const events = await streamOf({ model, input });
    expect(events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : [])).join('')).toBe(sentence);
  },
);
