import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toEmbedding } from '../../src/demo/gemini/embedding.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { cohereClient, googleClient, lastSent, startSurroundings, type Surroundings } from './beyond-chat.ts';
import { eventually, hashOf, keys, openaiClient } from './gateway.ts';

const price = { input: 1000, output: 1_000_000 };
const target = (provider: string, model: string) => ({ targets: [{ provider, model, price }] });

const models = {
  openai: target('openai', 'text-embedding-3-small'),
  azure: target('azure', 'text-embedding-3-large'),
  'azure-dated': target('azure-dated', 'text-embedding-3-small'),
  gemini: target('gemini', 'gemini-embedding-001'),
  cohere: target('cohere', 'embed-v4.0'),
  titan: target('bedrock', 'amazon.titan-embed-text-v2:0'),
  'bedrock-cohere': target('bedrock', 'eu.cohere.embed-v4:0'),
  'gemini-then-openai': { ...target('gemini', 'gemini-embedding-001'), fallback: ['openai'] },
} as const;
type Model = keyof typeof models;

/** Vectors' usual lengths. */
const sizes: Record<string, number> = { openai: 1536, azure: 3072, 'azure-dated': 1536, gemini: 3072, cohere: 1536, titan: 1024, 'bedrock-cohere': 1536 };
const names = Object.keys(sizes) as Model[];
const several = names.filter((name) => name !== 'titan');

let around: Surroundings;
beforeAll(async () => {
  const tenant = (key: string, amount: number) => ({ keys: [{ name: 'test', hash: hashOf(key) }], budget: { amount, per: 'month' } });
  around = await startSurroundings({ models, tenants: { paying: tenant('rk-paying', 1), broke: tenant('rk-broke', 0.001) } });
});
afterAll(() => around.stop());
beforeEach(() => {
  for (const fake of [around.world.openai, ...Object.values(around.fakes)]) fake.clear();
});

function fakeOf(model: Model): FakeProvider {
  const [{ provider }] = models[model].targets as unknown as [{ provider: string }];
  if (provider === 'openai') return around.world.openai;
  const name = provider === 'azure-dated' ? 'azure' : provider;
  return around.fakes[name as keyof Surroundings['fakes']];
}

