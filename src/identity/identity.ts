import { hash } from 'node:crypto';
import type { Identity, Tenant } from '../policies/tenant.ts';
import type { Terms } from '../policies/terms.ts';
import { Recent } from './recent.ts';
import type { VirtualKey } from './virtual-key.ts';

/** What a user of a tenant is held to besides the tenant's own terms; undefined for nothing. */
export type UserTerms = (tenant: Tenant, user: string | undefined) => Terms | undefined;

/** Users whose terms are kept; those of others are made again. */
const maxUsers = 10_000;

/** Makes what knows the terms of users: the same object for the same user, as long as it is kept. One for each config. */
export function createUserTerms(): UserTerms {
  const made = new Recent<string, Terms>(maxUsers);
  return ({ name, perUser }, user) => {
    if (perUser === undefined || user === undefined) return undefined;
    const owner = `user:${name}/${user}`;
    const known = made.get(owner);
    if (known !== undefined) return known;
    const terms: Terms = Object.freeze({ owner, limits: perUser.limits, budgets: perUser.budgets });
    made.set(owner, terms);
    return terms;
  };
}

/** Who calls with a virtual key. */
export function keyIdentity(key: VirtualKey, tenant: Tenant, userTerms: UserTerms): Identity {
  const { id, limits, budgets, models, user } = key;
  const ownTerms = limits.length + budgets.length === 0 ? undefined : Object.freeze({ owner: `key:${id}`, limits, budgets });
  return Object.freeze({
    tenant: models === undefined ? tenant : Object.freeze({ ...tenant, models: narrowed(tenant.models, models) }),
    key: key.name,
    keyId: id,
    user,
    terms: joined(tenant.terms, userTerms(tenant, user), ownTerms),
    ownCredential: undefined,
  });
}

/** Who calls without a key; `kind` says how that is known. */
export function callerIdentity(kind: CallerKind, tenant: Tenant, user: string | undefined, userTerms: UserTerms): Identity {
  return Object.freeze({ tenant, key: kind, keyId: kind, user, terms: joined(tenant.terms, userTerms(tenant, user)), ownCredential: undefined });
}

/** How a caller is known who sends no key of ours. */
export type CallerKind = 'jwt' | 'mtls' | 'header';

/** A user's name as it is kept: of letters that go anywhere and of a length that is bounded; another one is known by its hash. Undefined for an empty one. */
export function userNamed(written: string | undefined): string | undefined {
  if (written === undefined || written === '') return undefined;
  return /^[\x21-\x7e]{1,256}$/.test(written) ? written : `sha256:${hash('sha256', written, 'hex')}`;
}

function narrowed(all: ReadonlySet<string> | undefined, own: readonly string[]): ReadonlySet<string> {
  return new Set(all === undefined ? own : own.filter((name) => all.has(name)));
}

function joined(terms: readonly Terms[], ...more: (Terms | undefined)[]): readonly Terms[] {
  const own = more.filter((each) => each !== undefined);
  return own.length === 0 ? terms : [...terms, ...own];
}
