import { describe, expect, test } from 'vitest';
import { noIdentityRules } from '../identity/rules.ts';
import { checkIdentity, identityWarnings, toIdentityRules } from './compile-identity.ts';
import { identitySchema } from './schema-identity.ts';

const issuer = { issuer: 'https://login.example.com/', audience: 'remora', jwks: 'https://login.example.com/jwks.json', tenant: { claim: 'team' } };
const messageOf = (identity: unknown): string =>
  identitySchema
    .safeParse(identity)
    .error?.issues.map(({ message }) => message)
    .join('; ') ?? 'good';

test('without a word nobody is known but by key', () => {
  expect(toIdentityRules(identitySchema.parse({}))).toEqual(noIdentityRules);
});

test('an issuer has safe defaults', () => {
  expect(toIdentityRules(identitySchema.parse({ jwt: [issuer] })).issuers).toEqual([
    {
      issuer: 'https://login.example.com/',
      audience: ['remora'],
      jwks: new URL('https://login.example.com/jwks.json'),
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      clockSkewMs: 60_000,
      requiredClaims: [],
      header: undefined,
      tenant: { type: 'claim', claim: 'team', map: undefined },
      user: 'sub',
    },
  ]);
});

test.each([
  ['marketing', { type: 'fixed', tenant: 'marketing' }],
  [
    { claim: 'team', map: { A: 'marketing' } },
    { type: 'claim', claim: 'team', map: new Map([['A', 'marketing']]) },
  ],
  [
    [{ claims: { groups: 'a', level: 3 }, tenant: 'marketing' }],
    { type: 'rules', rules: [{ claims: new Map(Object.entries({ groups: 'a', level: '3' })), tenant: 'marketing' }] },
  ],
])('the tenant may be said as %j', (tenant, compiled) => {
  expect(toIdentityRules(identitySchema.parse({ jwt: [{ ...issuer, tenant }] })).issuers[0]?.tenant).toEqual(compiled);
});

test('keys may be given as the text of a JWK set', () => {
  const { issuers } = toIdentityRules(identitySchema.parse({ jwt: [{ ...issuer, jwks: '{"keys":[{"kty":"EC"}]}' }] }));
  expect(issuers[0]?.jwks).toEqual({ keys: [{ kty: 'EC' }] });
});

test('the issuer is asked where its keys are, unless that is said', () => {
  const { issuers } = toIdentityRules(identitySchema.parse({ jwt: [{ ...issuer, jwks: undefined }] }));
  expect(issuers[0]).toMatchObject({ issuer: 'https://login.example.com/', jwks: undefined });
});

test('a token in the header of keys needs no header of its own', () => {
  expect(toIdentityRules(identitySchema.parse({ jwt: [{ ...issuer, header: 'Authorization' }] })).issuers[0]?.header).toBeUndefined();
  expect(toIdentityRules(identitySchema.parse({ jwt: [{ ...issuer, header: 'X-Id-Token' }] })).issuers[0]?.header).toBe('x-id-token');
});

test('certificates are known by one name each, in their order', () => {
  const mtls = [
    { spiffe: 'spiffe://cluster.local/ns/marketing/*', tenant: 'marketing' },
    { dns: '*.example.com', tenant: 'research' },
    { subject: 'CN=shop,O=Example', tenant: 'research' },
  ];
  expect(toIdentityRules(identitySchema.parse({ mtls })).certificates).toEqual([
    { by: 'spiffe', name: 'spiffe://cluster.local/ns/marketing/*', tenant: 'marketing' },
    { by: 'dns', name: '*.example.com', tenant: 'research' },
    { by: 'subject', name: 'CN=shop,O=Example', tenant: 'research' },
  ]);
});

