import { decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { GatewayError } from '../errors.ts';
import { claimTexts, tenantOfClaims, type Claims } from './claims.ts';
import { keyResolver } from './issuer-keys.ts';
import type { TokenIssuer } from './rules.ts';

/** Longest token that is looked at, in characters. */
const maxLength = 16_384;

/** A token that is good. */
export interface VerifiedToken {
  /** Name of the tenant that it speaks for; undefined where its claims lead to none. */
  tenant: string | undefined;
  user: string | undefined;
  /** When it ends, in milliseconds since 1970. */
  expiresAt: number;
}

export interface TokensOptions {
  issuers: readonly TokenIssuer[];
  /** The keys that an issuer publishes. */
  publishedBy: (issuer: TokenIssuer) => JWTVerifyGetKey;
  isTenant: (name: string) => boolean;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Three parts of base64url, as a signed token has them (RFC 7515, section 7.1). */
export const looksLikeToken = (text: string): boolean => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);

/** Checks tokens of the issuers that the config names. */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #issuers: ReadonlyMap<string, { issuer: TokenIssuer; keys: JWTVerifyGetKey }>;
  /** Headers of their own in which tokens come. */
  readonly headers: readonly string[];

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#issuers = new Map(options.issuers.map((issuer) => [issuer.issuer, { issuer, keys: keysOf(issuer, options.publishedBy) }]));
    this.headers = [...new Set(options.issuers.flatMap(({ header }) => header ?? []))];
  }

  /** Whether any token is taken in a header; undefined stands for those in which keys come. */
  areTakenIn(header: string | undefined): boolean {
    return this.#options.issuers.some((issuer) => issuer.header === header);
  }

  /** What a token that came in a header says. Rejects with `invalid-token`, or with `gateway-unavailable` where that cannot be told now. */
  async verify(token: string, header: string | undefined): Promise<VerifiedToken> {
    const { now, isTenant } = this.#options;
    const { issuer, keys } = this.#issuerOf(token, header);
    const claims = await claimsOf(token, issuer, keys, now());
    return {
      tenant: tenantOfClaims(claims, issuer.tenant, isTenant),
      user: claimTexts(claims, issuer.user)[0],
      expiresAt: (claims.exp ?? 0) * 1000 + issuer.clockSkewMs,
    };
  }

  /** Who says that it has issued a token: nothing of it is believed before its signature was checked with that one's keys. */
  #issuerOf(token: string, header: string | undefined): { issuer: TokenIssuer; keys: JWTVerifyGetKey } {
    if (token.length > maxLength) throw invalid('is too long');
    const found = this.#issuers.get(issuerIn(token) ?? '');
    if (found === undefined || found.issuer.header !== header) throw invalid('has an issuer that the gateway does not know');
    return found;
  }
}

const keysOf = (issuer: TokenIssuer, publishedBy: TokensOptions['publishedBy']): JWTVerifyGetKey =>
  issuer.jwks === undefined || issuer.jwks instanceof URL ? publishedBy(issuer) : keyResolver(issuer.jwks);

function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    throw invalid('cannot be read', error);
  }
}

async function claimsOf(token: string, issuer: TokenIssuer, keys: JWTVerifyGetKey, now: number): Promise<Claims & { exp?: number }> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: [...issuer.algorithms],
      clockTolerance: issuer.clockSkewMs / 1000,
      requiredClaims: ['exp', ...issuer.requiredClaims],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw invalid(whatIsWrong(error), error);
  }
}

function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `has a claim that the gateway does not take: ${error.claim}`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'is signed with a key that its issuer does not have';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has a wrong signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed in a way that the gateway does not take';
  return 'cannot be checked';
}

/** The claim's name comes from the config or the standard, never from the token. */
const invalid = (what: string, cause?: unknown): GatewayError =>
  new GatewayError('invalid-token', `Your token ${what}. Get a new one, or ask the platform team which tokens are taken here.`, { cause });
