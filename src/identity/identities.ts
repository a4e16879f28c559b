import type { JWTVerifyGetKey } from 'jose';
import type { Identity, Tenant } from '../policies/tenant.ts';
import type { ErrorCode } from '../errors.ts';
import { discoveryUrl } from './discovery.ts';
import { Failures, type After } from './failures.ts';
import { callerIdentity, createUserTerms, userNamed, type CallerKind, type UserTerms } from './identity.ts';
import { IssuerKeys, type IssuerEvent, type IssuerKeysOptions } from './issuer-keys.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { Recent } from './recent.ts';
import type { IdentityRules, TokenIssuer } from './rules.ts';
import { toNetworks, type Networks } from './source.ts';
import { Tokens, type TokensOptions } from './tokens.ts';
import type { VirtualKey } from './virtual-key.ts';

/** What of a config says who may call. */
export interface IdentityConfig {
  tenants: ReadonlyMap<string, Tenant>;
  keys: readonly VirtualKey[];
  identity: IdentityRules;
}

/** All that callers are known by. One for each process: keys of issuers and failed attempts outlive configs. */
export interface Identities {
  /** Puts another config in force, between two requests. */
  use(config: IdentityConfig): void;
  readonly keyring: Keyring;
  readonly failures: Failures;
  /** Undefined before the first `use`. */
  readonly current: Callers | undefined;
  readonly onEvent: (event: IdentityEvent) => void;
  readonly now: () => number;
}

/** What is told of callers and of those who vouch for them. */
export type IdentityEvent =
  /** A caller was refused; `late` says that the answer was held back. For counting: there may be many. */
  | { type: 'refused'; code: ErrorCode; late: boolean }
  /** Keys of the store name a tenant that the config does not have, so they are refused. Told once for each. */
  | { type: 'tenant-missing'; tenant: string; keys: number }
  | IssuerEvent;

export interface IdentitiesOptions {
  /** Milliseconds since 1970. */
  now: () => number;
  fetch: typeof globalThis.fetch;
  onEvent: (event: IdentityEvent) => void;
  /** Node's timers where absent. */
  after?: After;
}

/** Longest call to an issuer, in milliseconds: Envoy waits for 5 s for our reply. */
const issuerTimeoutMs = 3000;

/** Makes what knows callers; nobody before `use`. */
export function createIdentities({ now, fetch, onEvent, after = timer }: IdentitiesOptions): Identities {
  const keyring = createKeyring({ onMissingTenant: (tenant, keys) => onEvent({ type: 'tenant-missing', tenant, keys }) });
  let issuerKeys = new Map<string, IssuerKeys>();
  let current: Callers | undefined;
  return {
    use(config) {
      const kept = new Map<string, IssuerKeys>();
      const publishedBy = (issuer: TokenIssuer): JWTVerifyGetKey => {
        const source = sourceOf(issuer);
        const name = `${source.discovery?.issuer ?? ''} ${source.url.href}`;
        const keys = kept.get(name) ?? issuerKeys.get(name) ?? new IssuerKeys({ ...source, fetch, now, timeoutMs: issuerTimeoutMs, onEvent });
        kept.set(name, keys);
        return keys.get;
      };
      const callers = new Callers(config, { publishedBy, now });
      keyring.useConfig({ ...config, userTerms: callers.userTerms });
      issuerKeys = kept;
      current = callers;
    },
    keyring,
    failures: new Failures({ now, after }),
    get current() {
      return current;
    },
    onEvent,
    now,
  };
}

/** Where the keys of an issuer are published that are not in the config. */
function sourceOf({ issuer, jwks }: TokenIssuer): Pick<IssuerKeysOptions, 'url' | 'discovery'> {
  if (jwks instanceof URL) return { url: jwks };
  const url = discoveryUrl(issuer);
  if (url === undefined) throw new Error('a config with an issuer whose keys cannot be found was not checked');
  return { url, discovery: { issuer } };
}

function timer(ms: number, run: () => void): () => void {
  const timeout = setTimeout(run, ms);
  return () => clearTimeout(timeout);
}

/** Most callers without a key whose identities are kept, and most verified tokens. */
const maxKept = 10_000;
/** Longest time that a token is not looked at again, in milliseconds. */
const longestTrustMs = 60_000;

/** How one config knows callers. */
export class Callers {
  readonly rules: IdentityRules;
  readonly userTerms: UserTerms;
  readonly tokens: Tokens;
  readonly isTrustedProxy: Networks;
  readonly isTrustedHeaderSource: Networks;
  readonly #tenants: ReadonlyMap<string, Tenant>;
  readonly #made = new Recent<string, Identity>(maxKept);
  readonly #verified = new Recent<string, { identity: Identity; until: number }>(maxKept);

  constructor({ tenants, identity }: IdentityConfig, { publishedBy, now }: Pick<TokensOptions, 'publishedBy' | 'now'>) {
    this.#tenants = tenants;
    this.rules = identity;
    this.userTerms = createUserTerms();
    this.tokens = new Tokens({ issuers: identity.issuers, publishedBy, isTenant: (name) => tenants.has(name), now });
    this.isTrustedProxy = toNetworks(identity.forwardedFrom);
    this.isTrustedHeaderSource = toNetworks(identity.header?.from ?? []);
  }

  /** Who calls as a user of a tenant, without a key; undefined where there is no such tenant. The same object for the same caller, as long as it is kept. */
  caller(kind: CallerKind, tenantName: string, writtenUser: string | undefined): Identity | undefined {
    const tenant = this.#tenants.get(tenantName);
    if (tenant === undefined) return undefined;
    const user = userNamed(writtenUser);
    const name = `${kind} ${tenantName} ${user ?? ''}`;
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const identity = callerIdentity(kind, tenant, user, this.userTerms);
    this.#made.set(name, identity);
    return identity;
  }

  /** Who a token is known to speak for, by its SHA-256; undefined where it must be checked. */
  verified(tokenHash: string, now: number): Identity | undefined {
    const known = this.#verified.get(tokenHash);
    if (known === undefined || known.until > now) return known?.identity;
    this.#verified.delete(tokenHash);
    return undefined;
  }

  /** Takes note of a token that is good until then (milliseconds since 1970). */
  keepVerified(tokenHash: string, identity: Identity, expiresAt: number, now: number): void {
    this.#verified.set(tokenHash, { identity, until: Math.min(expiresAt, now + longestTrustMs) });
  }
}