describe('is wrong in itself', () => {
  test.each([
    ['a signature with a shared secret', { jwt: [{ ...issuer, algorithms: ['HS256'] }] }, /RS256/],
    ['no signature', { jwt: [{ ...issuer, algorithms: ['none'] }] }, /RS256/],
    ['keys that are none', { jwt: [{ ...issuer, jwks: '{"keys": 1}' }] }, /JWK set/],
    ['keys at no address', { jwt: [{ ...issuer, jwks: 'jwks.json' }] }, /JWK set/],
    ['keys at an address with a password', { jwt: [{ ...issuer, jwks: 'https://a:b@example.com/' }] }, /JWK set/],
    ['an issuer without keys that is no address', { jwt: [{ ...issuer, issuer: 'staff', jwks: undefined }] }, /no https address.*jwks/],
    ['an issuer without keys at an http address', { jwt: [{ ...issuer, issuer: 'http://login.example.com', jwks: undefined }] }, /no https address/],
    ['an issuer without audience', { jwt: [{ ...issuer, audience: undefined }] }, /./],
    ['a rule without claims', { jwt: [{ ...issuer, tenant: [{ claims: {}, tenant: 'a' }] }] }, /./],
    ['a certificate without a name', { mtls: [{ tenant: 'a' }] }, /one of/],
    ['a certificate with two', { mtls: [{ spiffe: 'spiffe://a/b', dns: 'b', tenant: 'a' }] }, /one of/],
    ['a SPIFFE id with a star in its middle', { mtls: [{ spiffe: 'spiffe://a/*/b', tenant: 'a' }] }, /SPIFFE/],
    ['a header that anybody may send', { header: { name: 'x-tenant' } }, /./],
    ['a header that is none', { header: { name: 'x tenant', from: ['10.0.0.0/8'] } }, /header/],
    ['a network that is none', { forwardedClientCert: { from: ['10.0.0.0/33'] } }, /network/],
  ])('%s', (_, identity, message) => {
    expect(messageOf(identity)).not.toBe('good');
    expect(messageOf(identity)).toMatch(message);
  });
});

test('tenants that are named outright must be there, and each issuer once', () => {
  const config = identitySchema.parse({
    jwt: [
      { ...issuer, tenant: 'marketng' },
      { ...issuer, tenant: [{ claims: { a: 'b' }, tenant: 'sales' }] },
    ],
    mtls: [{ dns: 'a', tenant: 'marketing' }],
  });
  const other = identitySchema.parse({ jwt: [{ ...issuer, tenant: { claim: 'team', map: { A: 'sales' } } }] });
  const tenants = new Set(['marketing']);
  expect(checkIdentity(config, tenants)).toEqual([
    { path: ['identity', 'jwt', 0, 'tenant'], message: expect.stringContaining('did you mean marketing?') },
    { path: ['identity', 'jwt', 1, 'tenant', 0, 'tenant'], message: expect.stringContaining('"sales"') },
    { path: ['identity', 'jwt', 1, 'issuer'], message: expect.stringContaining('stands here already') },
  ]);
  expect(checkIdentity(other, tenants)).toEqual([
    { path: ['identity', 'jwt', 0, 'tenant', 'map', 'A'], message: expect.stringContaining('"sales"') },
  ]);
});

test.each([
  [{ jwt: [{ ...issuer, jwks: 'http://login.example.com/jwks.json' }] }, ['identity', 'jwt', 0, 'jwks']],
  [{ jwt: [{ ...issuer, jwks: 'http://127.0.0.1.example.com/jwks.json' }] }, ['identity', 'jwt', 0, 'jwks']],
  [{ forwardedClientCert: { from: ['127.0.0.6'] } }, ['identity', 'forwardedClientCert']],
  [{ ignoreUnknownKeys: true }, ['identity', 'ignoreUnknownKeys']],
  [{ header: { name: 'x-tenant', from: ['10.0.0.0/8', '::/0'] } }, ['identity', 'header', 'from', 1]],
])('%j is warned of', (identity, path) => {
  expect(identityWarnings(identitySchema.parse(identity)).map((finding) => finding.path)).toEqual([path]);
});

const jwksAt = (host: string) => ({ jwt: [{ ...issuer, jwks: `http://${host}/jwks.json` }] });

test.each([[{}], [jwksAt('127.0.0.1:8085')], [jwksAt('[::1]:8085')], [jwksAt('localhost')]])('%j is not', (identity) => {
  expect(identityWarnings(identitySchema.parse(identity))).toEqual([]);
});
