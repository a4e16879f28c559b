import Anthropic, { type APIError, AuthenticationError, RateLimitError } from '@anthropic-ai/sdk';
import type { ErrorType } from '@anthropic-ai/sdk/resources/shared';
import { expect, test } from 'vitest';
import { encodeError, encodeStreamError } from './error.ts';

test.each<[number, ErrorType | 'request_too_large']>([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [405, 'invalid_request_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [502, 'api_error'],
  [503, 'api_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])('status %i is an error of type %s, with our code beside it', (status, type) => {
  expect(JSON.parse(encodeError({ status, code: 'our-code', message: 'Why.' }))).toEqual({
    type: 'error',
    error: { type, message: 'Why.', code: 'our-code' },
    request_id: null,
  });
});

test("a type that is Anthropic's own stays", () => {
  expect(encodeError({ status: 503, code: 'overloaded_error', message: 'Why.' })).toContain('"type":"overloaded_error"');
});

test('names the field at fault', () => {
  expect(JSON.parse(encodeError({ status: 400, code: 'invalid-request', message: 'Why.', field: 'messages[0].role' }))).toMatchObject({
    error: { field: 'messages[0].role' },
  });
});

test.each([
  [401, AuthenticationError],
  [429, RateLimitError],
])('the SDK throws its own error for status %i', async (status, errorClass) => {
  const body = encodeError({ status, code: 'our-code', message: 'Why.' });
  const client = new Anthropic({ apiKey: 'none', baseURL: 'http://gateway.test', maxRetries: 0, fetch: async () => new Response(body, { status }) });
  const error = await client.messages.create({ model: 'fast', max_tokens: 1, messages: [] }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(errorClass);
  expect((error as APIError).apiMessage).toBe('Why.');
});

test('an error within a stream is an event named error', () => {
  expect(encodeStreamError({ status: 502, code: 'provider-cut', message: 'Cut.' })).toEqual([
    { name: 'error', data: '{"type":"error","error":{"type":"api_error","message":"Cut.","code":"provider-cut"},"request_id":null}' },
  ]);
});
