import { ApiError, FunctionCallingConfigMode, GoogleGenAI, ThinkingLevel, Type } from '@google/genai';
import type { Content, GenerateContentConfig, GenerateContentResponse } from '@google/genai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { collect } from './fakes.fixture.ts';
import { startFakeGemini } from './gemini.ts';
import type { FakeProvider } from './server.ts';

let fake: FakeProvider;
let client: GoogleGenAI;
beforeAll(async () => {
  fake = await startFakeGemini();
  client = new GoogleGenAI({ apiKey: fake.apiKey, httpOptions: { baseUrl: fake.url } });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

const model = 'gemini-3.8-flash';
const contents = 'My address is zoë@example.org.';
const sentence = 'Hello from the demo Gemini (gemini-3.8-flash). You said: "My address is zoë@example.org."';
const declare = (name: string) => ({
  name,
  parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING }, days: { type: Type.INTEGER } }, required: ['city'] },
});
const tools = [{ functionDeclarations: [declare('get_weather'), declare('get_time')] }];
const asking = 'use get_time "Bern" and get_weather "Chur"';

const partsOf = (response: GenerateContentResponse | undefined) => response?.candidates?.[0]?.content?.parts ?? [];
const generate = (config: GenerateContentConfig = {}, said: string | Content[] = contents, named = model) =>
  client.models.generateContent({ model: named, contents: said, config });
const stream = async (config: GenerateContentConfig = {}, said: string | Content[] = contents, named = model) =>
  collect(await client.models.generateContentStream({ model: named, contents: said, config }));
const refusalOf = async (answer: Promise<unknown>): Promise<{ status: number; message: string }> => {
  const error: unknown = await answer.catch((thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw new Error('There is no API error.', { cause: error });
  return error;
};

test('repeats what the user said', async () => {
  const response = await generate();
  expect(response.text).toBe(sentence);
  expect(response).toMatchObject({ modelVersion: model, responseId: expect.stringMatching(/^demo_/) as unknown });
  expect(response.candidates).toMatchObject([{ index: 0, finishReason: 'STOP', content: { role: 'model' } }]);
  const { promptTokenCount = 0, candidatesTokenCount = 0, totalTokenCount } = response.usageMetadata ?? {};
  expect(promptTokenCount).toBe(Math.ceil((fake.requests[0]?.body.length ?? 0) / 4));
  expect(totalTokenCount).toBe(promptTokenCount + candidatesTokenCount);
});

test('streams the same, with totals of usage that grow', async () => {
  const [whole, chunks] = [await generate(), await stream()];
  expect(chunks.map(({ text }) => text ?? '').join('')).toBe(sentence);
  const counts = chunks.map(({ usageMetadata }) => usageMetadata?.candidatesTokenCount ?? 0);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(chunks.at(-1)?.usageMetadata).toEqual({ ...whole.usageMetadata, ...chunks.at(-1)?.usageMetadata });
  expect(counts.at(-1)).toBe(whole.usageMetadata?.candidatesTokenCount);
  expect(chunks.map(({ candidates }) => candidates?.[0]?.finishReason).filter(Boolean)).toEqual(['STOP']);
});

test('streams a JSON array where server-sent events are not asked for', async () => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ contents: { parts: { text: 'Hi' } } }) };
  const response = await fetch(`${fake.url}/v1beta/models/${model}:streamGenerateContent?key=${fake.apiKey}`, init);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const chunks: unknown = await response.json();
  const texts = (chunks as GenerateContentResponse[]).map((chunk) => partsOf(chunk)[0]?.text);
  expect(texts.slice(0, 3)).toEqual(['Hell', 'o', ' from']);
  expect(texts.at(-1)).toBe('');
});

test('calls the functions that the user names, in their order, with what is in quotes, and signs the first', async () => {
  const response = await generate({ tools }, asking);
  expect(response.functionCalls).toMatchObject([
    { name: 'get_time', args: { city: 'Bern' } },
    { name: 'get_weather', args: { city: 'Chur' } },
  ]);
  expect(new Set(response.functionCalls?.map(({ id }) => id)).size).toBe(2);
  expect(partsOf(response).map(({ thoughtSignature }) => thoughtSignature !== undefined)).toEqual([true, false]);
  expect(response.candidates?.[0]?.finishReason).toBe('STOP');
});

