import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { authenticate } from './authenticate.ts';
import type { Identity } from './tenant.ts';
import { tenant } from './tenant.fixture.ts';

const identity: Identity = {
  tenant: tenant('marketing'),
  key: 'website',
};
const keys = new Map([[createHash('sha256').update('rk-1').digest('hex'), identity]]);

test.each([
  ['authorization', 'Bearer rk-1'],
  ['authorization', 'bearer  rk-1'],
  ['x-api-key', 'rk-1'],
  ['api-key', 'rk-1'],
  ['x-goog-api-key', ' rk-1 '],
])('takes a key in %s as %j', (name, value) => {
  expect(authenticate(new Map([[name, value]]), keys)).toBe(identity);
});

test.each([[{}], [{ authorization: 'Basic abc' }], [{ authorization: 'Bearer' }], [{ 'x-api-key': '' }]])('finds no key in %j', (headers) => {
  expect(() => authenticate(new Map(Object.entries(headers)), keys)).toThrow(expect.objectContaining({ code: 'missing-key', status: 401 }));
});

test('refuses a key that is not known, and does not repeat it', () => {
  const attempt = () => authenticate(new Map([['authorization', 'Bearer rk-2']]), keys);
  expect(attempt).toThrow(expect.objectContaining({ code: 'invalid-key' }));
  expect(attempt).not.toThrow(/rk-2/);
});
