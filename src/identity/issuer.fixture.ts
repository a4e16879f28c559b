import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { TokenIssuer } from './rules.ts';

/** An identity provider for tests: signs tokens, and publishes the keys that it has now. */
export interface TestIssuer {
  rules: TokenIssuer;
  /** A token that is good, but for what is given; `kid` names the key in it. */
  sign(claims?: Record<string, unknown>, options?: { kid?: string; alg?: string }): Promise<string>;
  /** Has another key from now on; without `publish` nobody can know. */
  rotate(kid: string, options?: { publish: boolean }): Promise<void>;
  /** Its JWK set as JSON. */
  published(): string;
}

/** Tokens of the fixture are issued now, and good for an hour; in seconds since 1970. */
export const issuedAt = 1_800_000_000;

export async function createIssuer(rules: Partial<TokenIssuer> = {}): Promise<TestIssuer> {
  const all: TokenIssuer = {
    issuer: 'https://login.example.com/',
    audience: ['remora'],
    jwks: new URL('https://login.example.com/jwks.json'),
    algorithms: ['ES256'],
    clockSkewMs: 60_000,
    requiredClaims: [],
    header: undefined,
    tenant: { type: 'claim', claim: 'team', map: undefined },
    user: 'sub',
    ...rules,
  };
  let keys: Record<string, unknown>[] = [];
  let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  let current = '';
  const rotate = async (kid: string, { publish } = { publish: true }): Promise<void> => {
    const pair = await generateKeyPair('ES256');
    privateKey = pair.privateKey;
    current = kid;
    if (publish) keys = [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' }];
  };
  await rotate('first');
  return {
    rules: all,
    sign: (claims = {}, { kid = current, alg = 'ES256' } = {}) =>
      new SignJWT({ iss: all.issuer, aud: 'remora', sub: 'alice', team: 'marketing', iat: issuedAt, exp: issuedAt + 3600, ...claims })
        .setProtectedHeader({ alg, kid })
        .sign(privateKey),
    rotate,
    published: () => JSON.stringify({ keys }),
  };
}