test('streams each function call whole', async () => {
  const chunks = await stream({ tools }, asking);
  expect(chunks.flatMap(({ functionCalls }) => (functionCalls ? [functionCalls] : []))).toMatchObject([
    [{ name: 'get_time', args: { city: 'Bern' } }],
    [{ name: 'get_weather', args: { city: 'Chur' } }],
  ]);
});

test('repeats what the functions answered, in a loop of three turns', async () => {
  const history: Content[] = [{ role: 'user', parts: [{ text: asking }] }];
  for (const turn of [1, 2, 3]) {
    fake.behave({ say: { toolCalls: [{ name: 'get_time', arguments: { city: `town ${turn}` } }] } });
    const [content] = (await generate({ tools }, history)).candidates?.map((candidate) => candidate.content) ?? [];
    const [call] = content?.parts ?? [];
    const response = { id: call?.functionCall?.id ?? '', name: 'get_time', response: { output: `ok ${turn}` } };
    history.push(content ?? {}, { role: 'user', parts: [{ functionResponse: response }] });
  }
  expect((await generate({ tools }, history)).text).toContain('get_time answered: "ok 3"');
});

test.each([false, true])('keeps a chat of the SDK going (streamed: %j)', async (streamed) => {
  const chat = client.chats.create({ model, config: { tools } });
  const send = async (message: Parameters<typeof chat.sendMessage>[0]['message']): Promise<GenerateContentResponse[]> =>
    streamed ? collect(await chat.sendMessageStream({ message })) : [await chat.sendMessage({ message })];
  const calls = (await send(asking)).flatMap(({ functionCalls = [] }) => functionCalls);
  expect(calls).toHaveLength(2);
  const answers = await send(calls.map(({ id = '', name = '' }) => ({ functionResponse: { id, name, response: { output: 'ok' } } })));
  expect(answers.map(({ text = '' }) => text).join('')).toContain('get_time answered: "ok"\nget_weather answered: "ok"');
  expect((await send('And now?')).map(({ text = '' }) => text).join('')).toContain('You said: "And now?"');
});

test('obeys the function calling mode', async () => {
  const called = async (functionCallingConfig: object, said = asking): Promise<unknown> =>
    (await generate({ tools, toolConfig: { functionCallingConfig } }, said)).functionCalls?.map(({ name }) => name);
  expect(await called({ mode: FunctionCallingConfigMode.NONE })).toBeUndefined();
  expect(await called({ mode: FunctionCallingConfigMode.ANY }, contents)).toEqual(['get_weather']);
  expect(await called({ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['get_time'] }, contents)).toEqual(['get_time']);
  expect(await called({ mode: FunctionCallingConfigMode.VALIDATED, allowedFunctionNames: ['get_time'] })).toEqual(['get_time']);
});

test('shows thoughts to those who ask, and counts them for all', async () => {
  fake.behaveAlways({ say: { reasoning: 'let me see' } });
  const shown = await generate({ thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW } });
  expect(partsOf(shown)).toMatchObject([
    { text: 'let me see', thought: true },
    { text: sentence, thoughtSignature: expect.any(String) as unknown },
  ]);
  const hidden = await generate();
  expect(partsOf(hidden)).toMatchObject([{ text: sentence }]);
  for (const { usageMetadata } of [shown, hidden]) expect(usageMetadata).toMatchObject({ thoughtsTokenCount: 3 });
  const chunks = await stream({ thinkingConfig: { includeThoughts: true } });
  expect(chunks.flatMap(partsOf).filter(({ thought }) => thought)).toHaveLength(3);
  expect(chunks.at(-1)?.usageMetadata).toMatchObject({ thoughtsTokenCount: 3 });
  expect(partsOf(chunks.at(-1))).toMatchObject([{ text: '', thoughtSignature: expect.any(String) as unknown }]);
});

test('thinks without being told where thoughts are asked for', async () => {
  const [thought] = partsOf(await generate({ thinkingConfig: { includeThoughts: true } }));
  expect(thought).toMatchObject({ thought: true });
});

