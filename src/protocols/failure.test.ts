import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFailure } from './failure.ts';

const decode = (body: string, status = 400) => decodeFailure(status, Buffer.from(body));

test.each([
  ['{"error":{"message":"Bad","type":"invalid_request_error","param":null,"code":null}}', 'invalid_request_error', 'Bad'],
  ['{"error":{"message":"Long","type":"invalid_request_error","code":"context_length_exceeded"}}', 'context_length_exceeded', 'Long'],
  ['{"error":{"message":"Bad","type":"BadRequestError","code":400}}', 'BadRequestError', 'Bad'],
  ['{"error":{"message":"Bad","type":"x","code":"400"}}', 'x', 'Bad'],
  ['{"object":"error","message":"Bad","type":"BadRequestError","code":400}', 'BadRequestError', 'Bad'],
  ['{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}', 'overloaded_error', 'Overloaded'],
  ['{"type":"error","message":"Flat"}', '', 'Flat'],
  ['{"type":"rate_limit_error","message":"Flat"}', 'rate_limit_error', 'Flat'],
  ['{"error":{"message":"No type"}}', '', 'No type'],
  ['{"error":"Bad"}', '', 'Bad'],
  ['[{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}]', '', 'Bad'],
  ['{"detail":"Bad"}', '', 'Bad'],
  ['{"detail":[{"loc":["body"],"msg":"field required"},{"msg":"too long"}]}', '', 'field required; too long'],
  ['{"errors":["Bad"]}', '', '{"errors":["Bad"]}'],
  ['{"error":{"type":7,"message":{}}}', '', '{"error":{"type":7,"message":{}}}'],
  ['upstream connect error\n', '', 'upstream connect error'],
  ['"Bad"', '', 'Bad'],
  ['null', '', 'null'],
  ['', '', 'The provider answered with status 400.'],
])('reads the failure %s', (body, type, message) => {
  expect(decode(body)).toEqual({ status: 400, type, message });
});

test('a page of HTML is cut short', () => {
  expect(decode(`<html>${'x'.repeat(100_000)}`, 502).message).toHaveLength(2000);
});

test('never throws, whatever the body, and always says something', () => {
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
