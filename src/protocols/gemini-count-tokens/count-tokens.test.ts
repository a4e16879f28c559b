import { GoogleGenAI } from '@google/genai';
import { describe, expect, test } from 'vitest';
import { requests } from '../../../test/recordings/gemini-generate/requests.ts';
import { noUsage } from '../../llm/usage.ts';
import { ClientRequest } from '../client-request.ts';
import { requestContract } from '../protocol.contract.ts';
import type { Quirks } from '../protocol.ts';
import { geminiCountTokens } from './index.ts';

const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];
const inside = (value: object): object => ({ contents: undefined, generateContentRequest: { model: 'models/fast', contents, ...value } });

requestContract(geminiCountTokens, {
  request: { contents },
  path: { model: 'fast' },
  requiredFields: ['contents'],
  faults: [
    [{ contents: [] }, 'contents'],
    [{ generateContentRequest: {} }, 'generateContentRequest.contents'],
    [{ generateContentRequest: { contents: [] } }, 'generateContentRequest.contents'],
  ],
  places: {
    'the text of a message': (value) => ({ contents: [{ parts: [{ text: value }] }] }),
    'the text of a message inside': (value) => inside({ contents: [{ parts: [{ text: value }] }] }),
    'the system instruction inside': (value) => inside({ system_instruction: { parts: [{ text: value }] } }),
    'an unknown field inside': (value) => inside({ vendor: [value] }),
  },
});

const { systemInstruction } = requests.settings;
const { tools } = requests['a tool loop'];
const requestOf = (body: object): ClientRequest => new ClientRequest(geminiCountTokens, Buffer.from(JSON.stringify(body)), { model: 'fast' });
const retargeted = (body: object, quirks: Quirks = {}): unknown =>
  JSON.parse(requestOf(body).retargeted({ model: 'gemini-2.5-flash', quirks }).value.toString());
const flat = { contents, systemInstruction, tools };
const wrapped = { generateContentRequest: { model: 'models/gemini-2.5-flash', ...flat } };

describe('a request', () => {
  test('makes no output tokens', () => {
    expect(requestOf({ contents }).facts).toMatchObject({ maxTokens: 0, choices: 1, stream: false });
  });

  test('is decoded where it stands', () => {
    const outside = requestOf(flat).decoded();
    expect(outside).toMatchObject({ value: { messages: [{ role: 'system' }, { role: 'user' }], tools: [{}, {}] }, warnings: [] });
    expect(requestOf(wrapped).decoded()).toEqual(outside);
  });

  test('is encoded as either of Google’s APIs counts it', () => {
    const { value } = requestOf({ ...flat, generationConfig: { temperature: 1 } }).decoded();
    const encode = (request: unknown, quirks: Quirks): unknown =>
      JSON.parse(geminiCountTokens.encodeRequest(request as never, { model: 'gemini-2.5-flash', quirks }).value);
    expect(encode(value, {})).toMatchObject({ generateContentRequest: { model: 'models/gemini-2.5-flash', contents, tools: [{}] } });
    expect(encode(value, { flatTokenCount: true })).toMatchObject({ contents, systemInstruction: {}, tools: [{}] });
    expect(encode(requestOf({ contents }).decoded().value, {})).toEqual({ contents });
  });

  test('passes from each of Google’s APIs to the other', () => {
    expect(retargeted(flat)).toEqual(wrapped);
    expect(retargeted(wrapped)).toEqual(wrapped);
    expect(retargeted({ generateContentRequest: { ...flat, model: 'models/fast' } })).toEqual(wrapped);
    expect(retargeted(wrapped, { flatTokenCount: true })).toEqual(flat);
    expect(retargeted(flat, { flatTokenCount: true })).toEqual(flat);
    expect(retargeted({ contents })).toEqual({ contents });
  });
});

test('the answer is the usage that the request would have', () => {
  const answer = { totalTokens: 31, cachedContentTokenCount: 4, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 31 }] };
  const parts = geminiCountTokens.decodeAnswer(Buffer.from(JSON.stringify(answer)));
  expect(parts).toEqual([
    { type: 'start', id: '', model: '' },
    { type: 'usage', usage: { ...noUsage, inputTokens: 31, cacheReadTokens: 4 } },
    { type: 'end' },
  ]);
  expect(geminiCountTokens.decodeAnswer(Buffer.from('{"error":{"code":503,"message":"Busy.","status":"UNAVAILABLE"}}'))).toMatchObject([
    { type: 'error', failure: { status: 503, type: 'UNAVAILABLE' } },
  ]);
  expect(() => geminiCountTokens.decodeAnswer(Buffer.from('[]'))).toThrow('must be an object');
});

test('Google’s SDK asks for a count and reads it', async () => {
  const asked: string[] = [];
  const respond: typeof fetch = async (url, init) => {
    const { pathname, searchParams } = new URL(url instanceof Request ? url.url : url);
    asked.push(geminiCountTokens.matchPath(pathname, searchParams)?.model ?? '');
    const body = Buffer.from(await new Response(init?.body).text());
    expect(new ClientRequest(geminiCountTokens, body, { model: 'fast' }).facts).toMatchObject({ model: 'fast', stream: false });
    const usage = { ...noUsage, inputTokens: 12 };
    return new Response(geminiCountTokens.encodeAnswer([{ type: 'usage', usage }, { type: 'end' }], { wantsUsage: true, createdAt: 0 }));
  };
  const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: 'http://gateway.example', fetch: respond } });
  expect(await client.models.countTokens({ model: 'fast', contents: 'Hi' })).toMatchObject({ totalTokens: 12 });
  expect(asked).toEqual(['fast']);
});
