import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFakeBedrock, type FakeBedrock } from '../../demo/bedrock.ts';
import { bedrockRerank } from './index.ts';

let fake: FakeBedrock;
beforeAll(async () => {
  fake = await startFakeBedrock();
});
afterAll(() => fake.stop());

const model = 'cohere.rerank-v3-5:0';
const request = { query: 'where is the cat', documents: ['about dogs', 'a cat sat there'], returnDocuments: false };

test('documents are ranked, the best first', async () => {
  const { value, warnings } = bedrockRerank.encodeRequest({ ...request, top: 1, maxTokensPerDocument: 100 }, { model, quirks: {} });
  const headers = { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${fake.url}/model/${encodeURIComponent(model)}/invoke`, { method: 'POST', headers, body: value });
  const parts = bedrockRerank.decodeAnswer(Buffer.from(await response.arrayBuffer()));
  expect(parts).toEqual([{ type: 'start', id: '', model: '' }, { type: 'ranking', index: 1, score: expect.any(Number) as unknown }, { type: 'end' }]);
  expect(warnings).toEqual([]);
});

test('Amazon’s own model takes no version and no limit of tokens; neither repeats documents', () => {
  const { value, warnings } = bedrockRerank.encodeRequest(
    { ...request, returnDocuments: true, maxTokensPerDocument: 100 },
    { model: 'amazon.rerank-v1:0', quirks: {} },
  );
  expect(JSON.parse(value)).toEqual({ query: request.query, documents: request.documents });
  expect(warnings.map(({ field }) => field)).toEqual(['return_documents', 'max_tokens_per_doc']);
});

test('an error in place of an answer is one, and anything else is refused', () => {
  expect(bedrockRerank.decodeAnswer(Buffer.from('{"message":"No."}'))).toEqual([
    { type: 'error', failure: { status: 502, type: '', message: 'No.' } },
  ]);
  for (const body of ['{}', '{"results":{}}', '{"results":[{"index":0}]}']) {
    expect(() => bedrockRerank.decodeAnswer(Buffer.from(body))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
  }
});
