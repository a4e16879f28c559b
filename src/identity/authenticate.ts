import { hash } from 'node:crypto';
import { GatewayError, type ErrorCode } from '../errors.ts';
import type { Identity } from '../policies/tenant.ts';
import { certificateOf, matchCertificate } from './certificates.ts';
import type { Callers, Identities } from './identities.ts';
import type { KnownKey } from './keyring.ts';
import type { Opening } from './opening.ts';
import { ownKeyHeader } from './own-key.ts';
import { sourceOf, type Source } from './source.ts';
import { looksLikeToken } from './tokens.ts';
import type { ClientCertificate } from './xfcc.ts';

/** Headers in which the vendors' SDKs send a key, in the order in which we look. */
const keyHeaders = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

/** Refusals that a caller gets who tries keys. */
const failures: ReadonlySet<ErrorCode> = new Set(['invalid-key', 'invalid-token', 'key-expired', 'key-disabled', 'network-not-allowed']);

/** Longest that an answer is held back together with what was done before, in milliseconds: Envoy waits for 5 s. */
const longestReplyMs = 4000;

/**
 * Who calls: by virtual key, token, certificate or trusted header, in this order. At once, but for a token that must be checked.
 * Throws or rejects with `missing-key`, `invalid-key`, `key-expired`, `key-disabled`, `network-not-allowed`, `invalid-token`, `unknown-caller`,
 * `own-key-refused`, `too-many-failures`, or `gateway-unavailable` where nobody can tell. Whoever fails often is told late.
 */
export function authenticate(opening: Opening, identities: Identities, signal: AbortSignal): Identity | Promise<Identity> {
  const startedAt = identities.now();
  try {
    const found = identify(opening, identities);
    if (!(found instanceof Promise)) return withOwnKey(found, opening);
    return unlessAborted(found, signal)
      .then((identity) => withOwnKey(identity, opening))
      .catch((error: unknown) => refuse(error, opening, identities, startedAt, signal));
  } catch (error) {
    return refuse(error, opening, identities, startedAt, signal);
  }
}

/** The promise's outcome, or a rejection as soon as the caller has gone. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error('The client has hung up.', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Throws the error, or rejects with it later where the source has failed often. */
function refuse(
  error: unknown,
  { attributes }: Opening,
  { failures: counted, onEvent, now }: Identities,
  startedAt: number,
  signal: AbortSignal,
): Promise<never> {
  if (!(error instanceof GatewayError)) throw error;
  const source = failures.has(error.code) ? sourceOf(attributes) : undefined;
  const delayMs = failures.has(error.code) ? counted.count(source) : 0;
  onEvent({ type: 'refused', code: error.code, late: delayMs > 0 });
  if (delayMs === 0) throw error;
  return counted.refuseLate(source, error, Math.min(delayMs, longestReplyMs - (now() - startedAt)), signal);
}

function identify(opening: Opening, { current: callers, keyring, now }: Identities): Identity | Promise<Identity> {
  if (callers === undefined) throw new GatewayError('gateway-unavailable', 'The gateway is only starting. Try again in a moment.');
  const { headers } = opening;
  const source = (): Source | undefined => sourceOf(opening.attributes);
  const key = findKey(headers);
  if (key !== undefined) {
    const keyHash = hash('sha256', key, 'hex');
    const known = keyring.lookUp(keyHash);
    if (known !== undefined) return byKey(known, keyHash, source, now());
    if (looksLikeToken(key) && callers.tokens.areTakenIn(undefined)) return byToken(key, keyHash, undefined, callers, now);
  }
  for (const name of callers.tokens.headers) {
    const token = headers
      .get(name)
      ?.replace(/^bearer /i, '')
      .trim();
    if (token) return byToken(token, hash('sha256', token, 'hex'), name, callers, now);
  }
  if (key === undefined || callers.rules.ignoreUnknownKeys) {
    const certificate = certificateIn(opening, source, callers);
    const caller = (certificate && byCertificate(certificate, callers)) ?? byHeader(headers, source, callers);
    if (caller !== undefined) return caller;
    if (certificate !== undefined) throw unknownCaller('Your certificate is good, but it leads to no tenant');
  }
  if (key !== undefined) throw new GatewayError('invalid-key', 'This virtual key is not known here. Check it, or ask the platform team for one.');
  throw new GatewayError('missing-key', 'Send your virtual key as "Authorization: Bearer KEY" or "x-api-key: KEY".');
}

