import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeBedrock, type FakeBedrock } from '../../demo/bedrock.ts';
import type { EmbedRequest } from '../../llm/embed.ts';
import { bedrockEmbed } from './index.ts';

let fake: FakeBedrock;
beforeAll(async () => {
  fake = await startFakeBedrock();
});
afterAll(() => fake.stop());

const titan = 'amazon.titan-embed-text-v2:0';
const texts = (...given: string[]): EmbedRequest['inputs'] => given.map((text) => ({ type: 'text', text }));

/** What the fake makes of a request: it knows each maker's body. */
async function asked(request: Partial<EmbedRequest>, model: string) {
  const { value, warnings } = bedrockEmbed.encodeRequest({ inputs: texts('Hi'), encoding: 'float', ...request }, { model, quirks: {} });
  const headers = { authorization: `Bearer ${fake.apiKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${fake.url}/model/${encodeURIComponent(model)}/invoke`, { method: 'POST', headers, body: value });
  const body = Buffer.from(await response.arrayBuffer());
  expect([response.status, response.status === 200 ? '' : body.toString()]).toEqual([200, '']);
  const parts = bedrockEmbed.decodeAnswer(body);
  return {
    sent: JSON.parse(value) as Record<string, unknown>,
    lengths: parts.flatMap((part) => (part.type === 'embedding' ? [part.vector.length] : [])),
    tokens: parts.flatMap((part) => (part.type === 'usage' ? [part.usage.inputTokens] : [])),
    last: parts.at(-1)?.type,
    fields: warnings.map(({ field }) => field),
  };
}

describe('Titan', () => {
  test('makes one vector, and counts its tokens', async () => {
    expect(await asked({ dimensions: 256 }, titan)).toEqual({
      sent: { inputText: 'Hi', dimensions: 256 },
      lengths: [256],
      tokens: [1],
      last: 'end',
      fields: [],
    });
  });

  test('is not told what it has no field for', async () => {
    const { fields } = await asked({ purpose: 'query', title: 't', truncate: 'end', user: 'u' }, titan);
    expect(fields).toEqual(['input_type', 'title', 'truncate', 'user']);
  });
});

describe('Cohere', () => {
  test.each([
    ['cohere.embed-v4:0', { dimensions: 256, truncate: 'end' }, { output_dimension: 256, truncate: 'RIGHT' }, 256, []],
    ['eu.cohere.embed-v4:0', { truncate: 'start' }, { truncate: 'LEFT' }, 1536, []],
    ['cohere.embed-multilingual-v3', { dimensions: 256, truncate: 'start' }, { truncate: 'START' }, 1024, ['dimensions']],
  ] as const)('%s makes as many vectors as there are texts', async (model, options, written, length, warned) => {
    const { sent, lengths, fields, last } = await asked({ inputs: texts('Hi', 'Ho'), purpose: 'query', ...options }, model);
    expect(sent).toEqual({ texts: ['Hi', 'Ho'], input_type: 'search_query', embedding_types: ['float'], ...written });
    expect([lengths, fields, last]).toEqual([[length, length], warned, 'end']);
  });

  test('is told a purpose, since it wants one', async () => {
    expect((await asked({}, 'cohere.embed-v4:0')).sent).toMatchObject({ input_type: 'search_document' });
    const { sent, fields } = await asked({ purpose: 'similarity', user: 'u' }, 'cohere.embed-v4:0');
    expect([sent['input_type'], fields]).toEqual(['clustering', ['user', 'input_type']]);
  });

  test('may answer without types', () => {
    const parts = bedrockEmbed.decodeAnswer(Buffer.from('{"id":"1","response_type":"embeddings_floats","embeddings":[[0.5,1],[2,3]]}'));
    expect(parts).toMatchObject([{ type: 'start', id: '1' }, { vector: [0.5, 1] }, { vector: [2, 3] }, { type: 'end' }]);
  });
});

test.each([
  [{ inputs: texts('Hi', 'Ho') }, titan, 'input'],
  [{ inputs: [] }, titan, 'input'],
  [{ inputs: [{ type: 'tokens' as const, tokens: [1] }] }, titan, 'input[0]'],
  [{ inputs: [{ type: 'tokens' as const, tokens: [1] }] }, 'cohere.embed-v4:0', 'input[0]'],
  [{}, 'amazon.nova-2-multimodal-embeddings-v1:0', 'model'],
])('%j is refused for %s', (request, model, field) => {
  expect(() => bedrockEmbed.encodeRequest({ inputs: texts('Hi'), encoding: 'float', ...request }, { model, quirks: {} })).toThrow(
    expect.objectContaining({ name: 'JsonFieldError', field }),
  );
});

test('an error in place of an answer is one, and anything else is refused', () => {
  expect(bedrockEmbed.decodeAnswer(Buffer.from('{"message":"No.","__type":"ThrottlingException"}'))).toEqual([
    { type: 'error', failure: { status: 429, type: 'ThrottlingException', message: 'No.' } },
  ]);
  for (const body of ['{}', '[]', '{"embeddings":[]}', '{"embeddings":{"int8":[[1]]}}', '{"embedding":["x"]}']) {
    expect(() => bedrockEmbed.decodeAnswer(Buffer.from(body))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
  }
});

test('no client speaks it', () => {
  expect(bedrockEmbed.matchPath('/model/m/invoke', new URLSearchParams())).toBeUndefined();
  expect(() => bedrockEmbed.encodeAnswer([], { wantsUsage: true, createdAt: 0 })).toThrow('no client speaks this protocol');
});
