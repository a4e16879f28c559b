import {
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import type { BedrockRuntimeClient, ConverseCommandInput, ConverseStreamOutput, ContentBlock, Message } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeBedrock } from './bedrock.ts';
import type { FakeBedrock } from './bedrock.ts';
import { createBearerClient, createClient } from './bedrock/client.fixture.ts';
import { collect } from './fakes.fixture.ts';
import { isObject } from './shape.ts';

let fake: FakeBedrock;
let client: BedrockRuntimeClient;
beforeAll(async () => {
  fake = await startFakeBedrock();
  client = createClient(fake);
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const modelId = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const messages: Message[] = [{ role: 'user', content: [{ text: 'My address is zoë@example.org.' }] }];
const request = { modelId, messages };
const sentence = `Hello from the demo Bedrock (${modelId}). You said: "My address is zoë@example.org."`;
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const toolConfig = { tools: ['get_weather', 'get_time'].map((name) => ({ toolSpec: { name, inputSchema: { json: schema } } })) };
const asking: Message[] = [{ role: 'user', content: [{ text: 'use get_time "Bern" and get_weather "Chur"' }] }];
const thinking = { thinking: { type: 'enabled', budget_tokens: 1024 } };

const converse = (input: Partial<ConverseCommandInput> = {}) => client.send(new ConverseCommand({ ...request, ...input }));

async function stream(input: Partial<ConverseCommandInput> = {}): Promise<ConverseStreamOutput[]> {
  const answer = await client.send(new ConverseStreamCommand({ ...request, ...input }));
  return collect(answer.stream ?? fail());
}

function fail(): never {
  throw new Error('there is no stream');
}

const namesOf = (events: readonly ConverseStreamOutput[]): string[] => events.map((event) => Object.keys(event)[0] ?? '');
const deltasOf = (events: readonly ConverseStreamOutput[]) => events.flatMap(({ contentBlockDelta }) => contentBlockDelta?.delta ?? []);
const textIn = (events: readonly ConverseStreamOutput[]): string =>
  deltasOf(events)
    .map(({ text = '' }) => text)
    .join('');

describe('converse', () => {
  test('repeats what the user said', async () => {
    const answer = await converse();
    expect(answer.output?.message).toEqual({ role: 'assistant', content: [{ text: sentence }] });
    expect(answer).toMatchObject({ stopReason: 'end_turn', metrics: { latencyMs: 1 } });
    const input = Math.ceil((fake.requests[0]?.body.length ?? 0) / 4);
    const { inputTokens = 0, outputTokens = 0, totalTokens } = answer.usage ?? {};
    expect(inputTokens).toBe(input);
    expect(totalTokens).toBe(input + outputTokens);
  });

  test('streams the same, and only tool uses have a start', async () => {
    const events = await stream();
    expect(textIn(events)).toBe(sentence);
    const names = namesOf(events);
    expect(names[0]).toBe('messageStart');
    expect(new Set(names.slice(1, -3))).toEqual(new Set(['contentBlockDelta']));
    expect(names.slice(-3)).toEqual(['contentBlockStop', 'messageStop', 'metadata']);
    const { usage } = await converse();
    expect(events.at(-1)?.metadata?.usage).toMatchObject({ outputTokens: usage?.outputTokens, cacheReadInputTokens: 0 });
  });

  test('calls the tools that the user names, in JSON and in fragments', async () => {
    const answer = await converse({ messages: asking, toolConfig });
    expect(answer.stopReason).toBe('tool_use');
    expect(answer.output?.message?.content).toMatchObject([
      { toolUse: { name: 'get_time', input: { city: 'Bern' } } },
      { toolUse: { name: 'get_weather', input: { city: 'Chur' } } },
    ]);
    const events = await stream({ messages: asking, toolConfig });
    const [start] = events.flatMap(({ contentBlockStart }) => contentBlockStart ?? []);
    expect(start).toMatchObject({
      contentBlockIndex: 0,
      start: { toolUse: { name: 'get_time', toolUseId: expect.stringMatching(/^tooluse_/) as unknown } },
    });
    const fragments = events.flatMap(({ contentBlockDelta: delta }) => (delta?.contentBlockIndex === 1 ? (delta.delta?.toolUse?.input ?? []) : []));
    expect(fragments.length).toBeGreaterThan(2);
    expect(JSON.parse(fragments.join(''))).toEqual({ city: 'Chur' });
  });

  test('obeys the tool choice', async () => {
    const named = async (toolChoice: NonNullable<ConverseCommandInput['toolConfig']>['toolChoice']): Promise<unknown> =>
      (await converse({ toolConfig: { ...toolConfig, toolChoice } })).output?.message?.content?.map(({ toolUse }) => toolUse?.name);
    expect(await named({ auto: {} })).toEqual([undefined]);
    expect(await named({ any: {} })).toEqual(['get_weather']);
    expect(await named({ tool: { name: 'get_time' } })).toEqual(['get_time']);
  });

  test('repeats what the tools answered', async () => {
    const { output } = await converse({ messages: asking, toolConfig });
    const content = output?.message?.content ?? [];
    const results = content.flatMap(({ toolUse }): ContentBlock[] =>
      toolUse ? [{ toolResult: { toolUseId: toolUse.toolUseId, content: [{ json: { degrees: 7 } }] } }] : [],
    );
    const answer = await converse({ messages: [...asking, { role: 'assistant', content }, { role: 'user', content: results }], toolConfig });
    expect(answer.output?.message?.content?.[0]?.text).toContain('get_time answered: "{"degrees":7}"\nget_weather answered:');
  });

  test('stops at a stop sequence, which it tells where it is asked, and at the limit', async () => {
    const stopped = await converse({ inferenceConfig: { stopSequences: ['('] }, additionalModelResponseFieldPaths: ['/stop_sequence'] });
    expect(stopped).toMatchObject({ stopReason: 'stop_sequence', additionalModelResponseFields: { stop_sequence: '(' } });
    expect(await converse({ inferenceConfig: { maxTokens: 3 } })).toMatchObject({ stopReason: 'max_tokens', usage: { outputTokens: 3 } });
  });

  test('writes to the cache what stands before a cache point, and reads what comes again', async () => {
    const system = [{ text: 'Be brief. '.repeat(100) }, { cachePoint: { type: 'default' as const } }];
    const written = (await converse({ system })).usage?.cacheWriteInputTokens ?? 0;
    expect(written).toBeGreaterThan(200);
    const usage = (await stream({ system, messages: asking })).at(-1)?.metadata?.usage;
    const total = Math.ceil((fake.requests[1]?.body.length ?? 0) / 4);
    expect(usage).toMatchObject({ cacheReadInputTokens: written, cacheWriteInputTokens: 0, inputTokens: total - written });
    expect(usage?.totalTokens).toBe(total + (usage?.outputTokens ?? 0));
  });

  test('thinks where it is asked to, with a signature that must come back', async () => {
    const answer = await converse({ additionalModelRequestFields: thinking });
    const content = answer.output?.message?.content ?? [];
    const signature = content[0]?.reasoningContent?.reasoningText?.signature ?? '';
    expect(signature).not.toBe('');
    const deltas = deltasOf(await stream({ additionalModelRequestFields: thinking })).flatMap(({ reasoningContent }) => reasoningContent ?? []);
    expect(deltas.at(-1)).toEqual({ signature });
    expect(deltas.map(({ text = '' }) => text).join('')).toBe(content[0]?.reasoningContent?.reasoningText?.text);

    const back = (first: ContentBlock | undefined) =>
      converse({
        messages: [...messages, { role: 'assistant', content: [first ?? fail(), { text: 'hm' }] }, ...messages],
        additionalModelRequestFields: thinking,
      });
    expect((await back(content[0])).stopReason).toBe('end_turn');
    await expect(back({ reasoningContent: { reasoningText: { text: 'other', signature } } })).rejects.toBeInstanceOf(ValidationException);
    await expect(back({ reasoningContent: { reasoningText: { text: 'unsigned' } } })).rejects.toBeInstanceOf(ValidationException);
  });

  test('hides reasoning where a test says so, and wants it back', async () => {
    fake.behave({ say: { hiddenReasoning: 'a secret' } }, { say: { hiddenReasoning: 'a secret' } });
    const [block] = (await converse()).output?.message?.content ?? [];
    const hidden = block?.reasoningContent?.redactedContent ?? fail();
    expect(Buffer.from(hidden).toString()).not.toContain('secret');
    expect(deltasOf(await stream())[0]?.reasoningContent?.redactedContent).toEqual(hidden);
    const back = (redactedContent: Uint8Array) =>
      converse({ messages: [...messages, { role: 'assistant', content: [{ reasoningContent: { redactedContent } }, { text: 'hm' }] }, ...messages] });
    expect((await back(hidden)).stopReason).toBe('end_turn');
    await expect(back(Buffer.from('forged'))).rejects.toBeInstanceOf(ValidationException);
  });

  test('a model of another vendor thinks unasked and unsigned', async () => {
    const answer = await converse({ modelId: 'us.deepseek.r1-v1:0' });
    expect(answer.output?.message?.content?.[0]?.reasoningContent).toEqual({ reasoningText: { text: expect.any(String) as unknown } });
  });

  test('fills a schema for its output', async () => {
    const jsonSchema = { name: 'place', schema: JSON.stringify(schema) };
    const answer = await converse({ messages: asking, outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } });
    expect(JSON.parse(answer.output?.message?.content?.[0]?.text ?? '')).toEqual({ city: 'Bern' });
  });

  test('takes the ARN of a model', async () => {
    const arn = `arn:aws:bedrock:eu-central-1:123456789012:inference-profile/${modelId}`;
    expect((await converse({ modelId: arn })).output?.message?.content?.[0]?.text).toContain(arn);
  });

  test.each([{ writeBytes: 1 }, { strangers: true }, { writeBytes: 7, strangers: true }])('is understood by the SDK with %j', async (behaviour) => {
    fake.behave(behaviour, behaviour);
    expect((await converse()).output?.message?.content?.[0]?.text).toBe(sentence);
    expect(textIn(await stream())).toBe(sentence);
  });
});

describe('errors', () => {
  test('have names that the SDK knows', async () => {
    fake.behave({ refuse: { status: 429 } }, { refuse: { status: 503 } }, { refuse: { status: 500 } }, { refuse: { status: 424 } });
    await expect(converse()).rejects.toBeInstanceOf(ThrottlingException);
    await expect(converse()).rejects.toMatchObject({ name: 'ServiceUnavailableException', $metadata: { httpStatusCode: 503 } });
    await expect(stream()).rejects.toMatchObject({ name: 'InternalServerException' });
    await expect(converse()).rejects.toMatchObject({ name: 'ModelErrorException' });
  });

  test.each([
    [429, 'throttlingException'],
    [500, 'internalServerException'],
    [424, 'modelStreamErrorException'],
    [503, 'serviceUnavailableException'],
  ])('a stream breaks with an exception for %i', async (status, member) => {
    fake.behave({ errorEvent: { after: 4, status, message: 'It is too much.' } });
    const { stream: events } = await client.send(new ConverseStreamCommand(request));
    const read: ConverseStreamOutput[] = [];
    const failure = (async () => {
      for await (const event of events ?? fail()) read.push(event);
    })();
    await expect(failure).rejects.toMatchObject({ name: member.charAt(0).toUpperCase() + member.slice(1), message: 'It is too much.' });
    expect(read).toHaveLength(4);
  });

  test('models are named as they may be called', async () => {
    const unknown = converse({ modelId: 'anthropic.claude-99' });
    await expect(unknown).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining('identifier') as unknown });
    const direct = converse({ modelId: 'anthropic.claude-haiku-4-5-20251001-v1:0' });
    await expect(direct).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining('inference profile') as unknown });
    await expect(converse({ modelId: 'fail-429' })).rejects.toBeInstanceOf(ThrottlingException);
  });

  test('there is nothing at other paths', async () => {
    const headers = { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'application/json' };
    const response = await fetch(`${fake.url}/v1/messages`, { method: 'POST', headers, body: '{}' });
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([404, expect.stringMatching(/^ResourceNotFoundException:/)]);
  });
});