/** Whether the key may be used now and from there. */
function byKey(known: KnownKey, keyHash: string, source: () => Source | undefined, now: number): Identity {
  const { key, identity } = known;
  const ask = 'Ask the platform team for another one.';
  if (key.removedAt !== undefined) throw new GatewayError('invalid-key', `This virtual key was removed. ${ask}`);
  if (keyHash !== key.hash && (key.previous === undefined || now >= key.previous.until)) {
    throw new GatewayError('key-expired', 'This virtual key was replaced by a newer one, and its time is over. Use the newer one.');
  }
  if (key.expiresAt !== undefined && now >= key.expiresAt) throw new GatewayError('key-expired', `This virtual key has expired. ${ask}`);
  if (key.disabledAt !== undefined) throw new GatewayError('key-disabled', 'This virtual key is disabled. Ask the platform team about it.');
  if (identity === undefined) {
    throw new GatewayError('key-disabled', 'The tenant of this virtual key is not in the config of the gateway. Ask the platform team about it.');
  }
  if (!known.mayComeFrom(source)) {
    throw new GatewayError('network-not-allowed', 'This virtual key may not be used from your network. Call from one that it is for.');
  }
  return identity;
}

function byToken(token: string, tokenHash: string, header: string | undefined, callers: Callers, now: () => number): Identity | Promise<Identity> {
  const known = callers.verified(tokenHash, now());
  if (known !== undefined) return known;
  return callers.tokens.verify(token, header).then(({ tenant, user, expiresAt }) => {
    const identity = tenant === undefined ? undefined : callers.caller('jwt', tenant, user);
    if (identity === undefined) throw unknownCaller('Your token is good, but it leads to no tenant');
    callers.keepVerified(tokenHash, identity, expiresAt, now());
    return identity;
  });
}

/** The caller's certificate; undefined too where the config says nothing of certificates. */
const certificateIn = (opening: Opening, source: () => Source | undefined, { rules, isTrustedProxy }: Callers): ClientCertificate | undefined =>
  rules.certificates.length === 0 ? undefined : certificateOf(opening, source, isTrustedProxy);

function byCertificate(certificate: ClientCertificate, callers: Callers): Identity | undefined {
  const match = matchCertificate(certificate, callers.rules.certificates);
  return match && callers.caller('mtls', match.tenant, match.name);
}

function byHeader(headers: Opening['headers'], source: () => Source | undefined, callers: Callers): Identity | undefined {
  const { header } = callers.rules;
  const name = header && headers.get(header.name)?.trim();
  if (header === undefined || name === undefined || name === '' || !callers.isTrustedHeaderSource(source())) return undefined;
  const identity = callers.caller('header', name, header.user === undefined ? undefined : headers.get(header.user)?.trim());
  if (identity === undefined) throw unknownCaller(`The header ${header.name} names no tenant of the config`);
  return identity;
}

const unknownCaller = (what: string): GatewayError => new GatewayError('unknown-caller', `${what}. Ask the platform team to add one.`);

/** The caller with the provider's key that it has brought, where its tenant lets it. */
function withOwnKey(identity: Identity, { headers }: Opening): Identity {
  const ownCredential = headers.get(ownKeyHeader);
  if (ownCredential === undefined) return identity;
  if (!identity.tenant.ownKeys) {
    throw new GatewayError('own-key-refused', `Your tenant may not bring keys of its own for providers. Leave ${ownKeyHeader} out.`);
  }
  if (!/^[\x21-\x7e]{1,4096}$/.test(ownCredential)) {
    throw new GatewayError('own-key-refused', `What ${ownKeyHeader} holds is no key: it is empty, too long, or has a space in it.`);
  }
  return { ...identity, ownCredential };
}

function findKey(headers: ReadonlyMap<string, string>): string | undefined {
  for (const name of keyHeaders) {
    const value = headers.get(name)?.trim();
    if (value === undefined || value === '') continue;
    if (name !== 'authorization') return value;
    const bearer = /^bearer +(\S+)$/i.exec(value);
    if (bearer !== null) return bearer[1];
  }
  return undefined;
}
