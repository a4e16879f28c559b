import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { encodeModelList, matchModelList } from './model-list.ts';

const none = new Map<string, string>();
const names = ['fast', 'team/smart'];
const at = 1_700_000_000;

/** A server that only lists models. */
const fetchList = (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]): Promise<Response> => {
  const request = new Request(input, init);
  const call = matchModelList(new URL(request.url).pathname, new Map(request.headers));
  if (call === undefined) return Promise.resolve(new Response('{}', { status: 404 }));
  return Promise.resolve(new Response(encodeModelList(call, names, at), { headers: { 'content-type': 'application/json' } }));
};

test("OpenAI's SDK lists models and retrieves one, whatever is in its name", async () => {
  const client = new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example/v1', fetch: fetchList });
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(names);
  expect(await client.models.retrieve('team/smart')).toEqual({ id: 'team/smart', object: 'model', created: at, owned_by: 'remora' });
});

test("Anthropic's SDK gets its own shape at the same path", async () => {
  const client = new Anthropic({ apiKey: 'x', baseURL: 'http://gateway.example', fetch: fetchList });
  const page = await client.models.list();
  expect(page.data.map(({ id }) => id)).toEqual(names);
  expect(page.hasNextPage()).toBe(false);
  expect(await client.models.retrieve('fast')).toMatchObject({ id: 'fast', type: 'model', created_at: '2023-11-14T22:13:20.000Z' });
});

test("Gemini's names begin with models/", () => {
  const call = matchModelList('/v1beta/models', none);
  expect(call && JSON.parse(encodeModelList(call, names, at))).toMatchObject({ models: [{ name: 'models/fast' }, { name: 'models/team/smart' }] });
});

test("Gemini's shape is also Google's at the path that three vendors share", () => {
  expect(matchModelList('/v1/models', new Map([['x-goog-api-key', 'rk-1']]))).toEqual({ shape: 'gemini', name: undefined });
});

test('names may have slashes and colons', () => {
  expect(matchModelList('/v1/models/house%2Fllama:8b', none)).toEqual({ shape: 'openai', name: 'house/llama:8b' });
  expect(matchModelList('/v1beta/models/house/llama:8b', none)).toEqual({ shape: 'gemini', name: 'house/llama:8b' });
});

test('what only begins alike is no list', () => {
  expect(matchModelList('/v1/modelsx', none)).toBeUndefined();
  expect(matchModelList('/v1/models/fast', none)).toEqual({ shape: 'openai', name: 'fast' });
});
