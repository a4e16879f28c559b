import { expect, test } from 'vitest';
import type { AttemptFailure } from './outcome.ts';
import { complaintOf, verdictOf, type Verdict } from './verdict.ts';

test.each<[status: number, failure: AttemptFailure | undefined, verdict: Verdict]>([
  [200, undefined, 'good'],
  [304, undefined, 'good'],
  [400, undefined, 'good'],
  [404, undefined, 'good'],
  [422, undefined, 'good'],
  [408, undefined, 'failed'],
  [500, undefined, 'failed'],
  [503, undefined, 'failed'],
  [529, undefined, 'failed'],
  [0, 'connect', 'failed'],
  [0, 'tls', 'failed'],
  [0, 'dns', 'failed'],
  [0, 'timeout', 'failed'],
  [200, 'reset', 'failed'],
  [401, undefined, 'account'],
  [402, undefined, 'account'],
  [403, undefined, 'account'],
  [429, undefined, 'account'],
  [200, 'left', 'none'],
  [503, 'gateway', 'none'],
  [0, undefined, 'none'],
])('status %d with failure %s is %s', (status, failure, verdict) => {
  expect(verdictOf({ status, failure })).toBe(verdict);
});

test('limits and permissions are of a deployment, keys and money of an account', () => {
  expect([429, 403, 401, 402, 500].map((status) => complaintOf(status)?.about)).toEqual([
    'deployment',
    'deployment',
    'account',
    'account',
    undefined,
  ]);
});
