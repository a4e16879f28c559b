import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { toEmbedding } from '../../src/demo/gemini/embedding.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { cohereClient, googleClient, lastSent, post, startSurroundings, type Surroundings } from './beyond-chat.ts';
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
  house: target('house', 'text-embedding-3-small'),
  'gemini-then-openai': { ...target('gemini', 'gemini-embedding-001'), fallback: ['openai'] },
} as const;
type Model = keyof typeof models;

/** Vectors' usual lengths. */
const sizes: Record<string, number> = {
  openai: 1536,
  azure: 3072,
  'azure-dated': 1536,
  gemini: 3072,
  cohere: 1536,
  titan: 1024,
  'bedrock-cohere': 1536,
};
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

/** Cohere's SDK asks for one vector as floats, unless told otherwise. */
const cohereEmbed = ({ model, ...more }: Partial<CohereRequest> & { model: string }, key?: string) =>
  cohereClient(around.gateway, key).embed({ model, texts: ['x'], inputType: 'search_query', embeddingTypes: ['float'], ...more });
type CohereRequest = Parameters<ReturnType<typeof cohereClient>['embed']>[0];

const float32 = (vector: readonly number[]): number[] => vector.map(Math.fround);
const paid = async () => (await around.gateway.entries()).filter(({ tenant }) => tenant === 'paying');

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
    const { embeddings } = await cohereEmbed({ model, texts: input });
    expect(embeddings.float?.map(float32)).toEqual((await Promise.all(input.map((text) => given(model, text)))).map(float32));
  });
});

test.each(names)('one text at %s is one vector for Google’s SDK and for Cohere’s', async (model) => {
  const { embeddings } = await googleClient(around.gateway).models.embedContent({ model, contents: 'A shark' });
  expect(embeddings?.map(({ values }) => float32(values ?? []))).toEqual([float32(await given(model, 'A shark'))]);
  const answer = await cohereEmbed({ model, texts: ['A shark'], embeddingTypes: ['base64'] });
  const bytes = Buffer.from(answer.embeddings.base64?.[0] ?? '', 'base64');
  const floats = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
  expect(floats).toEqual(float32(await given(model, 'A shark')));
});

describe('what it costs', () => {
  test('is booked, input alone, and paid from a budget that its output would break', async () => {
    for (const model of names) await openaiClient(around.gateway, 'rk-paying').embeddings.create({ model, input: 'Two sharks' });
    const entries = await eventually(paid, ({ length }) => length === names.length);
    for (const [index, entry] of entries.entries()) {
      expect(entry).toMatchObject({ model: names[index], protocol: 'openai-embeddings', output_tokens: 0, unpriced: 0 });
      expect(entry['cost_nanos']).toBe(Number(entry['input_tokens']) * 1_000_000);
      if (names[index] === 'bedrock-cohere') expect(entry['estimated']).toBe(1); // it counts in a header
      else expect(entry).toMatchObject({ estimated: 0, input_tokens: 3 });
    }
  });

  test('is reserved for input alone, whoever asks', async () => {
    const { embeddings } = await googleClient(around.gateway, 'rk-paying').models.embedContent({ model: 'cohere', contents: 'Two sharks' });
    expect(embeddings).toHaveLength(1);
    expect((await cohereEmbed({ model: 'gemini' }, 'rk-paying')).embeddings.float).toHaveLength(1);
  });

  test('is refused where the budget is too small, before a provider sees it', async () => {
    const asked = openaiClient(around.gateway, 'rk-broke').embeddings.create({ model: 'gemini', input: 'Two sharks' });
    await expect(asked).rejects.toMatchObject({ status: 429, code: 'budget-exceeded' });
    await expect(googleClient(around.gateway, 'rk-broke').models.embedContent({ model: 'openai', contents: 'x' })).rejects.toMatchObject({
      status: 429,
    });
    await expect(cohereEmbed({ model: 'openai' }, 'rk-broke')).rejects.toMatchObject({ statusCode: 429 });
    expect([...around.fakes.gemini.requests, ...around.world.openai.requests]).toEqual([]);
  });
});