test('signs as generation 2.5 does: the first part, and only with functions', async () => {
  expect(partsOf(await generate({}, contents, 'gemini-2.5-flash'))[0]?.thoughtSignature).toBeUndefined();
  const [part] = partsOf(await generate({ tools }, asking, 'gemini-2.5-flash'));
  expect(part).toMatchObject({ functionCall: { name: 'get_time' }, thoughtSignature: expect.any(String) as unknown });
  expect(part?.functionCall?.id).toBeUndefined();
  const still = await generate({ tools, thinkingConfig: { thinkingBudget: 0 } }, asking, 'gemini-2.5-flash');
  expect(partsOf(still)[0]?.thoughtSignature).toBeUndefined();
});

test('answers in JSON that fits the schema', async () => {
  const schema = { type: Type.OBJECT, properties: { city: { type: Type.STRING }, days: { type: Type.ARRAY, items: { type: Type.INTEGER } } } };
  const { text } = await generate({ responseMimeType: 'application/json', responseSchema: schema }, 'about "Bern"');
  expect(JSON.parse(text ?? '')).toEqual({ city: 'Bern', days: [1] });
  const responseJsonSchema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false };
  const chunks = await stream({ responseMimeType: 'application/json', responseJsonSchema });
  expect(JSON.parse(chunks.map((chunk) => chunk.text ?? '').join(''))).toEqual({ ok: true });
  const named = await generate({ responseMimeType: 'text/x.enum', responseSchema: { type: Type.STRING, enum: ['EAST', 'WEST'] } });
  expect(named.text).toBe('EAST');
});

test('stops at a stop sequence and at the limit', async () => {
  const stopped = await generate({ stopSequences: ['address', '('] });
  expect(stopped).toMatchObject({ text: 'Hello from the demo Gemini ', candidates: [{ finishReason: 'STOP' }] });
  const limited = await generate({ maxOutputTokens: 3 });
  expect(limited).toMatchObject({ candidates: [{ finishReason: 'MAX_TOKENS' }], usageMetadata: { candidatesTokenCount: 3 } });
});

test('writes several candidates, and says how sure it is', async () => {
  const { candidates } = await generate({ candidateCount: 2 }, contents, 'gemini-2.5-flash');
  expect(candidates?.map(({ index }) => index)).toEqual([0, 1]);
  const sure = await generate({ responseLogprobs: true, logprobs: 1, maxOutputTokens: 1 });
  expect(sure.candidates).toMatchObject([{ logprobsResult: { chosenCandidates: [{ token: 'Hell' }], topCandidates: [{ candidates: [{}] }] } }]);
});

test('counts what it knows from an earlier prompt', async () => {
  const systemInstruction = 'Be brief. '.repeat(500);
  expect((await generate({ systemInstruction })).usageMetadata?.cachedContentTokenCount).toBeUndefined();
  expect((await generate({ systemInstruction })).usageMetadata?.cachedContentTokenCount).toBeGreaterThan(1000);
  const cached = await generate({ cachedContent: 'cachedContents/demo' });
  expect(cached.usageMetadata).toMatchObject({ cachedContentTokenCount: 2048 });
});

test('blocks, refuses and fails to call where a test says so', async () => {
  fake.behave(
    { say: { finish: 'prompt:PROHIBITED_CONTENT' } },
    { say: { refusal: 'No.' } },
    { say: { finish: 'RECITATION' } },
    { say: { toolCalls: [{ name: 'get_time', arguments: '{"city' }] } },
    { say: { finish: 'prompt:SAFETY' } },
    { say: { usage: 'none' } },
  );
  const blocked = await generate();
  expect(blocked.promptFeedback?.blockReason).toBe('PROHIBITED_CONTENT');
  expect(blocked.candidates).toBeUndefined();
  expect(await generate()).toMatchObject({ candidates: [{ finishReason: 'SAFETY', safetyRatings: [{ blocked: true }] }] });
  expect(await generate()).toMatchObject({ candidates: [{ finishReason: 'RECITATION' }] });
  expect(await generate({ tools })).toMatchObject({ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] });
  expect(await stream()).toMatchObject([{ promptFeedback: { blockReason: 'SAFETY' } }]);
  expect((await generate()).usageMetadata).toBeUndefined();
});

