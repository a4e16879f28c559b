import { beforeAll, expect, test } from 'vitest';
import type { ChatRequest, ObjectText, UserContent } from '../../llm/request.ts';
import { tokensOfChat, tokensOfEmbed, tokensOfRerank } from './request-tokens.ts';
import { loadTokenizer } from './vocabulary.ts';

beforeAll(loadTokenizer);

const object = (json: string): ObjectText => json as ObjectText;
const chat = (...content: UserContent[]): ChatRequest => ({ stream: false, messages: [{ role: 'user', content }], tools: [], stop: [] });
const base64 = (bytes: number): string => Buffer.alloc(bytes).toString('base64');

/** What a message takes that says nothing. */
const empty = tokensOfChat(chat());

test('counts messages as OpenAI does: a few tokens for each, and a few for the answer', () => {
  const request: ChatRequest = {
    ...chat({ type: 'text', text: 'hello world' }),
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'hello world' }] },
      { role: 'user', content: [{ type: 'text', text: 'hello world' }] },
    ],
  };
  expect(tokensOfChat(request)).toBe(3 + 3 + 2 + 3 + 2);
});

test('counts what the model said, thought and called, and what it may call', () => {
  const request: ChatRequest = {
    ...chat(),
    messages: [
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hello world' },
          { type: 'text', text: 'hello world' },
          { type: 'tool-call', id: 'call_1', name: 'hello', arguments: object('{}') },
        ],
      },
    ],
  };
  expect(tokensOfChat(request)).toBe(empty + 2 + 2 + 1 + 1);
  const tool = { name: 'hello', description: 'hello world', parameters: object('{}') };
  expect(tokensOfChat({ ...request, tools: [tool] })).toBe(tokensOfChat(request) + 1 + 2 + 1);
  expect(tokensOfChat({ ...request, responseFormat: { type: 'json-schema', schema: object('{}') } })).toBe(tokensOfChat(request) + 1);
});

test.each<[string, UserContent, number]>([
  ['an image', { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: base64(5_000_000) } }, 1000],
  ['an image at an address', { type: 'image', source: { kind: 'url', url: 'https://images.test/a.png' } }, 1000],
  ['an image to glance at', { type: 'image', source: { kind: 'url', url: 'https://images.test/a.png' }, detail: 'low' }, 85],
  ['a PDF of some pages', { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: base64(60_000) } }, 4 * 258],
  ['a huge PDF', { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: base64(20_000_000) } }, 100 * 258],
  ['a PDF at an address', { type: 'document', source: { kind: 'url', url: 'https://files.test/a.pdf' } }, 258],
  ['a text file', { type: 'document', source: { kind: 'base64', mediaType: 'text/plain', data: base64(6000) } }, 1500],
  ['a text as a document', { type: 'document', source: { kind: 'text', text: 'hello world' } }, 2],
  ['a second of a recording', { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: base64(32_000) } }, 32],
  ['two seconds, compressed', { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mp3', data: base64(32_000) } }, 64],
])('%s counts by what it is, not by its bytes as text', (_name, content, tokens) => {
  expect(Math.abs(tokensOfChat(chat(content)) - empty - tokens)).toBeLessThanOrEqual(1);
});

test('counts all texts and tokens of a request for embeddings', () => {
  expect(
    tokensOfEmbed({
      inputs: [
        { type: 'text', text: 'hello world' },
        { type: 'tokens', tokens: [1, 2, 3] },
      ],
      encoding: 'float',
    }),
  ).toBe(5);
});

test('counts the query of a ranking with each document', () => {
  expect(tokensOfRerank({ query: 'hello world', documents: ['hello', 'world', 'hello world'], returnDocuments: false })).toBe(3 * 2 + 1 + 1 + 2);
});
