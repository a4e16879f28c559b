import { CohereClientV2 } from 'cohere-ai';
import { expect, test } from 'vitest';
import { everyField, picture, pieces } from '../../../test/recordings/cohere-embed/requests.ts';
import { parseJson } from '../../framing/json.ts';
import type { EmbedRequest } from '../../llm/embed.ts';
import { ClientRequest } from '../client-request.ts';
import { cohereEmbed } from './index.ts';
import { decodeRequest } from './request.ts';

const parsed = (body: unknown) => parseJson(Buffer.from(JSON.stringify(body)));
const smallest = { model: 'fast', texts: ['Hi'] };
const decode = (fields: object) => decodeRequest(parsed({ ...smallest, ...fields }));
const encode = (request: Partial<EmbedRequest>) => {
  const inputs: EmbedRequest['inputs'] = [{ type: 'text', text: 'Hi' }];
  const { value, warnings } = cohereEmbed.encodeRequest({ inputs, encoding: 'float', ...request }, { model: 'm', quirks: {} });
  return { body: JSON.parse(value) as object, warned: warnings.map(({ field }) => field) };
};

test("the recorded request is what Cohere's client sends", async () => {
  let sent: unknown;
  const fetch: typeof globalThis.fetch = async (_, init) => {
    sent = await new Request('http://gateway.example', init).json();
    return Response.json({ id: 'x', embeddings: {} });
  };
  const { model, texts } = everyField;
  await new CohereClientV2({ token: 'x', environment: 'http://gateway.example', fetch }).embed({
    model,
    texts,
    inputType: 'search_query',
    embeddingTypes: ['float'],
    outputDimension: 256,
    maxTokens: 100,
    truncate: 'START',
    priority: 3,
  });
  expect(sent).toEqual(everyField);
});

test('every field is carried, or a warning names it', () => {
  const { value, warnings } = decode(everyField);
  expect(value).toEqual({
    inputs: [{ type: 'text', text: 'Mail of Bob' }],
    purpose: 'query',
    dimensions: 256,
    encoding: 'float',
    truncate: 'start',
  });
  expect(warnings.map(({ field }) => field)).toEqual(['max_tokens', 'priority']);
  const { max_tokens: _, priority: __, ...carried } = everyField;
  expect(encode(value)).toEqual({ body: { ...carried, model: 'm' }, warned: [] });
});

test('the texts of an input in pieces are one text', () => {
  expect(decode({ texts: null, inputs: [pieces] }).value.inputs).toEqual([{ type: 'text', text: 'Mail of\nAnn' }]);
});

test.each([
  [{ images: ['data:image/png;base64,iVBO'] }, 'images'],
  [{ inputs: [picture] }, 'inputs[0].content[0]'],
  [{ texts: [] }, 'texts'],
  [{ embedding_types: ['int8'] }, 'embedding_types'],
  [{ embedding_types: ['float', 'base64'] }, 'embedding_types'],
  [{ texts: [7] }, 'texts[0]'],
])('%j cannot be translated', (fields, field) => {
  expect(() => decode(fields)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

test.each([
  [{ input_type: 'image' }, 'input_type'],
  [{ truncate: 'MIDDLE' }, 'truncate'],
  [{ vendor: 1 }, 'vendor'],
  [{ texts: null, inputs: [{ ...pieces, vendor: 1 }] }, 'inputs[0].vendor'],
])('%j is warned of', (fields, field) => {
  expect(decode(fields).warnings.map((warning) => warning.field)).toEqual([field]);
});

test('vectors without a purpose are those of documents, which its models need to know', () => {
  expect(encode({}).body).toEqual({ model: 'm', texts: ['Hi'], input_type: 'search_document', embedding_types: ['float'] });
});

test.each([
  ['query', 'search_query'],
  ['document', 'search_document'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
] as const)('the purpose %s is %s, both ways', (purpose, inputType) => {
  expect(encode({ purpose })).toMatchObject({ body: { input_type: inputType }, warned: [] });
  expect(decode({ input_type: inputType }).value.purpose).toBe(purpose);
});

test.each([
  [{ purpose: 'similarity' }, 'input_type'],
  [{ title: 'T' }, 'title'],
  [{ user: 'u' }, 'user'],
] satisfies [Partial<EmbedRequest>, string][])('%j is warned of on the way to Cohere', (fields, field) => {
  expect(encode(fields).warned).toEqual([field]);
});

test('tokens are refused', () => {
  expect(() => encode({ inputs: [{ type: 'tokens', tokens: [1] }] })).toThrow(expect.objectContaining({ field: 'input[0]' }));
});

test('the client says how its vectors are written', () => {
  const encodingOf = (types?: string[]) => cohereEmbed.facts(parsed({ ...smallest, embedding_types: types }), {}).encoding;
  expect([undefined, [], ['float'], ['base64'], ['int8']].map(encodingOf)).toEqual(['float', 'float', 'float', 'base64', 'float']);
});

test('for a provider of its own protocol the model is all that changes', () => {
  const json = '{"model":"fast","images":["data:image/png;base64,iVBO"],"embedding_types":["int8","ubinary"]}';
  const { value } = new ClientRequest(cohereEmbed, Buffer.from(json)).retargeted({ model: 'm', quirks: {} });
  expect(value.toString()).toBe(json.replace('fast', 'm'));
});
