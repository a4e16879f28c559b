import { createPublicKey, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isObject } from '../shape.ts';

/** A service account's key as Google's console gives it (https://developers.google.com/identity/protocols/oauth2/service-account). */
export interface ServiceAccountKey {
  type: 'service_account';
  project_id: string;
  private_key_id: string;
  /** PKCS #8, PEM. */
  private_key: string;
  client_email: string;
  client_id: string;
  token_uri: string;
}

/** What an OAuth 2.0 token endpoint answers (RFC 6749, sections 5.1 and 5.2). */
export type TokenAnswer = { access_token: string; token_type: 'Bearer'; expires_in: number } | { error: string; error_description: string };

/** What has become of a token. */
export type TokenState = 'valid' | 'expired' | 'unknown';

/** Issues access tokens, and knows them again. */
export interface TokenIssuer {
  /** Answers the form that was posted to a token endpoint at this address. */
  exchange(form: URLSearchParams, tokenUri: string): TokenAnswer;
  /** A token for whoever asks where no proof is needed: on a machine of Google's own. */
  issue(): Extract<TokenAnswer, { access_token: string }>;
  stateOf(token: string): TokenState;
  serviceAccount(tokenUri: string): ServiceAccountKey;
}

/** The project of the service account, and the one that it may use. */
export const demoProject = 'demo-project';

const clientEmail = `gateway@${demoProject}.iam.gserviceaccount.com`;

/** Where Google's own libraries believe a token endpoint to be, whatever the key says. */
const googleTokenUri = 'https://oauth2.googleapis.com/token';

const cloudScope = 'https://www.googleapis.com/auth/cloud-platform';

/** The proof of identity that the fake's workload identity pool takes (https://google.aip.dev/auth/4117). */
export const demoSubjectToken = 'demo-subject-token';

const jwtGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Creates an issuer with a key of its own. `now` is in milliseconds since the epoch. */
export function createTokenIssuer({ now, lifetimeSeconds }: { now: () => number; lifetimeSeconds: number }): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const key = createPublicKey(publicKey);
  const keyId = randomUUID().replaceAll('-', '');
  const expiryOf = new Map<string, number>();

  function issue(): Extract<TokenAnswer, { access_token: string }> {
    const token = `ya29.demo-${randomUUID()}`;
    expiryOf.set(token, now() + lifetimeSeconds * 1000);
    return { access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds };
  }

  return {
    issue,
    exchange(form, tokenUri) {
      const grant = form.get('grant_type');
      if (grant === jwtGrant) {
        const claims = readAssertion(form.get('assertion') ?? '', key);
        const fault = claims ? faultOfClaims(claims, [tokenUri, googleTokenUri], now()) : 'Invalid JWT Signature.';
        return fault === undefined ? issue() : { error: 'invalid_grant', error_description: fault };
      }
      if (grant !== exchangeGrant) return { error: 'unsupported_grant_type', error_description: `Invalid grant_type: ${grant ?? ''}` };
      if (form.get('subject_token') === demoSubjectToken) return issue();
      return { error: 'invalid_grant', error_description: 'The subject token is not one of the pool’s.' };
    },
    stateOf(token) {
      const expiry = expiryOf.get(token);
      if (expiry !== undefined) return expiry > now() ? 'valid' : 'expired';
      return stateOfSelfSigned(readAssertion(token, key), now());
    },
    serviceAccount: (tokenUri) => ({
      type: 'service_account',
      project_id: demoProject,
      private_key_id: keyId,
      private_key: privateKey,
      client_email: clientEmail,
      client_id: '100000000000000000000',
      token_uri: tokenUri,
    }),
  };
}

type Claims = Record<string, unknown>;

/** The claims of a JWT that this key signed with RS256 (RFC 7515); undefined for any other. */
function readAssertion(jwt: string, key: KeyObject): Claims | undefined {
  const [header = '', payload = '', signature = '', ...more] = jwt.split('.');
  const algorithm = decode(header)?.['alg'];
  if (algorithm !== 'RS256' || more.length > 0) return undefined;
  const isSigned = verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  return isSigned ? decode(payload) : undefined;
}

function decode(segment: string): Claims | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
    return isObject(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

const maxLifetimeSeconds = 3600;
const clockSkewSeconds = 300;

function faultOfTimes({ iat, exp }: Claims, nowMs: number): string | undefined {
  const seconds = nowMs / 1000;
  if (typeof iat !== 'number' || typeof exp !== 'number') return 'Invalid JWT: iat and exp must be numbers.';
  if (exp - iat > maxLifetimeSeconds || iat > seconds + clockSkewSeconds) return 'Invalid JWT: Token must be a short-lived token (60 minutes).';
  return exp < seconds ? 'Invalid JWT: Token has expired.' : undefined;
}

function faultOfClaims(claims: Claims, audiences: readonly string[], nowMs: number): string | undefined {
  if (claims['iss'] !== clientEmail) return 'Invalid grant: account not found';
  if (!audiences.includes(String(claims['aud']))) return 'Invalid JWT: Failed audience check.';
  if (!hasCloudScope(claims)) return 'Invalid OAuth scope or ID token audience provided.';
  return faultOfTimes(claims, nowMs);
}

const hasCloudScope = ({ scope }: Claims): boolean => String(scope).split(' ').includes(cloudScope);

/** A service account may sign a token for the API by itself, without the token endpoint (https://google.aip.dev/auth/4111). */
function stateOfSelfSigned(claims: Claims | undefined, nowMs: number): TokenState {
  if (claims?.['iss'] !== clientEmail || claims['sub'] !== clientEmail) return 'unknown';
  const isForUs = hasCloudScope(claims) || /^https:\/\/([\w-]+-)?aiplatform\.googleapis\.com\/$/.test(String(claims['aud']));
  if (!isForUs) return 'unknown';
  return faultOfTimes(claims, nowMs) === undefined ? 'valid' : 'expired';
}
