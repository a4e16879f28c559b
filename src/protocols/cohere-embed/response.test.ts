import { CohereClientV2 } from 'cohere-ai';
import { expect, test } from 'vitest';
import { answers } from '../../../test/recordings/cohere-embed/answers.ts';
import { answers as openaiAnswers } from '../../../test/recordings/openai-embeddings/answers.ts';
import { noUsage } from '../../llm/usage.ts';
import { openaiEmbeddings } from '../openai-embeddings/index.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { cohereEmbed } from './index.ts';

const read = (answer: object) => withoutPlaces(cohereEmbed.decodeAnswer(Buffer.from(JSON.stringify(answer))));
const options = { wantsUsage: true, createdAt: 0 };

const readBySdk = (body: string, status = 200) => {
  const fetch = () => Promise.resolve(new Response(body, { status, headers: { 'content-type': 'application/json' } }));
  return new CohereClientV2({ token: 'x', environment: 'http://gateway.example', maxRetries: 0, fetch }).embed({
    model: 'm',
    inputType: 'search_query',
    texts: ['Hi'],
  });
};

test('vectors come by their type', () => {
  expect(read(answers.floats)).toEqual([
    { type: 'start', id: answers.floats.id, model: '' },
    { type: 'embedding', index: 0, vector: [0.016296387, -0.008354187] },
    { type: 'embedding', index: 1, vector: [0.04663086, 1e-7] },
    { type: 'usage', usage: { ...noUsage, inputTokens: 6 } },
    { type: 'end' },
  ]);
  expect(read(answers.base64)).toContainEqual({ type: 'embedding', index: 0, vector: [1, -2, 0.5] });
});

test("Cohere's client reads what we write, also of another protocol's answer", async () => {
  const parts = withoutPlaces(openaiEmbeddings.decodeAnswer(Buffer.from(JSON.stringify(openaiAnswers.floats))));
  const floats = await readBySdk(cohereEmbed.encodeAnswer(parts, { ...options, encoding: 'float' }));
  expect(floats.embeddings.float).toEqual(openaiAnswers.floats.data.map(({ embedding }) => embedding));
  expect(floats.meta?.billedUnits?.inputTokens).toBe(8);
  const base64 = await readBySdk(cohereEmbed.encodeAnswer(read(answers.base64), { ...options, encoding: 'base64' }));
  expect(base64.embeddings.base64).toEqual(answers.base64.embeddings.base64);
});

test('kinds of vectors that we have no form for are no embeddings to us', () => {
  expect(read({ id: 'x', embeddings: { int8: [[1]] } }).map(({ type }) => type)).toEqual(['start', 'end']);
});

test("Cohere's client throws our errors with their message", async () => {
  const body = cohereEmbed.encodeError({ status: 429, code: 'budget-exceeded', message: 'There is no budget left.' });
  await expect(readBySdk(body, 429)).rejects.toMatchObject({ statusCode: 429, body: { message: 'There is no budget left.' } });
});
