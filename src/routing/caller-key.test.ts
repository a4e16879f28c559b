import { expect, test } from 'vitest';
import { callerKey } from './caller-key.ts';

const caller = { tenant: 'clinic', user: 'ann', conversation: 'c-1' };

test('is the same for what the requests are held together by, whatever else differs', () => {
  expect(callerKey('tenant', caller)).toBe(callerKey('tenant', { tenant: 'clinic', user: 'bob', conversation: 'c-2' }));
  expect(callerKey('user', caller)).toBe(callerKey('user', { ...caller, conversation: 'c-2' }));
  expect(callerKey('conversation', caller)).toBe(callerKey('conversation', { ...caller, user: 'bob' }));
});

test.each(['tenant', 'user', 'conversation'] as const)('by %s, differs between tenants that use the same ids', (by) => {
  expect(callerKey(by, caller)).not.toBe(callerKey(by, { ...caller, tenant: 'bank' }));
});

test('no id makes a tenant meet another one', () => {
  expect(callerKey('user', { ...caller, tenant: 'clin', user: 'icann' })).not.toBe(callerKey('user', caller));
  expect(callerKey('user', { ...caller, user: 'same' })).not.toBe(callerKey('conversation', { ...caller, conversation: 'same' }));
});

test('a request without a user goes by its conversation', () => {
  expect(callerKey('user', { ...caller, user: undefined })).toBe(callerKey('conversation', caller));
});
