import { expect, test } from 'vitest';
import { answerHeaders } from './response-headers.ts';

test("the provider's headers are removed but for the passed ones and those that ours replace, and its id of the request is told under our name", () => {
  const fromProvider = new Map(
    Object.entries({
      ':status': '200',
      'content-type': 'application/json',
      'x-request-id': 'req_1',
      'x-ratelimit-remaining-requests': '999',
      'openai-organization': 'ours',
    }),
  );
  const ours = [
    ['x-request-id', 'abc'],
    ['x-ratelimit-remaining-requests', '5'],
    ['x-remora-attempts', '1'],
  ] as const;
  expect(answerHeaders(fromProvider, ours)).toEqual({
    setHeaders: [...ours, ['x-remora-provider-request-id', 'req_1']],
    removeHeaders: ['openai-organization'],
  });
});
