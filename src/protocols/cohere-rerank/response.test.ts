import { CohereClientV2 } from 'cohere-ai';
import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/cohere-rerank/answers.ts';
import { answers as otherAnswers } from '../../../test/recordings/rerank/answers.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { rerank } from '../rerank/index.ts';
import { cohereRerank } from './index.ts';

const read = (answer: object) => withoutPlaces(cohereRerank.decodeAnswer(Buffer.from(JSON.stringify(answer))));

test('results keep their order; searches are no tokens', () => {
  expect(read(answers.searches)).toEqual([
    { type: 'start', id: answers.searches.id, model: '' },
    { type: 'ranking', index: 3, score: 0.999071 },
    { type: 'ranking', index: 0, score: 0.32713068 },
    { type: 'end' },
  ]);
  expect(read(answers.tokens)).toContainEqual({ type: 'usage', usage: { ...noUsage, inputTokens: 12 } });
});

test("Cohere's client reads what we write of another protocol's answer, which has no documents", async () => {
  const parts = withoutPlaces(rerank.decodeAnswer(Buffer.from(JSON.stringify(otherAnswers.vllm))));
  const json = cohereRerank.encodeAnswer(parts, { wantsUsage: true, createdAt: 0 });
  const fetch = () => Promise.resolve(new Response(json, { headers: { 'content-type': 'application/json' } }));
  const cohere = new CohereClientV2({ token: 'x', environment: 'http://gateway.example', fetch });
  const answer = await cohere.rerank({ model: 'm', query: 'Who?', documents: ['Ann', 'Bob'] });
  expect(answer).toEqual({
    id: otherAnswers.vllm.id,
    results: [{ index: 1, relevanceScore: 0.99853515625 }],
    meta: { apiVersion: { version: '2' }, billedUnits: { inputTokens: 56 } },
  });
});
