import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/rerank/requests.ts';
import { parseJson } from '../../framing/json.ts';
import type { RerankRequest } from '../../llm/embed.ts';
import { ClientRequest } from '../client-request.ts';
import { rerank } from './index.ts';
import { decodeRequest } from './request.ts';

const smallest = { model: 'fast', query: 'Who?', documents: ['Bob'] };
const decode = (fields: object) => decodeRequest(parseJson(Buffer.from(JSON.stringify({ ...smallest, ...fields }))));
const encode = (request: Partial<RerankRequest>) => {
  const { value, warnings } = rerank.encodeRequest(
    { query: 'Who?', documents: ['Bob'], returnDocuments: true, ...request },
    { model: 'm', quirks: {} },
  );
  return { body: JSON.parse(value) as object, warned: warnings.map(({ field }) => field) };
};

test('every field is carried', () => {
  const { value, warnings } = decode(everyField);
  expect(value).toEqual({ query: 'Who is Bob?', documents: ['Bob is a builder.', 'Ann is an architect.'], returnDocuments: false, top: 1 });
  expect(warnings).toEqual([]);
  expect(encode(value)).toEqual({ body: { ...everyField, model: 'm', documents: value.documents }, warned: [] });
});

test('documents come back unless they are not wanted; zero of the best are all', () => {
  expect(decode({ top_n: 0 }).value).toEqual({ query: 'Who?', documents: ['Bob'], returnDocuments: true });
});

test('a document of several fields keeps them in its text, or is warned of', () => {
  const { value, warnings } = decode({
    documents: [
      { title: 'Bob', year: 9 },
      { text: 'Ann', lang: 'en' },
    ],
  });
  expect(value.documents).toEqual(['{"title":"Bob","year":9}', 'Ann']);
  expect(warnings.map(({ field }) => field)).toEqual(['documents[0]', 'documents[1].lang']);
});

test.each([
  [{ documents: [{ image: 'https://a.example' }] }, 'documents[0]'],
  [{ documents: [7] }, 'documents[0]'],
  [{ query: { text: 'x' } }, 'query'],
  [{ top_n: -1 }, 'top_n'],
])('%j cannot be translated', (fields, field) => {
  expect(() => decode(fields)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

test.each([
  [{ vendor: 1 }, 'vendor'],
  [{ truncate_prompt_tokens: 9 }, 'truncate_prompt_tokens'],
])('%j is warned of', (fields, field) => {
  expect(decode(fields).warnings.map((warning) => warning.field)).toEqual([field]);
});

test('the length of documents has no field that all servers take', () => {
  expect(decode({ max_tokens_per_doc: 9 }).value.maxTokensPerDocument).toBe(9);
  expect(encode({ maxTokensPerDocument: 9 })).toEqual({
    body: { model: 'm', query: 'Who?', documents: ['Bob'], return_documents: true },
    warned: ['max_tokens_per_doc'],
  });
});

test('for a provider of its own protocol the model is all that changes', () => {
  const json = '{"model":"fast","query":"Who?","documents":[{"image":"x"}],"vendor":9223372036854775807}';
  const { value } = new ClientRequest(rerank, Buffer.from(json)).retargeted({ model: 'm', quirks: {} });
  expect(value.toString()).toBe(json.replace('fast', 'm'));
});
