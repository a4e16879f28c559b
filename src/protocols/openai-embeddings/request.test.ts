import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { everyField } from '../../../test/recordings/openai-embeddings/requests.ts';
import { parseJson } from '../../framing/json.ts';
import type { EmbedRequest } from '../../llm/embed.ts';
import { ClientRequest } from '../client-request.ts';
import type { Quirks } from '../protocol.ts';
import { openaiEmbeddings } from './index.ts';
import { decodeRequest } from './request.ts';

const parsed = (body: unknown) => parseJson(Buffer.from(JSON.stringify(body)));
const smallest = { model: 'fast', input: 'Hi' };
const decode = (fields: object) => decodeRequest(parsed({ ...smallest, ...fields }));
const encode = (request: Partial<EmbedRequest>, quirks: Quirks = {}) => {
  const inputs: EmbedRequest['inputs'] = [{ type: 'text', text: 'Hi' }];
  const { value, warnings } = openaiEmbeddings.encodeRequest({ inputs, encoding: 'float', ...request }, { model: 'm', quirks });
  return { body: JSON.parse(value) as object, warned: warnings.map(({ field }) => field) };
};

test.each(['/v1/embeddings', '/openai/v1/embeddings', '/openai/deployments/fast/embeddings'])('%s is a path of it', (path) => {
  expect(openaiEmbeddings.matchPath(path, new URLSearchParams())).toEqual(path.includes('fast') ? { model: 'fast' } : {});
});

test("what OpenAI's client asks for by itself is base64", async () => {
  let sent: unknown;
  const fetch = async (_: unknown, init?: RequestInit) => {
    sent = await new Request('http://gateway.example', init).json();
    return Response.json({ object: 'list', data: [], model: 'm', usage: { prompt_tokens: 0, total_tokens: 0 } });
  };
  await new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', fetch }).embeddings.create(smallest);
  expect(openaiEmbeddings.facts(parsed(sent), {}).encoding).toBe('base64');
});

test.each([
  ['Hi', [{ type: 'text', text: 'Hi' }]],
  [
    ['Hi', ''],
    [
      { type: 'text', text: 'Hi' },
      { type: 'text', text: '' },
    ],
  ],
  [[1, 2], [{ type: 'tokens', tokens: [1, 2] }]],
  [
    [[1, 2], [3]],
    [
      { type: 'tokens', tokens: [1, 2] },
      { type: 'tokens', tokens: [3] },
    ],
  ],
])('the input %j is read, and written as it was', (input, inputs) => {
  const { value, warnings } = decode({ input });
  expect(value).toEqual({ inputs, encoding: 'float' });
  expect(warnings).toEqual([]);
  // The tokens of one text are one item of a list, which says the same.
  expect(encode(value).body).toEqual({ model: 'm', input: typeof input[0] === 'number' ? [input] : input });
});

test('every field is carried', () => {
  const { value, warnings } = decode(everyField);
  expect(value).toEqual({
    inputs: everyField.input.map((text) => ({ type: 'text', text })),
    dimensions: 256,
    encoding: 'base64',
    user: 'bob@b.de',
  });
  expect(warnings).toEqual([]);
  expect(encode(value)).toEqual({ body: { ...everyField, model: 'm' }, warned: [] });
});

test.each([
  [{ input: [] }, 'input'],
  [{ input: ['Hi', 1] }, 'input[1]'],
  [{ input: [1, 'Hi'] }, 'input[1]'],
  [{ input: 7 }, 'input'],
  [{ dimensions: 0 }, 'dimensions'],
])('%j is refused', (fields, field) => {
  expect(() => decode(fields)).toThrow(expect.objectContaining({ name: 'JsonFieldError', field }));
});

test('an unknown field is warned of', () => {
  expect(decode({ vendor: 1 }).warnings).toMatchObject([{ field: 'vendor' }]);
});

test.each([
  [{ purpose: 'query' }, {}, 'input_type'],
  [{ title: 'T' }, {}, 'title'],
  [{ truncate: 'end' }, {}, 'truncate'],
  [{ user: 'u' }, { refusedFields: ['user'] }, 'user'],
] satisfies [Partial<EmbedRequest>, Quirks, string][])('%j with the quirks %j is warned of', (fields, quirks, field) => {
  expect(encode(fields, quirks)).toEqual({ body: { model: 'm', input: 'Hi' }, warned: [field] });
});

test('who is refused base64 asks for floats: the client gets its base64 of us', () => {
  expect(encode({ encoding: 'base64' }, { refusedFields: ['encoding_format'] })).toEqual({ body: { model: 'm', input: 'Hi' }, warned: [] });
});

test('a text that is too long is refused by OpenAI as well', () => {
  expect(encode({ truncate: 'none' }).warned).toEqual([]);
});

test('texts beside tokens are refused', () => {
  const inputs: EmbedRequest['inputs'] = [
    { type: 'text', text: 'Hi' },
    { type: 'tokens', tokens: [1] },
  ];
  expect(() => encode({ inputs })).toThrow(expect.objectContaining({ field: 'input' }));
});

test('for a provider of its own protocol the model is all that changes', () => {
  const json = '{"model":"fast","input":[[1e2,2]],"vendor":9223372036854775807}';
  const { value } = new ClientRequest(openaiEmbeddings, Buffer.from(json)).retargeted({ model: 'm', quirks: {} });
  expect(value.toString()).toBe(json.replace('fast', 'm'));
});
