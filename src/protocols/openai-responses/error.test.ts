import { expect, test } from 'vitest';
import { encodeStreamError, errorEvent, failureIn } from './error.ts';

test('an error in a stream is an event of its own, with its place', () => {
  expect(errorEvent({ status: 400, code: 'invalid-request', message: 'Bad.', field: 'input[0]' }, 7)).toEqual({
    name: 'error',
    data: '{"type":"error","code":"invalid-request","message":"Bad.","param":"input[0]","sequence_number":7}',
  });
  expect(encodeStreamError({ status: 502, code: '', message: 'Cut.' })).toEqual([
    { name: 'error', data: '{"type":"error","code":null,"message":"Cut.","param":null,"sequence_number":0}' },
  ]);
});

test.each([
  ['server_error', 500],
  ['rate_limit_exceeded', 429],
  ['invalid_prompt', 400],
  ['something_new', 502],
])('%s would have had the status %i', (code, status) => {
  expect(failureIn({ error: { code, message: 'Oh.' } })).toEqual({ status, type: code, message: 'Oh.' });
});
