import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/openai-embeddings/answers.ts';
import { noUsage } from '../../llm/usage.ts';
import { openaiEmbeddings } from './index.ts';

const read = (answer: object) => openaiEmbeddings.decodeAnswer(Buffer.from(JSON.stringify(answer)));
const options = { wantsUsage: true, createdAt: 0 };

/** What OpenAI's client makes of an answer; by itself it asks for base64 and takes that for what it gets. */
const readBySdk = (json: string, format?: 'float') => {
  const fetch = () => Promise.resolve(new Response(json, { headers: { 'content-type': 'application/json' } }));
  const openai = new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch });
  return openai.embeddings.create({ model: 'm', input: 'Hi', ...(format && { encoding_format: format }) });
};

test('floats are numbers as they were sent', () => {
  expect(read(answers.floats)).toEqual([
    { type: 'start', id: '', model: 'text-embedding-3-small' },
    { type: 'embedding', index: 0, vector: [0.0023064255, -0.009327292, 1] },
    { type: 'embedding', index: 1, vector: [-0.0028842222, 1e-7, 0] },
    { type: 'usage', usage: { ...noUsage, inputTokens: 8 } },
    { type: 'end' },
  ]);
});

test('base64 is floats of 32 bits', () => {
  expect(read(answers.base64)).toContainEqual({ type: 'embedding', index: 0, vector: [1, -2, 0.5] });
});

test("OpenAI's client reads what we write, as floats and in base64", async () => {
  const parts = read(answers.floats).filter((part) => part.type !== 'echo');
  const floats = await readBySdk(openaiEmbeddings.encodeAnswer(parts, { ...options, encoding: 'float' }), 'float');
  expect(floats).toEqual(answers.floats);
  const base64 = await readBySdk(openaiEmbeddings.encodeAnswer(parts, { ...options, encoding: 'base64' }));
  expect(base64.data.map(({ embedding }) => [...embedding])).toEqual(answers.floats.data.map(({ embedding }) => embedding.map(Math.fround)));
});

test('an answer whose provider names no model has the name that was asked for', () => {
  const json = openaiEmbeddings.encodeAnswer([{ type: 'start', id: '', model: '' }], { ...options, model: 'fast' });
  expect(JSON.parse(json)).toEqual({ object: 'list', data: [], model: 'fast', usage: { prompt_tokens: 0, total_tokens: 0 } });
});

test.each([
  [{ data: [{ index: 0, embedding: [1, '2'] }] }, 'data[0].embedding'],
  [{ data: [7] }, 'data[0].embedding'],
  [{ data: [] }, 'data'],
])('%j is no answer', (answer, field) => {
  expect(() => read(answer)).toThrow(expect.objectContaining({ field }));
});
