import { GoogleGenAI } from '@google/genai';
import { describe, expect, test } from 'vitest';
import type { EmbedRequest } from '../../llm/embed.ts';
import { noUsage } from '../../llm/usage.ts';
import { ClientRequest } from '../client-request.ts';
import { requestContract } from '../protocol.contract.ts';
import type { EmbedProtocol } from '../protocol.ts';
import { geminiEmbed, geminiEmbedContent } from './index.ts';

const content = { parts: [{ text: 'Hi' }] };
const one = { content };
const places = {
  'an unknown field of the content': (value: unknown) => ({ content: { parts: [{ text: 'Hi' }], vendor: value } }),
  'the title': (value: unknown) => ({ title: value }),
};

requestContract(geminiEmbedContent, {
  request: one,
  path: { model: 'fast' },
  requiredFields: ['content'],
  places: { ...places, 'the text': (value) => ({ content: { parts: [{ text: value }] } }) },
});

requestContract(geminiEmbed, {
  request: { requests: [{ model: 'models/fast', ...one }] },
  path: { model: 'fast' },
  requiredFields: ['requests'],
  faults: [
    [{ requests: [] }, 'requests'],
    [{ requests: [one, {}] }, 'requests[1].content'],
  ],
  places: Object.fromEntries(
    Object.entries(places).map(([name, place]) => [name, (value: unknown) => ({ requests: [{ ...one, ...place(value) }] })]),
  ),
});

const requestOf = (protocol: EmbedProtocol, body: object): ClientRequest =>
  new ClientRequest(protocol, Buffer.from(JSON.stringify(body)), { model: 'fast' });
const target = { model: 'gemini-embedding-001', quirks: {} };

describe('a request', () => {
  test.each([geminiEmbed, geminiEmbedContent])('to $name makes no output tokens', (protocol) => {
    expect(requestOf(protocol, protocol === geminiEmbed ? { requests: [one] } : one).facts).toMatchObject({
      maxTokens: 0,
      choices: 1,
      stream: false,
    });
  });

  test('names the provider’s model where it must', () => {
    const retargeted = (protocol: EmbedProtocol, body: object): unknown => JSON.parse(requestOf(protocol, body).retargeted(target).value.toString());
    const model = 'models/gemini-embedding-001';
    expect(retargeted(geminiEmbed, { requests: [{ model: 'models/fast', ...one }, one] })).toEqual({
      requests: [
        { model, ...one },
        { model, ...one },
      ],
    });
    expect(retargeted(geminiEmbedContent, one)).toEqual(one);
    expect(retargeted(geminiEmbedContent, { model: 'models/fast', ...one })).toEqual({ model, ...one });
  });

  test('in canonical form has all texts and the options of the first', () => {
    const options = { taskType: 'RETRIEVAL_DOCUMENT', title: 'T', output_dimensionality: 64 };
    const body = {
      requests: [
        { model: 'models/fast', content, ...options },
        { content: { parts: [{ text: 'a' }, { text: 'b' }] }, ...options },
      ],
    };
    expect(requestOf(geminiEmbed, body).decoded()).toEqual({
      value: {
        inputs: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: 'a\nb' },
        ],
        encoding: 'float',
        dimensions: 64,
        purpose: 'document',
        title: 'T',
      },
      warnings: [],
    });
  });

  test('loses nothing in silence', () => {
    const fieldsOf = (protocol: EmbedProtocol, body: object): string[] =>
      requestOf(protocol, body)
        .decoded()
        .warnings.map(({ field }) => field);
    expect(
      fieldsOf(geminiEmbed, { requests: [{ content, taskType: 'CLUSTERING' }, { content }, { content, taskType: 'CLASSIFICATION' }], x: 1 }),
    ).toEqual(['x', 'requests[1]', 'requests[2].taskType']);
    expect(fieldsOf(geminiEmbedContent, { content: { parts: [{ inlineData: {} }], role: 'user' }, taskType: 'FACT_VERIFICATION', y: 1 })).toEqual([
      'taskType',
      'y',
      'content.parts[0].inlineData',
    ]);
    const vertex = { content, embedContentConfig: { taskType: 'RETRIEVAL_QUERY', autoTruncate: false, documentOcr: true } };
    expect(fieldsOf(geminiEmbedContent, vertex)).toEqual(['embedContentConfig.documentOcr']);
    expect(requestOf(geminiEmbedContent, vertex).decoded().value).toMatchObject({ purpose: 'query', truncate: 'none' });
  });

  const text = (each: string) => ({ type: 'text', text: each }) as const;
  const encode = (protocol: EmbedProtocol, request: Partial<EmbedRequest>) => {
    const { value, warnings } = protocol.encodeRequest({ inputs: [text('A')], encoding: 'float', ...request }, target);
    return { body: JSON.parse(value) as unknown, fields: warnings.map(({ field }) => field) };
  };

  test('is encoded as a batch, or as one', () => {
    const options = { purpose: 'document', title: 'T', dimensions: 64 } as const;
    const written = { model: 'models/gemini-embedding-001', taskType: 'RETRIEVAL_DOCUMENT', title: 'T', outputDimensionality: 64 };
    expect(encode(geminiEmbed, { inputs: [text('A'), text('B')], ...options })).toEqual({
      body: {
        requests: [
          { ...written, content: { parts: [{ text: 'A' }] } },
          { ...written, content: { parts: [{ text: 'B' }] } },
        ],
      },
      fields: [],
    });
    expect(encode(geminiEmbedContent, options)).toEqual({ body: { ...written, content: { parts: [{ text: 'A' }] } }, fields: [] });
  });

  test('is encoded with a warning for each field that Google does not have', () => {
    expect(encode(geminiEmbed, { title: 'T', purpose: 'query', truncate: 'start', user: 'u' }).fields).toEqual(['title', 'truncate', 'user']);
    expect(encode(geminiEmbed, { truncate: 'end' }).fields).toEqual([]);
  });

  test('of tokens is refused', () => {
    expect(() => encode(geminiEmbed, { inputs: [text('A'), { type: 'tokens', tokens: [1] }] })).toThrow(
      expect.objectContaining({ name: 'JsonFieldError', field: 'input[1]' }),
    );
    expect(() => encode(geminiEmbedContent, { inputs: [text('A'), text('B')] })).toThrow(expect.objectContaining({ field: 'input' }));
  });
});

