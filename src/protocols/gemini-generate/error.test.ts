import { ApiError, GoogleGenAI } from '@google/genai';
import { expect, test } from 'vitest';
import { decodeFailure, encodeError, encodeStreamError, failureIn } from './error.ts';
import { formatSse } from '../../framing/sse.ts';

test.each([
  [400, 'unknown-model', 'INVALID_ARGUMENT'],
  [401, 'key-unknown', 'UNAUTHENTICATED'],
  [403, '', 'PERMISSION_DENIED'],
  [404, '', 'NOT_FOUND'],
  [413, 'too-large', 'INVALID_ARGUMENT'],
  [429, 'budget-exceeded', 'RESOURCE_EXHAUSTED'],
  [429, 'RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED'],
  [500, '', 'INTERNAL'],
  [502, '', 'INTERNAL'],
  [503, 'upstream-overloaded', 'UNAVAILABLE'],
  [504, '', 'DEADLINE_EXCEEDED'],
  [529, 'overloaded_error', 'UNAVAILABLE'],
])('status %d with code "%s" is %s, and the code is read back', (status, code, word) => {
  const body = encodeError({ status, code, message: 'No.' });
  expect(JSON.parse(body)).toMatchObject({ error: { code: status, message: 'No.', status: word } });
  expect(decodeFailure(status, Buffer.from(body))).toEqual({ status, type: code === '' ? word : code, message: 'No.' });
});

test('the field at fault is named as Google names it', () => {
  expect(JSON.parse(encodeError({ status: 400, code: '', message: 'must be a string', field: 'contents[0].role' }))).toEqual({
    error: {
      code: 400,
      message: 'must be a string',
      status: 'INVALID_ARGUMENT',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'contents[0].role', description: 'must be a string' }] },
      ],
    },
  });
});

test.each([
  ['{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}', 'INVALID_ARGUMENT', 'Bad'],
  ['[{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}]', 'INVALID_ARGUMENT', 'Bad'],
  [
    '{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}',
    'API_KEY_INVALID',
    'API key not valid.',
  ],
  ['<html>Bad gateway</html>', '', '<html>Bad gateway</html>'],
])('reads the failure %s', (body, type, message) => {
  expect(decodeFailure(400, Buffer.from(body))).toEqual({ status: 400, type, message });
});

test.each([
  [{ error: { code: 429, message: 'Slow down', status: 'RESOURCE_EXHAUSTED' } }, { status: 429, type: 'RESOURCE_EXHAUSTED', message: 'Slow down' }],
  [{ error: { message: 'Gone', status: 'UNAVAILABLE' } }, { status: 502, type: 'UNAVAILABLE', message: 'Gone' }],
  [{ candidates: [] }, undefined],
])('an error inside of an answer: %j', (answer, failure) => {
  expect(failureIn(answer)).toEqual(failure);
});

const clientOf = (body: string, init: ResponseInit) =>
  new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: 'http://gateway.example', fetch: () => Promise.resolve(new Response(body, init)) } });

test('Google’s SDK throws its own error for ours, in place of an answer and inside of a stream', async () => {
  const error = { status: 429, code: 'budget-exceeded', message: 'Nothing left.' };
  const plain = clientOf(encodeError(error), { status: 429, headers: { 'content-type': 'application/json' } });
  await expect(plain.models.generateContent({ model: 'fast', contents: 'Hi' })).rejects.toSatisfy(
    (thrown) => thrown instanceof ApiError && thrown.status === 429,
  );
  const events = encodeStreamError(error).map(({ data }) => formatSse(data));
  const stream = await clientOf(events.join(''), {}).models.generateContentStream({ model: 'fast', contents: 'Hi' });
  await expect(stream.next()).rejects.toSatisfy(
    (thrown) => thrown instanceof ApiError && thrown.status === 429 && thrown.message.includes('Nothing left.'),
  );
});
