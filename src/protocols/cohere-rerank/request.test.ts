import { CohereClientV2 } from 'cohere-ai';
import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/cohere-rerank/requests.ts';
import { parseJson } from '../../framing/json.ts';
import { ClientRequest } from '../client-request.ts';
import { cohereRerank } from './index.ts';
import { decodeRequest } from './request.ts';

const decode = (body: object) => decodeRequest(parseJson(Buffer.from(JSON.stringify(body))));

test("the recorded request is what Cohere's client sends", async () => {
  let sent: unknown;
  const fetch: typeof globalThis.fetch = async (_, init) => {
    sent = await new Request('http://gateway.example', init).json();
    return Response.json({ results: [] });
  };
  const { model, query, documents } = everyField;
  const cohere = new CohereClientV2({ token: 'x', environment: 'http://gateway.example', fetch });
  await cohere.rerank({ model, query, documents, topN: 1, maxTokensPerDoc: 512, priority: 3 });
  expect(sent).toEqual(everyField);
});

test('every field is carried, or a warning names it', () => {
  const { value, warnings } = decode(everyField);
  const { query, documents } = everyField;
  expect(value).toEqual({ query, documents, returnDocuments: false, top: 1, maxTokensPerDocument: 512 });
  expect(warnings.map(({ field }) => field)).toEqual(['priority']);
  const { priority: _, ...carried } = everyField;
  const encoded = cohereRerank.encodeRequest(value, { model: 'm', quirks: {} });
  expect(JSON.parse(encoded.value)).toEqual({ ...carried, model: 'm' });
  expect(encoded.warnings).toEqual([]);
});

test('documents that shall come back are warned of: Cohere keeps them', () => {
  const request = { query: 'Who?', documents: ['Bob'], returnDocuments: true };
  const { value, warnings } = cohereRerank.encodeRequest(request, { model: 'm', quirks: {} });
  expect(JSON.parse(value)).toEqual({ model: 'm', query: 'Who?', documents: ['Bob'] });
  expect(warnings.map(({ field }) => field)).toEqual(['return_documents']);
});

test.each([
  [{ ...everyField, top_n: 0 }, 'top_n'],
  [{ ...everyField, documents: [{ image: 'x' }] }, 'documents[0]'],
])('%j cannot be translated', (body, field) => {
  expect(() => decode(body)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

test('for a provider of its own protocol the model is all that changes', () => {
  const json = '{"model":"fast","query":"Who?","documents":[{"title":"x"}],"vendor":9223372036854775807}';
  const { value } = new ClientRequest(cohereRerank, Buffer.from(json)).retargeted({ model: 'm', quirks: {} });
  expect(value.toString()).toBe(json.replace('fast', 'm'));
});