describe('an answer', () => {
  const usageMetadata = { promptTokenCount: 4, totalTokenCount: 4 };
  const decode = (answer: unknown) => geminiEmbed.decodeAnswer(Buffer.from(JSON.stringify(answer)));
  const options = { wantsUsage: true, createdAt: 0 };

  test('of a batch, and of one', () => {
    const batch = { embeddings: [{ values: [0.5, -1] }, { values: [2, 3] }], usageMetadata };
    const parts = decode(batch);
    expect(parts).toEqual([
      { type: 'start', id: '', model: '' },
      { type: 'embedding', index: 0, vector: [0.5, -1] },
      { type: 'embedding', index: 1, vector: [2, 3] },
      { type: 'usage', usage: { ...noUsage, inputTokens: 4 } },
      { type: 'end' },
    ]);
    const canonical = parts.filter((part) => part.type === 'embedding' || part.type === 'usage');
    expect(JSON.parse(geminiEmbed.encodeAnswer(canonical.toReversed(), options))).toEqual(batch);
    const single = { embedding: { values: [0.5, -1] }, usageMetadata };
    expect(decode(single)[1]).toEqual({ type: 'embedding', index: 0, vector: [0.5, -1] });
    expect(JSON.parse(geminiEmbedContent.encodeAnswer(canonical, options))).toEqual(single);
  });

  test.each([{}, { embeddings: [] }, { embeddings: [{ values: ['1'] }] }, []])('%j is none', (answer) => {
    expect(() => decode(answer)).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
  });

  test('may be an error', () => {
    expect(decode({ error: { code: 429, message: 'Slow.', status: 'RESOURCE_EXHAUSTED' } })).toMatchObject([
      { type: 'error', failure: { status: 429 } },
    ]);
  });
});

test('Google’s SDK asks for embeddings and reads them', async () => {
  const respond: typeof fetch = async (url, init) => {
    const { pathname, searchParams } = new URL(url instanceof Request ? url.url : url);
    expect(geminiEmbed.matchPath(pathname, searchParams)).toEqual({ model: 'fast', stream: false });
    expect(geminiEmbedContent.matchPath(pathname, searchParams)).toBeUndefined();
    const body = Buffer.from(await new Response(init?.body).text());
    const { value } = new ClientRequest(geminiEmbed, body, { model: 'fast' }).decoded();
    const vectors = (value as EmbedRequest).inputs.map((_, index) => ({ type: 'embedding', index, vector: [index, 1] }) as const);
    return new Response(geminiEmbed.encodeAnswer(vectors, { wantsUsage: true, createdAt: 0 }));
  };
  const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: 'http://gateway.example', fetch: respond } });
  const { embeddings } = await client.models.embedContent({ model: 'fast', contents: ['A', 'B'], config: { taskType: 'CLUSTERING' } });
  expect(embeddings).toEqual([{ values: [0, 1] }, { values: [1, 1] }]);
});
