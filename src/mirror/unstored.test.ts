import { describe, expect, test } from 'vitest';
import type { ClientRequest } from '../protocols/client-request.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import { request } from './mirror.fixture.ts';
import { unstored } from './unstored.ts';

describe('what a provider would keep of an answer', () => {
  const bodyOf = (asked: ClientRequest): unknown => JSON.parse(String(unstored(asked).bytes));

  test('is not kept of the answer to a copy, nor are its labels', () => {
    expect(bodyOf(request({ input: 'Hello.' }, openaiResponses))).toEqual({ model: 'smart', input: 'Hello.', store: false });
    expect(bodyOf(request({ input: 'Hello.', store: true, metadata: { a: 'b' } }, openaiResponses))).toEqual({
      model: 'smart',
      input: 'Hello.',
      store: false,
    });
    expect(bodyOf(request({ store: true, metadata: {} }))).toMatchObject({ store: false });
  });

  test('leaves the request as it is where nothing is kept', () => {
    for (const asked of [request(), request({ store: false, metadata: {} }), request({ input: 'Hello.', store: false }, openaiResponses)]) {
      expect(unstored(asked)).toBe(asked);
    }
  });
});
