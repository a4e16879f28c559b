import Anthropic, { type APIError, AuthenticationError, RateLimitError } from '@anthropic-ai/sdk';
import type { ErrorType } from '@anthropic-ai/sdk/resources/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFailure, encodeError, encodeStreamError } from './error.ts';

const decode = (body: unknown, status = 500) => decodeFailure(status, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

test.each<[unknown, string, string]>([
  [{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' }, 'overloaded_error', 'Overloaded'],
  [{ error: { message: 'No type' } }, '', 'No type'],
  [{ error: 'Just text' }, '', 'Just text'],
  [{ type: 'rate_limit_error', message: 'Flat' }, 'rate_limit_error', 'Flat'],
  [{ type: 'error', message: 'Flat' }, '', 'Flat'],
  [{ detail: 'Not found' }, '', 'Not found'],
  [{ error: { type: 7, message: {} } }, '', '{"error":{"type":7,"message":{}}}'],
  ['<html>Bad gateway</html>', '', '<html>Bad gateway</html>'],
  ['null', '', 'null'],
  ['', '', 'The provider answered with status 500.'],
])('reads the failure %j', (body, type, message) => {
  expect(decode(body)).toEqual({ status: 500, type, message });
});

test('never throws, whatever the body', () => {
  const anyBody = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(anyBody, (body) => {
      expect(decodeFailure(502, body).message).not.toBe('');
    }),
  );
});

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
  expect(encodeStreamError({ status: 502, code: 'provider-cut', message: 'Cut.' })).toBe(
    'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"Cut.","code":"provider-cut"},"request_id":null}\n\n',
  );
});
