import { expect, test } from 'vitest';
import { claimTexts, tenantOfClaims } from './claims.ts';
import type { TenantOfClaims } from './rules.ts';

const isTenant = (name: string): boolean => ['marketing', 'research'].includes(name);

const byTeam: TenantOfClaims = { type: 'claim', claim: 'team', map: undefined };
const byMap: TenantOfClaims = { type: 'claim', claim: 'team', map: new Map([['Marketing EMEA', 'marketing']]) };
const byGroup: TenantOfClaims = {
  type: 'rules',
  rules: [
    { claims: new Map(Object.entries({ groups: 'research', level: '3' })), tenant: 'research' },
    { claims: new Map([['groups', 'staff']]), tenant: 'marketing' },
  ],
};

test.each<[unknown, TenantOfClaims, string | undefined]>([
  [{}, { type: 'fixed', tenant: 'research' }, 'research'],
  [{ team: 'marketing' }, byTeam, 'marketing'],
  [{ team: 'sales' }, byTeam, undefined],
  [{ team: ['staff', 'marketing'] }, byTeam, 'marketing'],
  [{ team: ['research', 'marketing'] }, byTeam, undefined],
  [{ team: { marketing: true } }, byTeam, undefined],
  [{}, byTeam, undefined],
  [{ team: 'Marketing EMEA' }, byMap, 'marketing'],
  [{ team: 'marketing' }, byMap, undefined],
  [{ team: 'constructor' }, byMap, undefined],
  [{ groups: ['research'], level: 3 }, byGroup, 'research'],
  [{ groups: ['research', 'staff'], level: 2 }, byGroup, 'marketing'],
  [{ groups: 'staff' }, byGroup, 'marketing'],
  [{ groups: 'staffing' }, byGroup, undefined],
])('%j under %o is of %s', (claims, rule, tenant) => {
  expect(tenantOfClaims(claims as Record<string, unknown>, rule, isTenant)).toBe(tenant);
});

test.each<[string, string[]]>([
  ['https://example.com/team', ['a']],
  ['realm_access.roles', ['b', 'c']],
  ['realm_access', []],
  ['realm_access.roles.length', []],
  ['toString', []],
  ['nothing.at.all', []],
  ['active', ['true']],
])('the claim %s is %j', (name, texts) => {
  const claims = { 'https://example.com/team': 'a', realm_access: { roles: ['b', 'c', { d: 1 }] }, active: true, nothing: null };
  expect(claimTexts(claims, name)).toEqual(texts);
});
