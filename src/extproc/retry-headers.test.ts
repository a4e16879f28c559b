import { describe, expect, test } from 'vitest';
import { retryHeaders, type RetryOptions } from './retry-headers.ts';

const headers = (options: Partial<RetryOptions>): Record<string, string> =>
  Object.fromEntries(retryHeaders({ form: 'plain', attempts: 3, fallbackOn: ['5xx', 401, 429], headersMs: 60_000, totalMs: undefined, ...options }));

test('say how many further attempts there may be, and how long each may take to answer', () => {
  expect(headers({})).toMatchObject({ 'x-envoy-max-retries': '2', 'x-envoy-upstream-rq-per-try-timeout-ms': '60000' });
  expect(headers({ attempts: 1 })).toMatchObject({ 'x-envoy-max-retries': '0' });
});

describe('of an exchange whose statuses decide', () => {
  test('name the statuses', () => {
    expect(headers({})).toMatchObject({ 'x-envoy-retry-on': '5xx,retriable-status-codes', 'x-envoy-retriable-status-codes': '401,429' });
    expect(headers({ fallbackOn: ['5xx'] })).toMatchObject({ 'x-envoy-retry-on': '5xx' });
    expect(headers({ fallbackOn: [503] })).toMatchObject({ 'x-envoy-retry-on': 'retriable-status-codes', 'x-envoy-retriable-status-codes': '503' });
  });

  test('say nothing of statuses where none leads on', () => {
    expect(Object.keys(headers({ fallbackOn: [] }))).toEqual(['x-envoy-max-retries', 'x-envoy-upstream-rq-per-try-timeout-ms']);
  });
});

test.each(['watch', 'guard'] as const)('of an exchange in the form %s leave it to our own header', (form) => {
  const { 'x-envoy-retry-on': on, 'x-envoy-retriable-header-names': names, 'x-envoy-retriable-status-codes': statuses } = headers({ form });
  expect([on, names, statuses]).toEqual(['retriable-headers', 'x-remora-retry', undefined]);
});

test.each([
  [30_000, 60_000, '30000', '60000'],
  [60_000, 30_000, '29400', '30000'],
  [60_000, 60_000, '58800', '60000'],
  [60_000, 400, '375', '400'],
  [5, 1, '1', '1'],
])('keep the wait for one attempt (%i ms) below that for all (%i ms)', (headersMs, totalMs, each, all) => {
  expect(headers({ headersMs, totalMs })).toMatchObject({ 'x-envoy-upstream-rq-per-try-timeout-ms': each, 'x-envoy-upstream-rq-timeout-ms': all });
});