/** What the fake of a model gives for a text. */
async function given(model: Model, text: string, size: number = sizes[model] ?? 0): Promise<number[]> {
  if (model !== 'openai' && !model.startsWith('azure')) return toEmbedding(text, size);
  const { openai } = around.world;
  const response = await fetch(`${openai.url}/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${openai.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'text-embedding-3-large', input: text, dimensions: size }),
  });
  return ((await response.json()) as { data: [{ embedding: number[] }] }).data[0].embedding;
}

const float32 = (vector: readonly number[]): number[] => vector.map(Math.fround);
const lastEntry = async () => (await around.gateway.entries()).at(-1);

describe.each(names)('the OpenAI SDK, and %s', (model) => {
  test('gets a vector in base64, which it asks for by itself', async () => {
    const { data, usage, model: named } = await openaiClient(around.gateway).embeddings.create({ model, input: 'Two sharks' });
    expect(data.map(({ embedding }) => embedding)).toEqual([float32(await given(model, 'Two sharks'))]);
    expect(typeof named).toBe('string');
    if (model !== 'bedrock-cohere') expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
  });

  test('gets floats of the length it wants', async () => {
    const { data } = await openaiClient(around.gateway).embeddings.create({ model, input: 'A remora', dimensions: 256, encoding_format: 'float' });
    const wanted = await given(model, 'A remora', 256);
    expect(data[0]?.embedding).toEqual(model === 'cohere' ? float32(wanted) : wanted);
  });
});

describe.each(several)('several texts at %s', (model) => {
  const input = ['one remora', 'two sharks', 'three'];

  test('come back in their order, for OpenAI’s SDK', async () => {
    const { data } = await openaiClient(around.gateway).embeddings.create({ model, input });
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(data.map(({ embedding }) => embedding)).toEqual((await Promise.all(input.map((text) => given(model, text)))).map(float32));
  });

  test('come back in their order, for Google’s', async () => {
    const { embeddings } = await googleClient(around.gateway).models.embedContent({ model, contents: input, config: { outputDimensionality: 512 } });
    const wanted = await Promise.all(input.map((text) => given(model, text, 512)));
    expect(embeddings?.map(({ values }) => float32(values ?? []))).toEqual(wanted.map(float32));
  });

  test('come back in their order, for Cohere’s', async () => {
    const { embeddings } = await cohereClient(around.gateway).embed({ model, texts: input, inputType: 'search_query', embeddingTypes: ['float'] });
    expect(embeddings.float?.map(float32)).toEqual((await Promise.all(input.map((text) => given(model, text)))).map(float32));
  });
});

test.each(names)('one text at %s is one vector for Google’s SDK and for Cohere’s', async (model) => {
  const { embeddings } = await googleClient(around.gateway).models.embedContent({ model, contents: 'A shark' });
  expect(embeddings?.map(({ values }) => float32(values ?? []))).toEqual([float32(await given(model, 'A shark'))]);
  const answer = await cohereClient(around.gateway).embed({ model, texts: ['A shark'], inputType: 'clustering', embeddingTypes: ['base64'] });
  const bytes = Buffer.from(answer.embeddings.base64?.[0] ?? '', 'base64');
  const floats = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
  expect(floats).toEqual(float32(await given(model, 'A shark')));
});

describe('what it costs', () => {
  test.each(names)('is booked at %s, input alone, and paid from a budget that its output would break', async (model) => {
    await openaiClient(around.gateway, 'rk-paying').embeddings.create({ model, input: 'Two sharks' });
    const entry = await eventually(lastEntry, (last) => last?.['model'] === model);
    const isEstimated = model === 'bedrock-cohere'; // it counts in a header
    const inputTokens = Number(entry?.['input_tokens']);
    expect(entry).toMatchObject({ tenant: 'paying', protocol: 'openai-embeddings', output_tokens: 0, estimated: isEstimated ? 1 : 0, unpriced: 0 });
    if (!isEstimated) expect(inputTokens).toBe(3);
    expect(entry?.['cost_nanos']).toBe(inputTokens * 1_000_000);
  });

  test('is reserved for input alone, whoever asks', async () => {
    await googleClient(around.gateway, 'rk-paying').models.embedContent({ model: 'cohere', contents: 'Two sharks' });
    await cohereClient(around.gateway, 'rk-paying').embed({ model: 'gemini', texts: ['Two sharks'], inputType: 'search_query', embeddingTypes: ['float'] });
  });

  test('is refused where the budget is too small, before a provider sees it', async () => {
    const asked = openaiClient(around.gateway, 'rk-broke').embeddings.create({ model: 'gemini', input: 'Two sharks' });
    await expect(asked).rejects.toMatchObject({ status: 429, code: 'budget-exceeded' });
    await expect(googleClient(around.gateway, 'rk-broke').models.embedContent({ model: 'openai', contents: 'x' })).rejects.toMatchObject({ status: 429 });
    await expect(
      cohereClient(around.gateway, 'rk-broke').embed({ model: 'openai', texts: ['x'], inputType: 'search_query', embeddingTypes: ['float'] }),
    ).rejects.toMatchObject({ statusCode: 429 });
    expect([...around.fakes.gemini.requests, ...around.world.openai.requests]).toEqual([]);
  });
});

describe('what a provider has not', () => {
  const create = (body: object) => openaiClient(around.gateway).embeddings.create({ model: 'gemini', input: 'x', ...body });

  test('is named in a header', async () => {
    const { response } = await create({ user: 'u-1' }).withResponse();
    expect(response.headers.get('x-remora-warnings')).toMatch(/^user /);
    const { rawResponse } = await cohereClient(around.gateway)
      .embed({ model: 'openai', texts: ['x'], inputType: 'search_query', embeddingTypes: ['float'], truncate: 'START' })
      .withRawResponse();
    expect(rawResponse.headers.get('x-remora-warnings')).toMatch(/input_type .*truncate /);
  });

  test('is refused in full where the request is strict', async () => {
    const asked = openaiClient(around.gateway).embeddings.create({ model: 'gemini', input: 'x', user: 'u-1' }, { headers: { 'x-remora-strict': 'true' } });
    await expect(asked).rejects.toMatchObject({ status: 400, code: 'not-carried', param: 'user' });
  });

  test('is a clear error where nothing would be left of it', async () => {
    await expect(create({ model: 'titan', input: ['a', 'b'] })).rejects.toMatchObject({ status: 400, param: 'input', message: /one text/ });
    await expect(create({ input: [1, 2, 3] })).rejects.toMatchObject({ status: 400, message: /must be text/ });
    await expect(create({ model: 'claude' })).rejects.toMatchObject({ status: 400, code: 'not-carried', param: 'model' });
    const binary = cohereClient(around.gateway).embed({ model: 'openai', texts: ['x'], inputType: 'clustering', embeddingTypes: ['binary'] });
    await expect(binary).rejects.toMatchObject({ statusCode: 400, body: { message: expect.stringContaining('embedding_types') } });
  });

  test('is not missed where it is at home: tokens at OpenAI, binary vectors at Cohere, titles at Gemini', async () => {
    const { data } = await create({ model: 'openai', input: [[1, 2, 3], [4]] });
    expect(data).toHaveLength(2);
    expect(lastSent(around.world.openai)).toMatchObject({ input: [[1, 2, 3], [4]] });
    const cohere = await cohereClient(around.gateway).embed({ model: 'cohere', texts: ['x'], inputType: 'clustering', embeddingTypes: ['binary', 'int8'] });
    expect(Object.keys(cohere.embeddings)).toEqual(expect.arrayContaining(['binary', 'int8']));
    const config = { title: 'Fish', taskType: 'RETRIEVAL_DOCUMENT' };
    await googleClient(around.gateway).models.embedContent({ model: 'gemini', contents: 'x', config });
    expect(JSON.stringify(lastSent(around.fakes.gemini))).toContain('"title":"Fish"');
  });
});

test('another provider makes the vectors where the first is overloaded', async () => {
  around.fakes.gemini.behave({ refuse: { status: 503 } });
  const { data, response } = await openaiClient(around.gateway)
    .embeddings.create({ model: 'gemini-then-openai', input: 'Two sharks' })
    .withResponse();
  expect(data.data[0]?.embedding).toEqual(float32(await given('openai', 'Two sharks')));
  expect(response.headers.get('x-remora-attempts')).toBe('2');
  around.fakes.gemini.behave({ refuse: { status: 503 } });
  const { embeddings } = await googleClient(around.gateway).models.embedContent({ model: 'gemini-then-openai', contents: 'Two sharks' });
  expect(embeddings?.[0]?.values).toEqual(await given('openai', 'Two sharks'));
});

describe('personal data', () => {
  test.each(names)('does not reach %s', async (model) => {
    await openaiClient(around.gateway, keys.private).embeddings.create({ model, input: 'Mail ada@example.com' });
    const sent = JSON.stringify(lastSent(fakeOf(model)));
    expect(sent).toContain('Mail [EMAIL_1]');
    expect(sent).not.toContain('ada@');
  });

  test('is taken out of what Google’s and Cohere’s clients send, and tokens are refused', async () => {
    await googleClient(around.gateway, keys.private).models.embedContent({ model: 'gemini', contents: ['a', 'Mail ada@example.com'] });
    expect(JSON.stringify(lastSent(around.fakes.gemini))).toContain('Mail [EMAIL_1]');
    const asked = { model: 'cohere', inputType: 'clustering', embeddingTypes: ['float'] } as const;
    await cohereClient(around.gateway, keys.private).embed({ ...asked, texts: ['Mail ada@example.com'] });
    expect(lastSent(around.fakes.cohere)).toMatchObject({ texts: ['Mail [EMAIL_1]'] });
    await expect(openaiClient(around.gateway, keys.private).embeddings.create({ model: 'openai', input: [1, 2] })).rejects.toMatchObject({
      status: 400,
      code: 'unreadable-content',
    });
    expect(around.world.openai.requests).toEqual([]);
  });
});