describe('invoke for Claude', () => {
  const body = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 1000, messages: [{ role: 'user', content: 'Grüße' }] };
  const invoke = async (fields: object = {}): Promise<unknown> => {
    const { body: bytes } = await client.send(
      new InvokeModelCommand({ modelId, contentType: 'application/json', body: JSON.stringify({ ...body, ...fields }) }),
    );
    return JSON.parse(bytes.transformToString());
  };

  test('answers with Anthropic’s message', async () => {
    expect(await invoke()).toMatchObject({
      type: 'message',
      model: 'claude-haiku-4-5-20251001',
      content: [{ type: 'text', text: `Hello from the demo Bedrock (${modelId}). You said: "Grüße"` }],
      stop_reason: 'end_turn',
    });
  });

  test('streams Anthropic’s events as chunks, with Bedrock’s counts in the last', async () => {
    const { body: events } = await client.send(
      new InvokeModelWithResponseStreamCommand({ modelId, contentType: 'application/json', body: JSON.stringify(body) }),
    );
    const read = (await collect(events ?? fail())).map(({ chunk }): unknown => JSON.parse(Buffer.from(chunk?.bytes ?? fail()).toString()));
    expect(read[0]).toMatchObject({ type: 'message_start' });
    expect(read.map((event) => isObject(event) && event['type'])).not.toContain('ping');
    expect(read.at(-1)).toMatchObject({
      type: 'message_stop',
      'amazon-bedrock-invocationMetrics': { inputTokenCount: expect.any(Number) as unknown },
    });
  });

  test.each([
    ['no version', { anthropic_version: undefined }, 'anthropic_version'],
    ['the version of Anthropic’s own address', { anthropic_version: '2023-06-01' }, 'anthropic_version'],
    ['a model in the body', { model: 'claude-haiku-4-5' }, 'model'],
    ['stream in the body', { stream: true }, 'stream'],
    ['what Anthropic refuses', { messages: [] }, 'messages'],
    [
      'an image by URL',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }] }] },
      'messages.0',
    ],
  ])('refuses %s', async (_, fields, place) => {
    await expect(invoke(fields)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(new RegExp(`^${place}[:.]`)) as unknown,
    });
  });

  test('breaks a stream with an exception', async () => {
    fake.behave({ errorEvent: { after: 2, status: 429 } });
    const { body: events } = await client.send(
      new InvokeModelWithResponseStreamCommand({ modelId, contentType: 'application/json', body: JSON.stringify(body) }),
    );
    await expect(collect(events ?? fail())).rejects.toBeInstanceOf(ThrottlingException);
  });
});

