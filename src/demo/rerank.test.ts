import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFakeRerank } from './rerank.ts';
import type { FakeProvider } from './server.ts';

let fake: FakeProvider;
beforeAll(async () => void (fake = await startFakeRerank()));
afterAll(() => fake.stop());

interface Body {
  results: { index: number; relevance_score: number; document?: { text: string } }[];
  usage: { total_tokens: number };
}

async function rerank(fields: Record<string, unknown> = {}): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${fake.url}/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${fake.apiKey}` },
    body: JSON.stringify({ model: 'jina-reranker-v3', query: 'capital of France', documents, ...fields }),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

const documents = ['Horses and cows.', { text: 'The capital of France is Paris.' }, 'Capital letters'];

test('puts the document first that shares most words with the query, given as a text or as an object', async () => {
  const { body } = await rerank();
  expect(body.results.map(({ index, document }) => [index, document?.text])).toEqual([
    [1, 'The capital of France is Paris.'],
    [2, 'Capital letters'],
    [0, 'Horses and cows.'],
  ]);
  expect(body.usage.total_tokens).toBeGreaterThan(5);
  expect((await rerank()).body).toEqual(body);
});

test('gives only so many, and no documents where none are wanted', async () => {
  const { body } = await rerank({ top_n: 1, return_documents: false });
  expect(body.results).toEqual([{ index: 1, relevance_score: expect.any(Number) }]);
});

test.each([
  ['no documents', { documents: [] }, 400],
  ['documents of another form', { documents: [{ body: 'a' }] }, 400],
  ['an empty query', { query: ' ' }, 400],
  ['top_n of 0', { top_n: 0 }, 400],
  ['an unknown field', { max_tokens_per_doc: 5 }, 400],
  ['an unknown model', { model: 'rank-x' }, 404],
])('refuses %s', async (_, fields, status) => {
  expect((await rerank(fields)).status).toBe(status);
});
