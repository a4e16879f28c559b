import OpenAI, { APIError } from 'openai';
import { expect, test } from 'vitest';
import { openaiChat } from './index.ts';

test.each([
  [400, 'invalid-request', 'invalid_request_error'],
  [401, 'invalid-key', 'authentication_error'],
  [403, 'model-not-allowed', 'permission_error'],
  [404, 'model-not-found', 'invalid_request_error'],
  [413, 'body-too-large', 'invalid_request_error'],
  [429, 'budget-exceeded', 'insufficient_quota'],
  [429, 'insufficient_quota', 'insufficient_quota'],
  [429, 'rate_limit_exceeded', 'rate_limit_error'],
  [500, 'internal', 'server_error'],
  [504, 'provider-timeout', 'server_error'],
])("OpenAI's client sees the status %i and the code %s", async (status, code, type) => {
  const body = openaiChat.encodeError({ status, code, message: 'No.', field: 'messages[0].role' });
  const fetch = () => Promise.resolve(new Response(body, { status, headers: { 'content-type': 'application/json' } }));
  const client = new OpenAI({ apiKey: 'x', baseURL: 'http://gateway.example', maxRetries: 0, fetch });
  const error: unknown = await client.chat.completions.create({ model: 'm', messages: [] }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ status, code, type, param: 'messages[0].role', error: { message: 'No.' } });
});

test('a code or field that is not known is null', () => {
  expect(JSON.parse(openaiChat.encodeError({ status: 500, code: '', message: 'No.' }))).toEqual({
    error: { message: 'No.', type: 'server_error', param: null, code: null },
  });
});
