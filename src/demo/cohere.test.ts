import { CohereClient, CohereClientV2 } from 'cohere-ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeCohere } from './cohere.ts';
import type { FakeProvider } from './server.ts';

let fake: FakeProvider;
let client: CohereClientV2;
let oldClient: CohereClient;
beforeAll(async () => {
  fake = await startFakeCohere();
  client = new CohereClientV2({ token: fake.apiKey, environment: fake.url, maxRetries: 0 });
  oldClient = new CohereClient({ token: fake.apiKey, environment: fake.url, maxRetries: 0 });
});
beforeEach(() => fake.clear());
afterAll(() => fake.stop());

async function post(path: string, body: unknown, key = fake.apiKey): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(fake.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('embed', () => {
  const asked = { model: 'embed-v4.0', inputType: 'search_document' } as const;

  test('gives each text a vector of length one, the same for the same, of as many dimensions as are asked for', async () => {
    const { embeddings, texts, meta } = await client.embed({ ...asked, texts: ['a b', 'c', 'a b'], embeddingTypes: ['float'], outputDimension: 256 });
    const [first, second, third] = embeddings.float ?? [];
    expect(first).toHaveLength(256);
    expect(first).toEqual(third);
    expect(first).not.toEqual(second);
    expect(Math.hypot(...(first ?? []))).toBeCloseTo(1, 5);
    expect(texts).toEqual(['a b', 'c', 'a b']);
    expect(meta?.billedUnits?.inputTokens).toBe(3);
  });

  test('gives the types that are asked for, and floats where none is', async () => {
    const { embeddings } = await client.embed({ ...asked, texts: ['a'], embeddingTypes: ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'] });
    const [float = []] = embeddings.float ?? [];
    expect(float).toHaveLength(1536);
    expect(embeddings.int8?.[0]?.every((value) => Number.isInteger(value) && value >= -128 && value <= 127)).toBe(true);
    expect(embeddings.uint8?.[0]?.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    expect(embeddings.binary?.[0]).toHaveLength(1536 / 8);
    expect(embeddings.ubinary?.[0]?.map((byte) => byte - 128)).toEqual(embeddings.binary?.[0]);
    const bytes = Buffer.from(embeddings.base64?.[0] ?? '', 'base64');
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual(float);
    expect(Object.keys((await client.embed({ ...asked, texts: ['a'] })).embeddings)).toEqual(['float']);
  });

  test('takes pictures, and texts and pictures together', async () => {
    const picture = 'data:image/png;base64,iVBORw0KGgo=';
    expect((await client.embed({ ...asked, inputType: 'image', images: [picture], embeddingTypes: ['float'] })).embeddings.float).toHaveLength(1);
    const inputs = [{ content: [{ type: 'text', text: 'a' } as const, { type: 'image_url', imageUrl: { url: picture } } as const] }];
    expect((await client.embed({ ...asked, inputs, embeddingTypes: ['float'] })).embeddings.float).toHaveLength(1);
  });

  const v4 = { model: 'embed-v4.0', input_type: 'search_query' };
  test.each([
    ['no input_type', { model: 'embed-v4.0', texts: ['a'] }, 400, 'input_type'],
    ['an unknown input_type', { ...v4, input_type: 'query', texts: ['a'] }, 400, 'input_type'],
    ['no input', v4, 400, 'exactly one'],
    ['two kinds of input', { ...v4, texts: ['a'], images: ['data:image/png;base64,iVBORw0KGgo='] }, 400, 'exactly one'],
    ['97 texts', { ...v4, texts: Array.from({ length: 97 }, () => 'a') }, 400, 'at most 96'],
    ['a picture by its address', { ...v4, input_type: 'image', images: ['https://example.com/a.png'] }, 400, 'data URI'],
    [
      'two pictures for an old model',
      { model: 'embed-english-v3.0', input_type: 'image', images: ['data:image/png;base64,aa', 'data:image/png;base64,aa'] },
      400,
      'one image',
    ],
    [
      'dimensions of an old model',
      { model: 'embed-english-v3.0', input_type: 'search_query', texts: ['a'], output_dimension: 256 },
      400,
      'output_dimension',
    ],
    ['odd dimensions', { ...v4, texts: ['a'], output_dimension: 300 }, 400, 'output_dimension'],
    ['an unknown type', { ...v4, texts: ['a'], embedding_types: ['double'] }, 400, 'embedding_types'],
    ['an unknown field', { ...v4, texts: ['a'], dimensions: 256 }, 422, 'dimensions'],
    ['OpenAI’s input', { ...v4, input: ['a'] }, 422, 'input'],
    ['an unknown model', { ...v4, model: 'embed-x', texts: ['a'] }, 404, 'embed-x'],
  ])('refuses %s', async (_, body, status, word) => {
    expect(await post('/v2/embed', body)).toMatchObject({ status, body: { message: expect.stringContaining(word) } });
  });
});

describe('rerank', () => {
  const documents = ['Horses and cows are animals.', 'The capital of France is Paris.', 'The capital of Brazil is Brasilia.'];
  const query = 'What is the capital of France?';

  test('puts the document first that shares most words with the query', async () => {
    const { results, meta } = await client.rerank({ model: 'rerank-v3.5', query, documents });
    expect(results.map(({ index }) => index)).toEqual([1, 2, 0]);
    expect(results[0]?.relevanceScore).toBeGreaterThan(results[1]?.relevanceScore ?? 1);
    expect(meta?.billedUnits?.searchUnits).toBe(1);
  });

  test('gives only so many, and reads only so much of each', async () => {
    const { results } = await client.rerank({
      model: 'rerank-v3.5',
      query: 'capital',
      documents: ['x x x x x capital', ...documents],
      topN: 1,
      maxTokensPerDoc: 1,
    });
    expect(results).toEqual([{ index: 0, relevanceScore: 0 }]);
  });

  test('counts a search for every hundred documents', async () => {
    const { meta } = await client.rerank({ model: 'rerank-v3.5', query, documents: Array.from({ length: 101 }, (_, index) => `d${index}`) });
    expect(meta?.billedUnits?.searchUnits).toBe(2);
  });

  test('in its first version also takes objects, and gives them back', async () => {
    const given = documents.map((text) => ({ text }));
    const { results } = await oldClient.rerank({ model: 'rerank-v3.5', query, documents: given, topN: 1, returnDocuments: true });
    expect(results).toMatchObject([{ index: 1, document: { text: documents[1] } }]);
    expect(fake.requests[0]?.path).toBe('/v1/rerank');
  });

  test.each([
    ['no model', { query, documents }, 400, 'model'],
    ['objects', { model: 'rerank-v3.5', query, documents: [{ text: 'a' }] }, 422, 'documents.0'],
    ['no documents', { model: 'rerank-v3.5', query, documents: [] }, 400, 'documents'],
    ['an empty query', { model: 'rerank-v3.5', query: ' ', documents }, 400, 'query'],
    ['top_n of 0', { model: 'rerank-v3.5', query, documents, top_n: 0 }, 400, 'top_n'],
    ['return_documents', { model: 'rerank-v3.5', query, documents, return_documents: true }, 422, 'return_documents'],
    ['an unknown model', { model: 'rank-x', query, documents }, 404, 'rank-x'],
  ])('refuses %s', async (_, body, status, word) => {
    expect(await post('/v2/rerank', body)).toMatchObject({ status, body: { message: expect.stringContaining(word) } });
  });
});

test('lets nobody in with another key', async () => {
  for (const path of ['/v2/embed', '/v2/rerank', '/v1/rerank', '/compatibility/v1/chat/completions'])
    expect((await post(path, {}, 'other')).status).toBe(401);
});

test('behaves as it is told to', async () => {
  fake.behave({ refuse: { status: 429 } });
  await expect(client.rerank({ model: 'rerank-v3.5', query: 'a', documents: ['a'] })).rejects.toMatchObject({ statusCode: 429 });
  expect(await post('/v2/rerank', { model: 'fail-503', query: 'a', documents: ['a'] })).toMatchObject({ status: 503 });
});

test('chats with OpenAI’s client at its compatible address', async () => {
  const openai = new OpenAI({ baseURL: `${fake.url}/compatibility/v1`, apiKey: fake.apiKey, maxRetries: 0 });
  const { choices } = await openai.chat.completions.create({ model: 'command-a-03-2025', messages: [{ role: 'user', content: 'Hello' }] });
  expect(choices[0]?.message.content).toBe('Hello from the demo Cohere (command-a-03-2025). You said: "Hello"');
});