test('counts tokens, and lists models page by page', async () => {
  const { totalTokens } = await client.models.countTokens({ model, contents });
  expect(totalTokens).toBe(Math.ceil((fake.requests[0]?.body.length ?? 0) / 4));
  const names = (await collect(await client.models.list({ config: { pageSize: 4 } }))).map(({ name }) => name);
  expect(names).toContain('models/gemini-3.8-flash');
  expect(names).toContain('models/gemini-embedding-001');
  expect(new Set(names).size).toBe(names.length);
  expect(await client.models.get({ model })).toMatchObject({ name: `models/${model}`, thinking: true, outputTokenLimit: 65_536 });
  expect(await refusalOf(client.models.get({ model: 'gemini-99' }))).toMatchObject({ status: 404 });
});

test('embeds texts one by one and together, near to those with the same words', async () => {
  const { embeddings = [] } = await client.models.embedContent({
    model: 'gemini-embedding-001',
    contents: ['red wine from Chur', 'wine from Chur', 'the price of steel'],
    config: { outputDimensionality: 768, taskType: 'SEMANTIC_SIMILARITY' },
  });
  const [first = [], second = [], third = []] = embeddings.map(({ values = [] }) => values);
  const product = (a: number[], b: number[]): number => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
  expect([first.length, product(first, first)]).toEqual([768, expect.closeTo(1, 6)]);
  expect(product(first, second)).toBeGreaterThan(product(first, third));
  const headers = { 'content-type': 'application/json', 'x-goog-api-key': fake.apiKey };
  const body = JSON.stringify({ content: { parts: [{ text: 'wine from Chur' }] }, output_dimensionality: 768 });
  const alone = await fetch(`${fake.url}/v1beta/models/gemini-embedding-001:embedContent`, { method: 'POST', headers, body });
  expect(await alone.json()).toMatchObject({ embedding: { values: second } });
  expect(await refusalOf(client.models.embedContent({ model, contents }))).toMatchObject({ status: 404 });
});

test('gives errors that the SDK knows, in Google’s shape', async () => {
  fake.behave({ refuse: { status: 429 } }, { refuse: { status: 503 } });
  const limited = await refusalOf(generate());
  expect(limited.status).toBe(429);
  expect(JSON.parse(limited.message)).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{}, { retryDelay: '30s' }] } });
  expect(await refusalOf(generate())).toMatchObject({ status: 503 });
  expect(await refusalOf(generate({}, contents, 'gemini-99'))).toMatchObject({ status: 404 });
  const stranger = new GoogleGenAI({ apiKey: 'no', httpOptions: { baseUrl: fake.url } });
  const unknown = await refusalOf(stranger.models.generateContent({ model, contents }));
  expect(JSON.parse(unknown.message)).toMatchObject({ error: { code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] } });
});

test('does not let anyone in without a key', async () => {
  const response = await fetch(`${fake.url}/v1beta/models`);
  expect([response.status, await response.json()]).toMatchObject([403, { error: { status: 'PERMISSION_DENIED' } }]);
});

test('breaks a stream with an error that the SDK throws, of either kind', async () => {
  fake.behaveAlways({ errorEvent: { after: 3, status: 503, message: 'overloaded' } });
  expect(await refusalOf(stream())).toMatchObject({ status: 503, message: expect.stringContaining('overloaded') as unknown });
  const headers = { 'content-type': 'application/json', 'x-goog-api-key': fake.apiKey };
  const body = JSON.stringify({ contents: [{ parts: [{ text: 'Hi' }] }] });
  const response = await fetch(`${fake.url}/v1beta/models/${model}:streamGenerateContent`, { method: 'POST', headers, body });
  expect(await response.json()).toMatchObject([{}, {}, {}, { error: { code: 503, status: 'UNAVAILABLE' } }]);
});

test.each([{ writeBytes: 1 }, { lineEnd: '\r\n' as const, writeBytes: 3 }, { strangers: true }])(
  'is understood by the SDK with %j',
  async (behaviour) => {
    fake.behave(behaviour);
    expect((await stream()).map(({ text }) => text ?? '').join('')).toBe(sentence);
  },
);
