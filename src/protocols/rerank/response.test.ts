import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/rerank/answers.ts';
import { noUsage } from '../../llm/usage.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { rerank } from './index.ts';

const read = (answer: object) => withoutPlaces(rerank.decodeAnswer(Buffer.from(JSON.stringify(answer))));
const write = (parts: ReturnType<typeof read>) => JSON.parse(rerank.encodeAnswer(parts, { wantsUsage: true, createdAt: 0, model: 'fast' })) as object;

test('results keep their order, their scores and their documents', () => {
  expect(read(answers.jina)).toEqual([
    { type: 'start', id: '', model: 'jina-reranker-v2-base-multilingual' },
    { type: 'ranking', index: 1, score: 0.87, document: 'Bob is a builder.' },
    { type: 'ranking', index: 0, score: 0.012, document: 'Ann is an architect.' },
    { type: 'usage', usage: { ...noUsage, inputTokens: 815 } },
    { type: 'end' },
  ]);
  expect(write(read(answers.jina))).toEqual({ ...answers.jina, usage: { prompt_tokens: 815, total_tokens: 815 } });
});

test('a document may be a text alone, or absent', () => {
  expect(read({ results: [{ index: 0, relevance_score: 1, document: 'Bob' }] })).toContainEqual({
    type: 'ranking',
    index: 0,
    score: 1,
    document: 'Bob',
  });
  expect(write(read(answers.withoutDocuments))).toEqual({ object: 'list', ...answers.withoutDocuments });
});

test('an answer whose provider names no model has the name that was asked for', () => {
  expect(write(read({ results: [] }))).toEqual({ object: 'list', model: 'fast', results: [] });
});

test.each([
  [{ results: [{ index: 0 }] }, 'results[0]'],
  [{ results: [7] }, 'results[0]'],
  [{ results: {} }, 'results'],
])('%j is no answer', (answer, field) => {
  expect(() => read(answer)).toThrow(expect.objectContaining({ field }));
});