describe('vectors, ranks and counts', () => {
  const invoke = async (model: string, body: object): Promise<unknown> => {
    const command = new InvokeModelCommand({ modelId: model, contentType: 'application/json', body: JSON.stringify(body) });
    return JSON.parse((await client.send(command)).body.transformToString());
  };
  const firstLengths = (byType: unknown): object =>
    Object.fromEntries(
      Object.entries(isObject(byType) ? byType : {}).map(([type, vectors]) => [type, Array.isArray(vectors) && lengthOf(vectors[0])]),
    );
  const lengthOf = (vector: unknown): number => (Array.isArray(vector) ? vector.length : 0);

  test('Titan gives one vector', async () => {
    const answer = await invoke('amazon.titan-embed-text-v2:0', { inputText: 'Grüße', dimensions: 256, embeddingTypes: ['float', 'binary'] });
    expect(answer).toMatchObject({ inputTextTokenCount: 2, embeddingsByType: { binary: expect.any(Array) as unknown } });
    expect(isObject(answer) && lengthOf(answer['embedding'])).toBe(256);
    await expect(invoke('amazon.titan-embed-text-v2:0', { inputText: 'Grüße', dimensions: 300 })).rejects.toBeInstanceOf(ValidationException);
  });

  test('Cohere gives vectors of the types that are asked for', async () => {
    const texts = ['one', 'two'];
    const plain = await invoke('cohere.embed-v4:0', { texts, input_type: 'search_document' });
    expect(plain).toMatchObject({ response_type: 'embeddings_floats', texts });
    expect(isObject(plain) && Array.isArray(plain['embeddings']) && plain['embeddings'].map(lengthOf)).toEqual([1536, 1536]);
    const typed = await invoke('cohere.embed-v4:0', {
      texts,
      input_type: 'search_query',
      embedding_types: ['int8', 'ubinary'],
      output_dimension: 256,
    });
    expect(firstLengths(isObject(typed) ? typed['embeddings'] : undefined)).toEqual({ int8: 256, ubinary: 32 });
    await expect(invoke('cohere.embed-v4:0', { texts })).rejects.toBeInstanceOf(ValidationException);
    await expect(
      invoke('cohere.embed-v4:0', { texts, inputs: [{ content: [{ type: 'text', text: 'x' }] }], input_type: 'clustering' }),
    ).rejects.toThrow(/exactly one/);
  });

  test('Cohere ranks what shares words with the query first', async () => {
    const documents = ['about dogs', 'a cat sat there', 'nothing'];
    const answer = await invoke('cohere.rerank-v3-5:0', { query: 'where is the cat', documents, top_n: 2, api_version: 2 });
    expect(answer).toMatchObject({ results: [{ index: 1 }, { index: expect.any(Number) as unknown }] });
    await expect(invoke('cohere.rerank-v3-5:0', { query: 'x', documents })).rejects.toThrow(/^api_version: /);
  });

  test('tokens are counted as they are billed', async () => {
    const { inputTokens } = await client.send(new CountTokensCommand({ modelId, input: { converse: { messages } } }));
    expect(inputTokens).toBe((await converse()).usage?.inputTokens);
    const body = Buffer.from(JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }));
    expect((await client.send(new CountTokensCommand({ modelId, input: { invokeModel: { body } } }))).inputTokens).toBe(Math.ceil(body.length / 4));
    await expect(client.send(new CountTokensCommand({ modelId: 'amazon.nova-lite-v1:0', input: { converse: { messages } } }))).rejects.toThrow(
      /counting tokens/,
    );
  });
});

