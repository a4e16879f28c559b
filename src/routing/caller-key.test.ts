import { expect, test } from 'vitest';
import { callerKey } from './caller-key.ts';

const caller = { user: 'ann', conversation: 'c-1' };

test('is the same for what the requests are held together by, whatever else differs', () => {
  expect(callerKey('tenant', 'clinic', caller)).toBe(callerKey('tenant', 'clinic', { user: 'bob', conversation: 'c-2' }));
  expect(callerKey('user', 'clinic', caller)).toBe(callerKey('user', 'clinic', { ...caller, conversation: 'c-2' }));
  expect(callerKey('conversation', 'clinic', caller)).toBe(callerKey('conversation', 'clinic', { ...caller, user: 'bob' }));
});

test.each(['tenant', 'user', 'conversation'] as const)('by %s, differs between tenants that use the same ids', (by) => {
  expect(callerKey(by, 'clinic', caller)).not.toBe(callerKey(by, 'bank', caller));
});

test('no id makes a tenant meet another one', () => {
  expect(callerKey('user', 'clin', { ...caller, user: 'icann' })).not.toBe(callerKey('user', 'clinic', caller));
  expect(callerKey('user', 'clinic', { ...caller, user: 'same' })).not.toBe(callerKey('conversation', 'clinic', { ...caller, conversation: 'same' }));
});

test('a request without a user goes by its conversation', () => {
  expect(callerKey('user', 'clinic', { ...caller, user: undefined })).toBe(callerKey('conversation', 'clinic', caller));
});
