import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { keyResolver } from './issuer-keys.ts';
import { createIssuer, issuedAt } from './issuer.fixture.ts';
import { readJwkSet } from './jwk-set.ts';
import type { TokenIssuer } from './rules.ts';
import { looksLikeToken, Tokens } from './tokens.ts';

async function setUp(rules: Partial<TokenIssuer> = {}) {
  const issuer = await createIssuer(rules);
  const state = { now: issuedAt * 1000 };
  const tokens = new Tokens({
    issuers: [issuer.rules],
    publishedBy: () => keyResolver(readJwkSet(issuer.published()) ?? { keys: [] }),
    isTenant: (name) => name === 'marketing',
    now: () => state.now,
  });
  return { issuer, state, tokens, verify: (token: string) => tokens.verify(token, issuer.rules.header) };
}

test('a good token tells tenant, user and end', async () => {
  const { issuer, verify } = await setUp();
  await expect(verify(await issuer.sign())).resolves.toEqual({ tenant: 'marketing', user: 'alice', expiresAt: (issuedAt + 3660) * 1000 });
});

test('keys may stand in the config', async () => {
  const { rules, sign, published } = await createIssuer();
  const jwks = readJwkSet(published());
  if (jwks === undefined) throw new Error('no keys');
  const publishedBy = () => () => Promise.reject(new Error('nobody is to be asked'));
  const tokens = new Tokens({ issuers: [{ ...rules, jwks }], publishedBy, isTenant: () => true, now: () => issuedAt * 1000 });
  await expect(tokens.verify(await sign(), undefined)).resolves.toMatchObject({ user: 'alice' });
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['another issuer', { iss: 'https://evil.example.com/' }, /issuer/],
  ['another audience', { aud: 'mail' }, /aud/],
  ['an end that is past, beyond the clock skew', { exp: issuedAt - 61 }, /expired/],
  ['a beginning that is to come', { nbf: issuedAt + 61 }, /nbf/],
  ['no end', { exp: undefined }, /exp/],
  ['no claim that is required', { email: undefined }, /email/],
])('a token with %s is refused', async (_, claims, message) => {
  const { issuer, verify } = await setUp({ requiredClaims: ['email'] });
  const refusal = verify(await issuer.sign({ email: 'alice@example.com', ...claims }));
  await expect(refusal).rejects.toMatchObject({ code: 'invalid-token', status: 401 });
  await expect(refusal).rejects.toThrow(message);
});

test('clocks may differ as far as the config says', async () => {
  const { issuer, verify } = await setUp();
  await expect(verify(await issuer.sign({ exp: issuedAt - 59, nbf: issuedAt + 59 }))).resolves.toMatchObject({ user: 'alice' });
});

test('a token of several audiences needs one that is taken', async () => {
  const { issuer, verify } = await setUp({ audience: ['remora', 'llm'] });
  await expect(verify(await issuer.sign({ aud: ['mail', 'llm'] }))).resolves.toMatchObject({ user: 'alice' });
});

test('a token without a signature, or with one that anybody can make, is refused', async () => {
  const { issuer, verify } = await setUp();
  const claims = { iss: issuer.rules.issuer, aud: 'remora', exp: issuedAt + 3600, team: 'marketing' };
  const unsigned = new UnsecuredJWT(claims).encode();
  const shared = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(Buffer.from(issuer.published().padEnd(32)));
  const [header, , signature] = (await issuer.sign()).split('.');
  const changed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
  for (const token of [`${unsigned}x`, shared, changed]) await expect(verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
});

test('a token that is signed in another way than the config takes is refused', async () => {
  const { issuer, verify } = await setUp({ algorithms: ['RS256', 'EdDSA'] });
  await expect(verify(await issuer.sign())).rejects.toThrow(/signed in a way/);
});

test('a token of a stranger who has taken the name of a key is refused', async () => {
  const { verify } = await setUp();
  const stranger = await createIssuer();
  await expect(verify(await stranger.sign())).rejects.toThrow(/wrong signature/);
});

test('nothing of a token that is refused is repeated', async () => {
  const { issuer, verify } = await setUp();
  const token = await issuer.sign({ iss: 'https://secret.example.com/' });
  await expect(verify(token)).rejects.not.toThrow(/secret/);
});

test.each(['a.b.c', `${'a'.repeat(20_000)}.b.c`, 'eyJhbGciOiJFUzI1NiJ9.W10.c', 'eyJhbGciOiJFUzI1NiJ9.bnVsbA.c'])(
  '%.40s is no token',
  async (text) => {
    const { verify } = await setUp();
    await expect(verify(text)).rejects.toMatchObject({ code: 'invalid-token' });
  },
);

test('a token in another header than its issuer has is refused', async () => {
  const { issuer, tokens } = await setUp({ header: 'x-id-token' });
  expect(tokens.headers).toEqual(['x-id-token']);
  expect([tokens.areTakenIn('x-id-token'), tokens.areTakenIn(undefined)]).toEqual([true, false]);
  await expect(tokens.verify(await issuer.sign(), undefined)).rejects.toMatchObject({ code: 'invalid-token' });
  await expect(tokens.verify(await issuer.sign(), 'x-id-token')).resolves.toMatchObject({ user: 'alice' });
});

test.each([
  ['eyJhbGciOiJFUzI1NiJ9.e30.c2ln', true],
  ['rk_0123456789abcdef', false],
  ['a.b', false],
  ['a.b.c.d', false],
  ['a..c', false],
  ['a.b+.c', false],
])('%s looks like a token: %s', (text, does) => {
  expect(looksLikeToken(text)).toBe(does);
});