describe('callers', () => {
  const answerTo = async (caller: BedrockRuntimeClient): Promise<string | undefined> => (await caller.send(new ConverseCommand(request))).stopReason;

  test('are let in with an access key or an API key', async () => {
    expect(await answerTo(createClient(fake))).toBe('end_turn');
    expect(fake.requests[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(await answerTo(createBearerClient(fake))).toBe('end_turn');
    expect(fake.requests[1]?.headers.authorization).toBe(`Bearer ${fake.apiKey}`);
  });

  test.each([
    ['another secret', { credentials: { accessKeyId: 'AKIADEMO', secretAccessKey: 'other' } }, 'InvalidSignatureException'],
    ['an unknown key', { credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'demo-secret-access-key' } }, 'UnrecognizedClientException'],
    [
      'a session token nobody gave',
      { credentials: { accessKeyId: 'AKIADEMO', secretAccessKey: 'demo-secret-access-key', sessionToken: 'x' } },
      'UnrecognizedClientException',
    ],
    ['a clock that is late', { systemClockOffset: -6 * 60_000 }, 'InvalidSignatureException'],
    ['a clock that is early', { systemClockOffset: 6 * 60_000 }, 'InvalidSignatureException'],
    ['no region', { region: 'here' }, 'InvalidSignatureException'],
  ])('are refused with %s', async (_, config, name) => {
    await expect(answerTo(createClient(fake, config))).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } });
  });

  test('are refused with a wrong API key', async () => {
    await expect(answerTo(createBearerClient(fake, 'ABSKother'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('bring the session token of temporary credentials, for the region they call', async () => {
    const temporary = await startFakeBedrock({ sessionToken: 'token', region: 'us-east-1' });
    const { accessKeyId, secretAccessKey } = temporary.credentials;
    expect(await answerTo(createClient(temporary, { region: 'us-east-1' }))).toBe('end_turn');
    const lasting = createClient(temporary, { region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } });
    await expect(answerTo(lasting)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    await expect(answerTo(createClient(temporary, { region: 'eu-west-1' }))).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    await temporary.stop();
  });
});
