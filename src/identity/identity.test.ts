import { expect, test } from 'vitest';
import { tenant } from '../policies/tenant.fixture.ts';
import type { Limit, Terms } from '../policies/terms.ts';
import { callerIdentity, createUserTerms, keyIdentity, userNamed } from './identity.ts';
import { virtualKey } from './virtual-key.fixture.ts';

const limit = (amount: number): Limit => ({ of: 'requests', amount, per: 'minute', model: undefined, provider: undefined });
const ofTenant: Terms = { owner: 'tenant:marketing', limits: [limit(100)], budgets: [] };
const marketing = tenant('marketing', { terms: [ofTenant], perUser: { limits: [limit(10)], budgets: [] } });

test('a key without terms is held to those of its tenant', () => {
  const identity = keyIdentity(virtualKey('a', { name: 'website' }), marketing, createUserTerms());
  expect(identity).toEqual({ tenant: marketing, key: 'website', keyId: 'a', user: undefined, terms: [ofTenant], ownCredential: undefined });
});

test('a key is held to the terms of its tenant, of its user and its own', () => {
  const identity = keyIdentity(virtualKey('a', { user: 'alice', limits: [limit(5)] }), marketing, createUserTerms());
  expect(identity.terms).toEqual([
    ofTenant,
    { owner: 'user:marketing/alice', limits: [limit(10)], budgets: [] },
    { owner: 'key:a', limits: [limit(5)], budgets: [] },
  ]);
});

test.each([
  [undefined, ['fast', 'smart'], ['fast', 'smart']],
  [['fast', 'cheap'], ['fast', 'smart'], ['fast']],
  [['cheap'], ['smart'], []],
])('of a tenant that may %j, a key for %j may %j', (all, own, models) => {
  const of = tenant('marketing', { models: all && new Set(all) });
  const identity = keyIdentity(virtualKey('a', { models: own }), of, createUserTerms());
  expect([...(identity.tenant.models ?? ['all'])]).toEqual(models);
});

test('a user without a key is held to the same terms as with one', () => {
  const userTerms = createUserTerms();
  const byToken = callerIdentity('jwt', marketing, 'alice', userTerms);
  const byKey = keyIdentity(virtualKey('a', { user: 'alice' }), marketing, userTerms);
  expect(byToken).toMatchObject({ key: 'jwt', keyId: 'jwt', user: 'alice' });
  expect(byToken.terms).toEqual(byKey.terms);
  expect(byToken.terms[1]).toBe(byKey.terms[1]);
});

test('users of a tenant that holds them to nothing have no terms', () => {
  expect(callerIdentity('jwt', tenant('research'), 'alice', createUserTerms()).terms).toEqual([]);
});

test.each([
  ['alice@example.com', 'alice@example.com'],
  ['', undefined],
  [undefined, undefined],
  ['Zoë', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
  ['a'.repeat(300), expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
])('the user %j is kept as %j', (written, kept) => {
  expect(userNamed(written)).toEqual(kept);
});
