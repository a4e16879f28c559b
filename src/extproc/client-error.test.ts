import { expect, test } from 'vitest';
import { outOfBodyMemory } from '../admission/body-memory.ts';
import { GatewayError } from '../errors.ts';
import { refuse } from './client-error.ts';

const headersOf = (error: GatewayError): Map<string, string> => new Map(refuse(error, undefined).headers);

test('an error that passes by itself tells when to come back, and forbids nothing', () => {
  const reply = refuse(outOfBodyMemory(), undefined);
  const headers = new Map(reply.headers);
  expect([reply.status, headers.get('retry-after'), headers.get('x-should-retry')]).toEqual([503, '5', undefined]);
});

test('an error of which that cannot be told says nothing of it', () => {
  expect(headersOf(new GatewayError('provider-unreachable', 'Nobody is there.')).has('retry-after')).toBe(false);
});

test('an error that no retry cures says so', () => {
  expect(headersOf(new GatewayError('invalid-key', 'Use another key.')).get('x-should-retry')).toBe('false');
});
