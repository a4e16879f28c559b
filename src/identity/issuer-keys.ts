import { createLocalJWKSet, errors, type JWTVerifyGetKey, type LocalJWKSet } from 'jose';
import { GatewayError } from '../errors.ts';
import { discoverKeys } from './discovery.ts';
import { downloader } from './download.ts';
import { readJwkSet, type JwkSet } from './jwk-set.ts';

/** Age from which on keys are fetched again while those at hand go on being used, in milliseconds. */
const freshMs = 600_000;
/** Age at which keys that could not be fetched again are no longer used. */
const longestUseMs = 86_400_000;
/** Least time between two looks for a key that the issuer did not have. */
const unknownKeyPauseMs = 30_000;
/** Least time between two calls to an issuer that does not answer. */
const failedPauseMs = 5000;

export interface IssuerKeysOptions {
  /** Where they are published; for `discovery`, the document of that issuer says it each time they are fetched. */
  url: URL;
  discovery?: { issuer: string } | undefined;
  fetch: typeof globalThis.fetch;
  now: () => number;
  /** Longest time for fetching them, in milliseconds: below what Envoy waits for our reply. */
  timeoutMs: number;
  onEvent: (event: IssuerEvent) => void;
}

/** What becomes of an issuer: told once when it fails, and once when it is back. */
export type IssuerEvent = { type: 'issuer-unreachable'; url: string; error: unknown } | { type: 'issuer-back'; url: string };

/**
 * The public keys that an issuer publishes (a JWK set at a URL, or where its discovery document says), kept and renewed. A key that is not among them is looked for again, but seldom, so that
 * wrong tokens make no load for the issuer. While it does not answer, the last keys are used, for a day at most.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: LocalJWKSet | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #fetching: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** The key of a token, as `jwtVerify` asks for it. Rejects with `gateway-unavailable` where the issuer would have to be asked and does not answer, with JWKSNoMatchingKey where it has no such key. */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    const { now } = this.#options;
    const age = now() - this.#fetchedAt;
    if (this.#keys === undefined || age > longestUseMs) await this.#renew();
    else if (age > freshMs) this.#renew().catch(() => {}); // told by onEvent
    try {
      return await this.#current()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (now() - this.#fetchedAt < unknownKeyPauseMs) throw error;
      await this.#renew();
      return this.#current()(header, token);
    }
  };

  #current(): LocalJWKSet {
    if (this.#keys === undefined) throw this.#unreachable();
    return this.#keys;
  }

  #renew(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#isFailing && this.#options.now() - this.#failedAt < failedPauseMs) return Promise.reject(this.#unreachable());
    this.#fetching = this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, now, onEvent } = this.#options;
    try {
      this.#keys = resolver(await this.#download());
      this.#fetchedAt = now();
      if (this.#isFailing) onEvent({ type: 'issuer-back', url: url.href });
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) onEvent({ type: 'issuer-unreachable', url: url.href, error });
      this.#isFailing = true;
      this.#failedAt = now();
      throw this.#unreachable(error);
    }
  }

  async #download(): Promise<string> {
    const { url, discovery, fetch, timeoutMs } = this.#options;
    const download = downloader(fetch, AbortSignal.timeout(timeoutMs));
    return download(discovery === undefined ? url : await discoverKeys(discovery.issuer, url, download));
  }

  #unreachable(cause?: unknown): GatewayError {
    const message = 'The keys of the issuer of this token cannot be had now, so it cannot be checked. Try again later.';
    return new GatewayError('gateway-unavailable', message, { retryAfterSeconds: Math.ceil(failedPauseMs / 1000), cause });
  }
}

/** What finds a token's key in a set. */
export const keyResolver = ({ keys }: JwkSet): LocalJWKSet => createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) });

function resolver(text: string): LocalJWKSet {
  const set = readJwkSet(text);
  if (set === undefined) throw new Error('it sent no JWK set');
  return keyResolver(set);
}