describe('what a provider has not', () => {
  const create = (body: object) => openaiClient(around.gateway).embeddings.create({ model: 'gemini', input: 'x', ...body });

  test('is named in a header', async () => {
    const { response } = await create({ user: 'u-1' }).withResponse();
    expect(response.headers.get('x-remora-warnings')).toMatch(/^user /);
    const { rawResponse } = await cohereEmbed({ model: 'openai', truncate: 'START' }).withRawResponse();
    expect(rawResponse.headers.get('x-remora-warnings')).toMatch(/input_type .*truncate /);
  });

  test('is refused in full where the request is strict', async () => {
    const asked = openaiClient(around.gateway).embeddings.create(
      { model: 'gemini', input: 'x', user: 'u-1' },
      { headers: { 'x-remora-strict': 'true' } },
    );
    await expect(asked).rejects.toMatchObject({ status: 400, code: 'not-carried', param: 'user' });
  });

  test('is a clear error where nothing would be left of it', async () => {
    await expect(create({ model: 'titan', input: ['a', 'b'] })).rejects.toMatchObject({ status: 400, param: 'input', message: /one text/ });
    await expect(create({ input: [1, 2, 3] })).rejects.toMatchObject({ status: 400, message: /must be text/ });
    await expect(create({ model: 'claude' })).rejects.toMatchObject({ status: 400, code: 'not-carried', param: 'model' });
    await expect(cohereEmbed({ model: 'openai', embeddingTypes: ['binary'] })).rejects.toMatchObject({
      statusCode: 400,
      body: { message: expect.stringContaining('embedding_types') },
    });
  });

  test('is not missed where it is at home: tokens at OpenAI, binary vectors at Cohere, titles at Gemini', async () => {
    const { data } = await create({ model: 'openai', input: [[1, 2, 3], [4]] });
    expect(data).toHaveLength(2);
    expect(lastSent(around.world.openai)).toMatchObject({ input: [[1, 2, 3], [4]] });
    const cohere = await cohereEmbed({ model: 'cohere', embeddingTypes: ['binary', 'int8'] });
    expect(Object.keys(cohere.embeddings)).toEqual(expect.arrayContaining(['binary', 'int8']));
    const config = { title: 'Fish', taskType: 'RETRIEVAL_DOCUMENT' };
    await googleClient(around.gateway).models.embedContent({ model: 'gemini', contents: 'x', config });
    expect(JSON.stringify(lastSent(around.fakes.gemini))).toContain('"title":"Fish"');
  });
});

test.each(several)('`embedContent`, Google’s method for one text, is served by %s', async (model) => {
  const response = await post(around.gateway, `/v1beta/models/${model}:embedContent`, { content: { parts: [{ text: 'A shark' }] } });
  const { embedding } = (await response.json()) as { embedding: { values: number[] } };
  expect(float32(embedding.values)).toEqual(float32(await given(model, 'A shark')));
});

test('a server of one’s own is asked as the client asks', async () => {
  const { data } = await openaiClient(around.gateway).embeddings.create({ model: 'house', input: 'A shark' });
  expect(lastSent(around.world.openai)).toMatchObject({ encoding_format: 'base64' });
  expect(data[0]?.embedding).toEqual(await given('openai', 'A shark'));
});

test('what a provider refuses is told in the client’s own words', async () => {
  const refuse = (name: Parameters<typeof fakeOf>[0]): void => fakeOf(name).behave({ refuse: { status: 400 } });
  refuse('cohere');
  await expect(openaiClient(around.gateway).embeddings.create({ model: 'cohere', input: 'x' })).rejects.toMatchObject({ status: 400 });
  refuse('cohere');
  const google = googleClient(around.gateway).models.embedContent({ model: 'cohere', contents: 'x' });
  await expect(google).rejects.toMatchObject({ status: 400, message: expect.stringContaining('"status":"INVALID_ARGUMENT"') });
  around.fakes.gemini.behave({ refuse: { status: 401 } });
  await expect(cohereEmbed({ model: 'gemini' })).rejects.toMatchObject({ statusCode: 502, body: { code: 'provider-credential' } });
});

test('vectors of a length that no model of theirs has are refused before anybody is asked, or by the provider', async () => {
  const openai = (model: string) => openaiClient(around.gateway).embeddings.create({ model, input: 'x', dimensions: 7 });
  for (const model of ['cohere', 'titan'] as const) {
    await expect(openai(model)).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/dimension|vectors of length 7/) });
  }
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
    await cohereEmbed({ model: 'cohere', texts: ['Mail ada@example.com'] }, keys.private);
    expect(lastSent(around.fakes.cohere)).toMatchObject({ texts: ['Mail [EMAIL_1]'] });
    await expect(openaiClient(around.gateway, keys.private).embeddings.create({ model: 'openai', input: [1, 2] })).rejects.toMatchObject({
      status: 400,
      code: 'unreadable-content',
    });
    expect(around.world.openai.requests).toEqual([]);
  });
});
